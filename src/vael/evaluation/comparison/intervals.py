"""Confidence intervals: of a mean over rows, of a share of rows, of a statistic of all rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

__all__ = [
    "CONFIDENCE",
    "Interval",
    "RowValues",
    "bootstrap",
    "bootstrap_variances",
    "of_difference",
    "of_mean",
    "of_share",
]

CONFIDENCE = 0.95
DRAWS = 1000
_TOGETHER = 50  # resamples computed at once


@dataclass(frozen=True)
class Interval:
    """A value with its standard error and its 95 % confidence interval; None where there is none."""

    value: float | None
    standard_error: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, eq=False)
class RowValues:
    """A value of each row, ``(n,)``, and what random draws that rows share add to their mean.

    Attributes
    ----------
    values : of the rows
    noise : for each of k draws, by how much it would move the mean of the rows if all draws were like it,
        ``(k,)``; None where nothing is drawn. Rows that share their noise err together, and the spread of
        the rows does not show it.
    """

    values: np.ndarray
    noise: np.ndarray | None = None


def of_mean(rows: RowValues) -> Interval:
    """Mean of independent rows with Student's interval.

    The variances over rows and over draws add; the degrees of freedom are Welch and Satterthwaite's.
    """
    from scipy.stats import t

    n = len(rows.values)
    mean = float(rows.values.mean())
    if n < 2:
        return Interval(mean)
    parts = [(float(rows.values.var(ddof=1)) / n, n - 1)]
    if rows.noise is not None:
        k = len(rows.noise)
        parts.append((float(rows.noise.var(ddof=1)) / k, k - 1))
    variance = sum(part for part, _ in parts)
    if variance == 0:
        return Interval(mean, 0.0, mean, mean)
    freedom = variance**2 / sum(part**2 / degrees for part, degrees in parts)
    error = float(np.sqrt(variance))
    reach = float(t.ppf(0.5 + CONFIDENCE / 2, freedom)) * error
    return Interval(mean, error, mean - reach, mean + reach)


def of_difference(one: RowValues, other: RowValues) -> Interval:
    """Mean of `one` minus `other`, row by row and draw by draw."""
    noise = None if one.noise is None or other.noise is None else one.noise - other.noise
    return of_mean(RowValues(one.values.astype(np.float64) - other.values, noise))


def of_share(rows: RowValues) -> Interval:
    """Share of rows that are true, with Wilson's interval (Wilson 1927, JASA 22, 209-212)."""
    from scipy.stats import norm

    n, share = len(rows.values), float(rows.values.mean())
    z2 = float(norm.ppf(0.5 + CONFIDENCE / 2)) ** 2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    reach = np.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    error = float(np.sqrt(share * (1 - share) / n))
    return Interval(share, error, max(0.0, float(middle - reach)), min(1.0, float(middle + reach)))


def bootstrap(value: float, resampled: np.ndarray) -> Interval:
    """A statistic, with the percentile interval of its values on resampled rows (Efron 1979)."""
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(resampled, [tail, 100 - tail])
    return Interval(value, float(resampled.std(ddof=1)), float(low), float(high))


def bootstrap_variances(
    Z: np.ndarray, statistic: Callable[[np.ndarray], np.ndarray], seed: int, draws: int = DRAWS
) -> np.ndarray:
    """Give `statistic` of the columns' variances ``(draws, latent)`` over resampled rows, ``(draws,)``.

    Equal seeds and numbers of rows resample the same rows, so that two models' values pair.
    """
    rng = np.random.default_rng(seed)
    n = len(Z)
    centred = Z - Z.mean(axis=0)
    found: list[np.ndarray] = []
    for start in range(0, draws, _TOGETHER):
        times = rng.multinomial(n, np.full(n, 1 / n), size=min(_TOGETHER, draws - start)) / n
        found.append(statistic(times @ centred**2 - (times @ centred) ** 2))
    return np.concatenate(found)
