"""Labels of points: classes with names, or values for a colour bar."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vael.errors import InputError

__all__ = ["Classes", "Values", "read_labels"]

MOST_CLASSES = 30
"""Ten colours times three markers: more classes than this cannot be told apart."""


@dataclass(frozen=True)
class Classes:
    """Class names, and for each point the index of its name."""

    names: tuple[str, ...]
    codes: np.ndarray


@dataclass(frozen=True)
class Values:
    """A number for each point."""

    values: np.ndarray


def read_labels(y: np.ndarray, points: int) -> Classes | Values:
    """Tell classes from values.

    Strings and booleans are classes, and so are numbers that are whole and take at most thirty
    different values; other numbers are values. Of more than thirty named classes the twenty-nine
    commonest keep their names and the rest become "other".
    """
    y = np.asarray(y)
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.shape != (points,):
        raise InputError(
            f"y has shape {y.shape} but there are {points} points: give one label for each point"
        )
    if y.dtype.kind == "f" and np.isnan(y).any():
        raise InputError(
            f"y has no label (NaN) at row {int(np.argmax(np.isnan(y)))}: drop the row or label it"
        )
    if y.dtype.kind in "iuf":
        whole = y.dtype.kind != "f" or bool((y == np.round(y)).all())
        found, codes = np.unique(y, return_inverse=True)
        if not whole or len(found) > MOST_CLASSES:
            return Values(y.astype(np.float64))
        return Classes(tuple(str(int(value)) for value in found), codes)
    found, codes = np.unique(y.astype(str), return_inverse=True)
    if len(found) <= MOST_CLASSES:
        return Classes(tuple(map(str, found)), codes)
    commonest = np.sort(np.argsort(-np.bincount(codes), kind="stable")[: MOST_CLASSES - 1])
    place = np.full(len(found), MOST_CLASSES - 1)
    place[commonest] = np.arange(len(commonest))
    other = f"other ({len(found) - len(commonest)} classes)"
    return Classes((*map(str, found[commonest]), other), place[codes])
