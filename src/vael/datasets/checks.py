"""What an array must be before any work starts, and what is said when it is not.

The sentences carry the words that scikit-learn's ``check_estimator`` looks for, so that readers
of files and estimators can share them.
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np

from vael.datasets.frames import as_frame, frame_values
from vael.errors import InputError

__all__ = ["NotNumbersError", "check_array", "check_labels", "first_non_finite"]

_BLOCK = 1 << 22  # values looked at together: bounds the memory of a check
_RANKS = {1: "(rows,)", 2: "(rows, features)", 3: "(rows, H, W)", 4: "(rows, H, W, C)"}


class NotNumbersError(InputError, TypeError):
    """A cell of a kind that no number can be made of; a ``TypeError`` for scikit-learn."""


def check_array(
    X: Any,
    *,
    name: str = "X",
    ranks: Sequence[int] = (2,),
    columns: Sequence[str] | None = None,
    min_rows: int = 1,
) -> np.ndarray:
    """``X`` as a finite, C-contiguous array of real numbers, in its own dtype where it has one.

    Takes arrays, nested lists and frames; ``ranks`` are the numbers of axes allowed, ``columns``
    names the features in errors (a frame names its own). Booleans stay booleans, objects become
    float64, and the byte order becomes the machine's.

    Raises ``InputError``: not numbers, complex, sparse, of the wrong rank, empty, fewer than
    ``min_rows`` rows, ragged, or NaN or infinity, whose row and column it names (from 0).
    """
    if hasattr(X, "toarray"):
        raise NotNumbersError(f"{name} is a sparse matrix: give a dense one, {name}.toarray()")
    frame = as_frame(X)
    if frame is not None:
        columns = [str(column) for column in frame.columns]
    if np.ma.is_masked(X):
        raise InputError(f"{name} contains masked (missing) values: fill them or drop their rows first")
    values = X if frame is None else frame_values(frame, name=name)
    array = _numbers(_as_array(values, name), name, columns)
    _check_rank(array, name, ranks)
    _check_size(array, name, min_rows)
    array = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("="))
    bad = first_non_finite(array)
    if bad is not None:
        what = "NaN (a missing value)" if np.isnan(array[bad]) else "infinity (inf)"
        raise InputError(
            f"{name} contains {what} at {_place(bad, columns)}, rows counted from 0: "
            "fill such cells or drop their rows first"
        )
    return array


def check_labels(y: Any, rows: int, *, name: str = "y") -> np.ndarray:
    """Labels as a (rows,) array: int64, float64 where they are fractions, or strings.

    Raises ``InputError`` when there is not exactly one label for each row, or one is missing.
    """
    array = np.asarray(y)
    if array.ndim != 1:
        raise InputError(f"{name} must have one axis (rows,), got shape {array.shape}")
    if len(array) != rows:
        raise InputError(
            f"{name} has {len(array)} labels, but there are {rows} rows: give one for each row "
            "(-1 marks a row without label)"
        )
    if array.dtype.kind == "O":
        array = _plain_labels(array, name)
    if array.dtype.kind in "US":
        return array.astype(str)
    if array.dtype.kind not in "biuf":
        raise InputError(f"Unknown label type: {name} holds {array.dtype}, not numbers or strings")
    bad = first_non_finite(array)
    if bad is not None:
        raise InputError(f"{name} contains NaN or infinity at row {bad[0]}: -1 marks no label")
    whole = array.dtype.kind in "biu" or bool(np.all(array == np.floor(array)))
    return array.astype(np.int64 if whole else np.float64)


def first_non_finite(array: np.ndarray) -> tuple[int, ...] | None:
    """Index of the first NaN or infinity, in C order, or None."""
    if array.dtype.kind != "f" or array.size == 0:
        return None
    flat = array.reshape(-1)
    for start in range(0, flat.size, _BLOCK):
        finite = np.isfinite(flat[start : start + _BLOCK])
        if not finite.all():
            index = np.unravel_index(start + int(np.argmin(finite)), array.shape)
            return tuple(int(axis) for axis in index)
    return None


def _as_array(X: Any, name: str) -> np.ndarray:
    if isinstance(X, np.ndarray):
        return np.asarray(X)
    try:
        return np.asarray(X)
    except ValueError as error:  # numpy's word for rows of several lengths
        raise InputError(f"{name} has rows of different lengths or shapes ({error})") from error


def _numbers(array: np.ndarray, name: str, columns: Sequence[str] | None) -> np.ndarray:
    kind = array.dtype.kind
    if kind == "c" or (kind == "O" and any(isinstance(v, complex) for v in array.flat)):
        raise InputError(f"Complex data not supported: {name} is {array.dtype}, give real numbers")
    if kind in "US":
        first = array.flat[0] if array.size else ""
        raise InputError(f"{name} holds strings (the first is {str(first)!r}): convert them to numbers first")
    if kind == "O":
        return _from_objects(array, name, columns)
    if kind not in "biuf":
        raise NotNumbersError(f"{name} holds {array.dtype}, not numbers")
    return array


def _from_objects(array: np.ndarray, name: str, columns: Sequence[str] | None) -> np.ndarray:
    if array.ndim == 0 and not isinstance(array[()], Real | None):
        raise NotNumbersError(f"{name} is a {type(array[()]).__name__}, not an array or a frame of numbers")
    if all(issubclass(kind, Real | np.bool_) for kind in {type(cell) for cell in array.flat}):
        return array.astype(np.float64)
    values = np.empty(array.shape, np.float64)
    for index in np.ndindex(*array.shape):
        cell: Any = array[index]
        if isinstance(cell, str | bytes):
            raise InputError(
                f"{name} holds the string {cell!r} at {_place(index, columns)}: "
                "convert strings to numbers first"
            )
        try:
            values[index] = np.nan if cell is None else cell
        except (TypeError, ValueError) as error:
            raise NotNumbersError(
                f"{name} holds a {type(cell).__name__} at {_place(index, columns)}: {error}"
            ) from error
    return values


def _check_rank(array: np.ndarray, name: str, ranks: Sequence[int]) -> None:
    if array.ndim in ranks:
        return
    allowed = " or ".join(_RANKS.get(rank, f"{rank} axes") for rank in ranks)
    advice = (
        f"Reshape your data: {name}.reshape(-1, 1) if it is one feature, "
        f"{name}.reshape(1, -1) if it is one row"
        if array.ndim < 2
        else "Reshape your data"
    )
    raise InputError(f"{name} has shape {array.shape}, but must be {allowed}. {advice}")


def _check_size(array: np.ndarray, name: str, min_rows: int) -> None:
    rows = array.shape[0]
    if rows == 0:
        raise InputError(
            f"{name} is empty: 0 sample(s) (shape={array.shape}) while a minimum of "
            f"{max(min_rows, 1)} is required."
        )
    if array.size == 0:
        shape = (rows, 0) if array.ndim == 2 else array.shape
        raise InputError(f"{name} is empty: 0 feature(s) (shape={shape}) while a minimum of 1 is required.")
    if rows < min_rows:
        raise InputError(
            f"{name} has {rows} sample(s) (n_samples={rows}, shape={array.shape}) while a minimum "
            f"of {min_rows} is required."
        )


def _place(index: tuple[int, ...], columns: Sequence[str] | None) -> str:
    if len(index) == 1:
        return f"row {index[0]}"
    if len(index) == 2:
        named = f" ({columns[index[1]]!r})" if columns else ""
        return f"row {index[0]}, column {index[1]}{named}"
    return f"row {index[0]}, pixel {index[1:]}"


def _plain_labels(array: np.ndarray, name: str) -> np.ndarray:
    if all(isinstance(label, str) for label in array):
        return array.astype(str)
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"Unknown label type: {name} mixes labels of several kinds, or some are missing"
        ) from error
