"""The check of a covariance, by its Cholesky factor."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vael.errors import InputError

__all__ = ["cholesky"]


def cholesky(
    covariance: ArrayLike | float | int, dimension: int, what: str = "covariance"
) -> NDArray[np.float64]:
    """The lower L with L L^T = covariance, ``(dimension, dimension)``; raises unless it is one.

    A single number is the variance of one dimension. Errors name the smallest eigenvalue.
    """
    matrix = np.asarray(covariance, dtype=np.float64)
    if matrix.ndim == 0:
        matrix = matrix.reshape(1, 1)
    if matrix.shape != (dimension, dimension):
        raise InputError(f"the {what} must be of shape {(dimension, dimension)}, got {matrix.shape}")
    if not np.isfinite(matrix).all():
        raise InputError(f"the {what} must be finite, got {matrix[~np.isfinite(matrix)][0]}")
    gap = float(abs(matrix - matrix.T).max())
    if gap > 1e-10 * float(abs(matrix).max()):
        raise InputError(f"the {what} must be symmetric, got entries that differ by {gap:.6g}")
    try:
        return np.asarray(np.linalg.cholesky((matrix + matrix.T) / 2), dtype=np.float64)
    except np.linalg.LinAlgError:
        least = float(np.linalg.eigvalsh(matrix)[0])
        raise InputError(
            f"the {what} must be positive definite, its smallest eigenvalue is {least:.6g}"
        ) from None
