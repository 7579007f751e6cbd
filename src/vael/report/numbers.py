"""How a report writes numbers."""

from __future__ import annotations

import math
from numbers import Integral, Real

from vael.report.blocks import Cell, Measured

__all__ = ["format_cell", "is_number"]


def format_cell(value: Cell, digits: int | None = None) -> str:
    """Write a value: text and whole numbers as given, floats with `digits` decimals.

    None is an en dash; a negative float has a true minus sign; NaN and infinity are named as such.
    """
    if value is None:
        return "–"
    if isinstance(value, Measured):
        return f"{format_cell(value.mean, digits)} ± {format_cell(value.spread, digits)}"
    if isinstance(value, Real) and not isinstance(value, Integral):
        return _format_float(float(value), digits)
    return str(value)


def is_number(value: Cell) -> bool:
    """Whether a value is set in a column of numbers."""
    return not isinstance(value, str) and value is not None


def _format_float(value: float, digits: int | None) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value:.{digits}f}" if digits is not None else repr(value)
    return text.replace("-", "−")
