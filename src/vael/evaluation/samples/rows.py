"""Rows to compare: flattened, of one width, drawn to one size."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from vael.datasets.checks import check_array
from vael.errors import InputError

__all__ = ["as_rows", "check_width", "draw_rows"]


def as_rows(X: ArrayLike, name: str, *, min_rows: int = 1) -> np.ndarray:
    """Finite rows of shape (n, features) in their own dtype; axes after the first are flattened."""
    values = check_array(X, name=name, ranks=(2, 3, 4), min_rows=min_rows)
    values = values.reshape(len(values), -1)
    return values.view(np.uint8) if values.dtype == np.bool_ else values


def check_width(X: np.ndarray, Y: np.ndarray, name_x: str, name_y: str) -> None:
    """Raise unless rows have as many features."""
    if X.shape[1] != Y.shape[1]:
        raise InputError(
            f"{name_x} has {X.shape[1]} features a row and {name_y} has {Y.shape[1]}: give the same features"
        )


def draw_rows(rows: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """Indices of `count` of the rows without replacement, in random order."""
    return rng.permutation(rows)[:count]
