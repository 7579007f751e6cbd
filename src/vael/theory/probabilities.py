"""What finite probabilities share: the checks at the door, and how they are printed."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from fractions import Fraction
from numbers import Integral, Rational, Real
from typing import Any

from vael.errors import InputError

__all__ = ["Probability", "as_number", "checked_probabilities", "text_table", "written"]

Probability = Fraction | float
"""Exact, or float64."""

_TOLERANCE = 1e-8
_ROWS = 24


def as_number(value: Any, what: str = "probability") -> Any:
    """An exact number as a Fraction, a real one as a float; anything else than a number as it is."""
    if isinstance(value, Rational):
        return Fraction(int(value.numerator), int(value.denominator))
    if isinstance(value, Integral):
        return Fraction(int(value))
    if isinstance(value, Real):
        if math.isnan(value):
            raise InputError(f"a {what} is NaN")
        return float(value)
    return value


def checked_probabilities(names: Sequence[Hashable], values: Iterable[Any]) -> tuple[Probability, ...]:
    """The probabilities of the named outcomes: all Fraction or all float, none negative, sum 1."""
    numbers = [as_number(value) for value in values]
    if len(numbers) != len(names):
        raise InputError(f"{len(names)} outcomes need as many probabilities, got {len(numbers)}")
    if not numbers:
        raise InputError("a sample space needs at least one outcome, got none")
    for name, number in zip(names, numbers):
        if not isinstance(number, Fraction | float):
            raise InputError(f"the probability of {name!r} must be a number, got {number!r}")
        if number < 0:
            raise InputError(f"probabilities cannot be negative, got {number} for {name!r}")
    if all(isinstance(number, Fraction) for number in numbers):
        total: Probability = sum(numbers, Fraction(0))
        if total != 1:
            raise InputError(f"probabilities must sum to 1, got {total}")
        return tuple(numbers)
    numbers = [float(number) for number in numbers]
    total = math.fsum(numbers)
    if not abs(total - 1) <= _TOLERANCE:
        raise InputError(f"probabilities must sum to 1, got {total:.12g}")
    return tuple(numbers)


def written(probability: Any) -> str:
    """A probability as it is printed: 1/6, or six digits."""
    return str(probability) if isinstance(probability, Fraction) else f"{probability:.6g}"


def text_table(title: str, rows: Sequence[Sequence[str]]) -> str:
    """Rows below a title, in columns; long ones are cut in the middle."""
    shown = list(rows)
    if len(shown) > _ROWS:
        half = _ROWS // 2
        gap = f"... {len(shown) - 2 * half} more"
        shown = [*shown[:half], [gap], *shown[-half:]]
    widths = [max(len(row[i]) for row in shown if i < len(row)) for i in range(max(map(len, shown)))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in shown]
    return "\n".join([title, *(f"  {line}" for line in lines)])
