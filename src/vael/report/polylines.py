"""Lines among the points of a cloud, in groups that the reader shows and hides."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vael.errors import InputError

__all__ = ["Polylines"]


@dataclass(frozen=True)
class Polylines:
    """Lines in three dimensions under one name in the legend.

    Parameters
    ----------
    name : str
    lines : sequence of arrays of shape (points, 3)
        At least one line, of two finite points or more each.
    colour : (light, dark) pair of "#rrggbb", optional
        None: the colour of the page's text.
    dashed : bool

    Raises
    ------
    InputError
        Where a shape is another, or a number is not finite.
    """

    name: str
    lines: Sequence[NDArray[Any]]
    colour: tuple[str, str] | None = None
    dashed: bool = False

    def __post_init__(self) -> None:
        if not self.lines:
            raise InputError(f"lines {self.name!r}: give one line or more")
        for index, line in enumerate(self.lines):
            if line.ndim != 2 or line.shape[1] != 3 or len(line) < 2:
                raise InputError(
                    f"lines {self.name!r}: line {index} must have shape (points, 3) with two points or more, "
                    f"got {line.shape}"
                )
            if not np.isfinite(line).all():
                raise InputError(f"lines {self.name!r}: line {index} is not finite")
        if self.colour is not None and not all(re.fullmatch(r"#[0-9a-fA-F]{6}", one) for one in self.colour):
            raise InputError(f"lines {self.name!r}: the colours must read #rrggbb, got {self.colour!r}")
