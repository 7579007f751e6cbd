"""The area under the ROC curve, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from vael.errors import InputError

__all__ = ["RocAuc", "checked_truth", "roc_auc"]


@dataclass(frozen=True)
class RocAuc:
    """The probability that a positive row scores above another one, ties counted as one half.

    Attributes
    ----------
    auc : in [0, 1]; 0.5 is chance
    standard_error : DeLong's, over draws of both kinds of rows; None where it is not defined
    why : why it is not, in words; empty where it is
    positives, negatives : rows
    """

    auc: float
    standard_error: float | None
    why: str
    positives: int
    negatives: int


def roc_auc(scores: ArrayLike, positive: ArrayLike) -> RocAuc:
    """Estimate the area under the ROC curve with DeLong's standard error.

    Only the order of the scores counts; infinite ones are fine. The error is not defined for fewer than two
    rows of a kind, nor where the kinds do not overlap: the estimated variance is 0 there, which no
    finite sample justifies.

    Parameters
    ----------
    scores : array-like of shape (n_rows,)
        Higher for rows thought positive. No NaN.
    positive : array-like of bool, of shape (n_rows,)
        At least one of each kind.

    Returns
    -------
    RocAuc

    References
    ----------
    DeLong, DeLong & Clarke-Pearson 1988 (Biometrics 44), eq. 2 to 6, by the midranks of Sun & Xu 2014 (IEEE
    Signal Processing Letters 21), algorithm 2.
    """
    values = np.asarray(scores, dtype=np.float64)
    truth = checked_truth(positive, len(values))
    if values.ndim != 1 or np.isnan(values).any():
        raise InputError(
            f"scores must be a list of numbers without NaN, got shape {values.shape} "
            f"with {int(np.isnan(values).sum())} NaN"
        )
    of_positive, of_negative = _placements(values, truth)
    m, n = len(of_positive), len(of_negative)
    auc = float(of_positive.mean())
    why = ""
    if min(m, n) < 2:
        kind = "positive" if m < 2 else "negative"
        why = f"1 {kind} row: a standard error needs 2 or more of each kind"
    elif auc in (0.0, 1.0):
        why = "the two kinds do not overlap, so that the sample shows no variance"
    error = None
    if not why:
        error = float(np.sqrt(of_positive.var(ddof=1) / m + of_negative.var(ddof=1) / n))
    return RocAuc(auc, error, why, m, n)


def _placements(values: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of negatives below each positive, and of positives above each negative; ties count 1/2."""
    from scipy.stats import rankdata

    among_all = rankdata(values)
    m, n = int(truth.sum()), int((~truth).sum())
    above = (among_all[truth] - rankdata(values[truth])) / n
    below = 1.0 - (among_all[~truth] - rankdata(values[~truth])) / m
    return above, below


def checked_truth(truth: ArrayLike, rows: int) -> np.ndarray:
    """Return a list of booleans, both values in it, or an `InputError`; 0 and 1 are booleans too."""
    given = np.asarray(truth)
    if given.shape != (rows,) or not np.isin(given, (0, 1)).all():
        raise InputError(
            f"the truth must be {rows} booleans, one a score; got {given.dtype} of shape {given.shape}"
        )
    found = given.astype(bool)
    if found.all() or not found.any():
        raise InputError(
            f"all {rows} rows are {'positive' if found.any() else 'negative'}: "
            "an area under the ROC curve needs rows of both kinds"
        )
    return found
