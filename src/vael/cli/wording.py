"""The library names parameters; a person at the command line typed options."""

from __future__ import annotations

import re
from dataclasses import fields

from vael.cli.options import FitOptions

__all__ = ["as_options"]

_NAMES = (*(f.name for f in fields(FitOptions)), "image_shape", "label")
_GIVEN = re.compile(rf"(?<![\w/.-])({'|'.join(_NAMES)})=(?:'([^']*)'|([^\s,:;]+))")
_NAMED = re.compile(rf"(?<![\w/.-])({'|'.join(n for n in _NAMES if '_' in n)})(?![\w/=-])")


def as_options(text: str) -> str:
    """Write parameters as options: ``likelihood='gaussian'`` is ``--likelihood gaussian``."""
    given = _GIVEN.sub(lambda found: f"{_option(found[1])} {found[2] or found[3]}", text)
    return _NAMED.sub(lambda found: _option(found[1]), given)


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
