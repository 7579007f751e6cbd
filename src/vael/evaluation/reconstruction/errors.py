"""How far reconstructions are from their rows, in the data's units."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from vael.errors import InputError
from vael.evaluation.tables import text_table

__all__ = ["ReconstructionError", "checked_pair", "reconstruction_error"]

CHUNK = 1024  # rows in float64 at once
CONSTANT = "the rows are all the same, so there is no variance to explain"


@dataclass(frozen=True, eq=False)
class ReconstructionError:
    """Errors of reconstructions, averaged over features first, then over rows.

    Attributes
    ----------
    squared : mean squared error of each row, shape (n,), in the square of the unit
    absolute : mean absolute error of each row, shape (n,), in the unit
    explained : share of the rows' variance about `mean_row` that the reconstructions explain, all features
        together: 1 is perfect, 0 no better than the mean row, below 0 worse; None where nothing varies
    unit : of a value
    features : values a row
    why : why `explained` is not defined
    """

    squared: np.ndarray
    absolute: np.ndarray
    explained: float | None
    unit: str
    features: int
    why: str | None = None

    @property
    def mse(self) -> float:
        """Mean squared error, in the square of the unit."""
        return float(self.squared.mean())

    @property
    def rmse(self) -> float:
        """Root of the mean squared error over all values, in the unit."""
        return math.sqrt(self.mse)

    @property
    def mae(self) -> float:
        """Mean absolute error, in the unit."""
        return float(self.absolute.mean())

    def to_dict(self) -> dict[str, Any]:
        """Means over rows with standard errors, in types that `json.dumps` takes."""
        return {
            "mse": self.mse,
            "mse_standard_error": _standard_error(self.squared),
            "rmse": self.rmse,
            "mae": self.mae,
            "mae_standard_error": _standard_error(self.absolute),
            "explained": self.explained,
            "unit": self.unit,
            "rows": len(self.squared),
            "features": self.features,
            "why": self.why,
        }

    def __str__(self) -> str:
        """Text: a table of one row."""
        share = "not defined" if self.explained is None else f"{100 * self.explained:.2f} %"
        errors = [f"{value:.6g}" for value in (self.mse, self.rmse, self.mae)]
        note = "" if self.why is None else f"\nexplained: {self.why}"
        return (
            text_table(["MSE", "RMSE", "MAE", "variance explained"], [[*errors, share]])
            + f"\n\nA value, over {len(self.squared)} rows of {self.features}; unit: {self.unit} "
            f"(MSE: its square){note}"
        )


def reconstruction_error(
    X: ArrayLike, X_hat: ArrayLike, *, mean_row: ArrayLike | None = None, unit: str = "that of the data"
) -> ReconstructionError:
    """Compare reconstructions with their rows.

    Parameters
    ----------
    X, X_hat : array-like of shape (n, ...)
        Rows and their reconstructions, in the same units; bytes are compared as numbers.
    mean_row : array-like of the shape of a row, default=None
        What the variance is taken about: the training rows' mean, say. None takes the mean of X, as
        `sklearn.metrics.r2_score(multioutput="variance_weighted")` does.
    unit : str
        Named in the text.
    """
    rows, again = checked_pair(X, X_hat)
    if mean_row is None:
        centre = rows.mean(axis=0, dtype=np.float64)
    else:
        centre = np.asarray(mean_row, dtype=np.float64).reshape(-1)
        if centre.shape != rows.shape[1:]:
            raise InputError(f"mean_row has {centre.size} values, but rows have {rows.shape[1]}")
    squared, absolute = np.empty(len(rows)), np.empty(len(rows))
    varied = 0.0
    for part in _chunks(len(rows)):
        truth = rows[part].astype(np.float64)
        difference = again[part] - truth
        squared[part] = np.square(difference).mean(axis=1)
        absolute[part] = np.abs(difference).mean(axis=1)
        varied += float(np.square(truth - centre).sum())
    missed = float(squared.sum()) * rows.shape[1]
    # The mean of equal values can differ from them in the last bit.
    flat = mean_row is None and bool((rows == rows[0]).all())
    defined = varied > 0 and not flat
    return ReconstructionError(
        squared=squared,
        absolute=absolute,
        explained=1 - missed / varied if defined else None,
        unit=unit,
        features=rows.shape[1],
        why=None if defined else CONSTANT,
    )


def checked_pair(X: ArrayLike, X_hat: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and reconstructions as ``(n, features)``, finite and alike."""
    rows, again = np.asarray(X), np.asarray(X_hat)
    for name, values in (("X", rows), ("X_hat", again)):
        if values.ndim < 2 or values.size == 0 or values.dtype.kind not in "biuf":
            raise InputError(
                f"{name} must be numbers, rows first; got {values.dtype} of shape {values.shape}"
            )
        if not np.isfinite(values).all():
            where = np.argwhere(~np.isfinite(values))[0].tolist()
            raise InputError(f"{name} has {values[tuple(where)]} in row {where[0]}, place {where[1:]}")
    if len(rows) != len(again) or rows.size != again.size:
        raise InputError(f"X has shape {rows.shape}, but its reconstructions have {again.shape}")
    return rows.reshape(len(rows), -1), again.reshape(len(again), -1)


def _chunks(n: int) -> Iterator[slice]:
    for start in range(0, n, CHUNK):
        yield slice(start, min(start + CHUNK, n))


def _standard_error(values: np.ndarray) -> float | None:
    return float(values.std(ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else None
