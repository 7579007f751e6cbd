"""Bad input stops at the door: arrays checked once, with an error that names the value."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from vael.errors import InputError
from vael.theory.covariances import cholesky

__all__ = ["Numbers", "at_least", "covariance", "finite", "positive", "vector"]

Numbers = ArrayLike | int | float


def finite(values: Numbers, name: str) -> Float[np.ndarray, "*shape"]:
    """As an array of float64 without NaN or infinity."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{name} must be numbers, got {values!r}") from None
    if not np.isfinite(array).all():
        where = tuple(map(int, np.argwhere(~np.isfinite(array))[0]))
        place = f" at {where[0] if len(where) == 1 else where}" if where else ""
        raise InputError(f"{name} must be finite, got {array[where]}{place}")
    return array


def vector(values: Numbers, name: str, length: int | None = None) -> Float[np.ndarray, " d"]:
    """As a vector, where a number is a vector of one, of `length` if that is given."""
    array = np.atleast_1d(finite(values, name))
    if array.ndim != 1 or array.size == 0 or length not in (None, array.size):
        wanted = "a vector" if length is None else f"a vector of {length}"
        raise InputError(f"{name} must be {wanted}, got shape {array.shape}")
    return array


def positive(values: Numbers, name: str, length: int | None = None) -> Float[np.ndarray, " d"]:
    """As a vector of positive numbers."""
    array = vector(values, name, length)
    if (array <= 0).any():
        where = int(np.flatnonzero(array <= 0)[0])
        raise InputError(f"{name} must be > 0, got {array[where]} at {where}")
    return array


def covariance(values: Numbers, name: str, length: int) -> Float[np.ndarray, "d d"]:
    """As a symmetric positive definite matrix of `length` rows."""
    array = np.atleast_2d(finite(values, name))
    cholesky(array, length, name)
    return array


def at_least(value: int, smallest: int, name: str) -> int:
    """A count that is not too small."""
    if value < smallest:
        raise InputError(f"{name} must be >= {smallest}, got {value}")
    return value
