"""Means over repeated measurements, with standard errors."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

__all__ = ["crossed_standard_error", "standard_error"]


def standard_error(values: Float[np.ndarray, " n"]) -> float | None:
    """Standard error of the mean of independent values; None for one."""
    n = len(values)
    return float(np.std(values, ddof=1) / np.sqrt(n)) if n > 1 else None


def crossed_standard_error(values: Float[np.ndarray, "fits draws"]) -> float | None:
    """Standard error of the mean of a table whose rows share one source of chance, its columns another.

    The variances that rows and columns each give to the mean, from their own means, are added. What neither
    explains is so counted twice: the error is a little too large, and not too small in the mean. A
    source seen once is left out; None where both are.
    """
    by_row, by_column = standard_error(values.mean(axis=1)), standard_error(values.mean(axis=0))
    if by_row is None or by_column is None:
        return by_column if by_row is None else by_row
    return float(np.hypot(by_row, by_column))
