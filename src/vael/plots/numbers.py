"""Numbers beside pictures: errors of rows, and how numbers are written."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

__all__ = ["root_mean_square", "same_digits", "signed"]


def root_mean_square(difference: np.ndarray) -> np.ndarray:
    """Give the root of the mean square of each row (n, features), in the data's unit."""
    return np.sqrt((difference.astype(np.float64) ** 2).mean(axis=1))


def same_digits(values: Sequence[float] | np.ndarray) -> list[str]:
    """Write values with the same number of decimals, three digits for the largest."""
    largest = max((abs(float(v)) for v in values), default=0.0)
    decimals = 2 if largest == 0 else min(max(0, 2 - math.floor(math.log10(largest))), 6)
    return [signed(float(v), decimals) for v in values]


def signed(value: float, decimals: int) -> str:
    """Write a number with a true minus sign, as matplotlib's ticks do, and no negative zero."""
    return f"{round(value, decimals) + 0.0:.{decimals}f}".replace("-", "\N{MINUS SIGN}")
