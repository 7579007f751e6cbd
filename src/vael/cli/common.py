"""What every command has: `--json`, `--quiet`, `--debug`, and a voice that keeps stdout for results."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Group, Parameter

__all__ = ["COMMON", "OUTPUT", "Common", "plain"]

OUTPUT = Group("Output", sort_key=90)
_SWITCH = Parameter(negative=(), group=OUTPUT, show_default=False)


@Parameter(name="*")
@dataclass(frozen=True)
class Common:
    """How a command speaks: results on stdout, everything else on stderr."""

    json: Annotated[bool, _SWITCH] = False
    """Print the result as JSON, for machines."""
    quiet: Annotated[bool, _SWITCH] = False
    """Show no progress."""
    debug: Annotated[bool, _SWITCH] = False
    """Show tracebacks and every warning."""

    def stage(self, text: str) -> None:
        """Tell how far the work is."""
        if not self.quiet:
            print(text, file=sys.stderr, flush=True)

    def result(self, value: Mapping[str, Any], text: str) -> None:
        """Print what came of it: `value` as JSON, or else `text`."""
        print(json.dumps(plain(value), indent=2, allow_nan=False) if self.json else text)


COMMON = Common()


def plain(value: Any) -> Any:
    """A value as JSON has it: paths as text, tuples as lists, what is not finite as null."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "tolist"):  # numpy's scalars and arrays
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
