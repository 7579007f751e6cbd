"""The result: ln p(x) of each row, and how far to trust it."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from vael.errors import InputError, VaelWarning
from vael.evaluation.likelihood.statistics import RowStatistics, row_statistics, trusted
from vael.evaluation.tables import text_table

__all__ = ["LikelihoodEstimate", "estimate_of", "from_log_weights"]


@dataclass(frozen=True, eq=False)
class LikelihoodEstimate:
    """Estimates of ln p(x), row by row. A bound in the mean: the average over the noise is at most ln p(x).

    Attributes
    ----------
    estimate : nats, of shape (n,); `log_jacobian` is counted
    standard_error : of `estimate` over the noise, nats, (n,), by the delta method; nan for one sample
    effective_sample_size : (sum w)^2 / sum w^2, of shape (n,): as many equal weights would be as noisy
    trusted : of shape (n,): whether 1 / effective_sample_size - 1 / samples <= 0.1 (and samples > 1), so that
        the standard error is 0.32 nats or less. A row that fails rests on a few weights: its estimate is too
        low, by an amount that the weights do not show
    samples : what was averaged in each row: importance samples, or chains
    seconds : that it took
    method : in words
    log_jacobian : nats that made a log-density on the model's scale one of the data as given
    discrete : whether the number is the logarithm of a probability, so that bits a dimension are defined
    of : what it is of, in words: "a density of the data as given"
    features : of a row
    mean : of `estimate` over the rows, nats
    mean_standard_error : of `mean` as the mean of the population that the rows come from; nan for one row
    mean_sampling_error : of `mean` over the noise alone, the rows held fixed; it counts that rows may share
        their noise; nan for one sample
    """

    estimate: np.ndarray
    standard_error: np.ndarray
    effective_sample_size: np.ndarray
    trusted: np.ndarray
    samples: int
    seconds: float
    method: str
    log_jacobian: float
    discrete: bool
    of: str
    features: int | None
    mean_sampling_error: float

    @property
    def mean(self) -> float:
        """Mean over the rows, nats."""
        return float(self.estimate.mean())

    @property
    def mean_standard_error(self) -> float:
        """Standard error of `mean` as the mean of a population; nan for one row."""
        n = len(self.estimate)
        if n < 2 or not np.isfinite(self.estimate).all():
            return math.nan
        return float(self.estimate.std(ddof=1) / math.sqrt(n))

    @property
    def bits_per_dimension(self) -> np.ndarray | None:
        """``-estimate / (features ln 2)``, of shape (n,), lower is better; None if no probability."""
        if not self.discrete or self.features is None:
            return None
        return -self.estimate / (self.features * math.log(2))

    def to_dict(self) -> dict[str, Any]:
        """Summary over the rows, in types that `json.dumps` takes; None where a number is not defined."""
        bits = self.bits_per_dimension
        return {
            "method": self.method,
            "of": self.of,
            "rows": len(self.estimate),
            "samples": self.samples,
            "mean": _number(self.mean),
            "mean_standard_error": _number(self.mean_standard_error),
            "mean_sampling_error": _number(self.mean_sampling_error),
            "unit": "nats a row",
            "median_effective_sample_size": float(np.median(self.effective_sample_size)),
            "share_trusted": float(self.trusted.mean()),
            "log_jacobian": float(self.log_jacobian),
            "discrete": self.discrete,
            "bits_per_dimension": None if bits is None else _number(float(bits.mean())),
            "seconds": _number(self.seconds),
        }

    def __str__(self) -> str:
        """Text: the summary as a table of one row, and what the columns are."""
        entry = self.to_dict()
        header = [
            "ln p(x), nats",
            "over rows ±",
            "over noise ±",
            "median ESS",
            "rows trusted",
            "bits/dim",
            "s",
        ]
        row = [
            f"{self.mean:.3f}",
            _digits(entry["mean_standard_error"]),
            _digits(entry["mean_sampling_error"]),
            f"{entry['median_effective_sample_size']:.1f} of {self.samples}",
            f"{100 * entry['share_trusted']:.1f} %",
            _digits(entry["bits_per_dimension"]),
            "" if entry["seconds"] is None else f"{self.seconds:.1f}",
        ]
        return (
            text_table(header, [row])
            + f"\n\nMean of {len(self.estimate)} rows by {self.method}: {self.of}.\n"
            "ESS: effective sample size; trusted: rows whose weights are even enough to mean something"
        )


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _digits(value: float | None) -> str:
    return "not defined" if value is None else f"{value:.3f}"


def estimate_of(
    found: RowStatistics,
    *,
    method: str,
    seconds: float = math.nan,
    log_jacobian: float = 0.0,
    discrete: bool = False,
    of: str = "a density of the rows as given",
    features: int | None = None,
    advice: str = "use more samples, or AIS",
) -> LikelihoodEstimate:
    """Wrap statistics of rows; warns where they say that half of the estimates mean nothing."""
    k, n = len(found.influence), len(found.estimate)
    trust = trusted(found.effective_sample_size, k)
    if trust.mean() < 0.5:
        warnings.warn(
            f"the estimates of {n - trust.sum()} of {n} rows mean little: the median effective sample size "
            f"is {np.median(found.effective_sample_size):.1f} of {k}, so a few weights decide and ln p(x) is "
            f"underestimated: {advice}",
            VaelWarning,
            stacklevel=3,
        )
    spread = found.influence.std(ddof=1) / math.sqrt(k) / n if k > 1 else math.nan
    return LikelihoodEstimate(
        estimate=found.estimate + log_jacobian,
        standard_error=found.standard_error,
        effective_sample_size=found.effective_sample_size,
        trusted=trust,
        samples=k,
        seconds=seconds,
        method=method,
        log_jacobian=log_jacobian,
        discrete=discrete,
        of=of,
        features=features,
        mean_sampling_error=float(spread),
    )


def from_log_weights(
    log_w: npt.ArrayLike,
    *,
    jackknife: int = 0,
    method: str | None = None,
    seconds: float = math.nan,
    log_jacobian: float = 0.0,
    discrete: bool = False,
    of: str = "a density of the rows as given",
    features: int | None = None,
) -> LikelihoodEstimate:
    """Estimate ln p(x) from log-weights that any library made.

    Parameters
    ----------
    log_w : array-like of shape (k, n)
        ln p(x, z_i) - ln q(z_i | x) in nats, or any ln w whose w has the mean p(x): samples, rows.
    jackknife : int, default=0
        Order of the jackknife; see `ImportanceSampling`.
    method, seconds, log_jacobian, discrete, of, features
        Kept in the result; see `LikelihoodEstimate`.
    """
    values = np.asarray(log_w, dtype=np.float64)
    if values.ndim != 2 or values.size == 0:
        raise InputError(f"log_w must have shape (samples, rows), got {values.shape}")
    check_jackknife(jackknife, len(values))
    words = method or f"importance sampling, {len(values)} samples{jackknife_words(jackknife)}"
    return estimate_of(
        row_statistics(torch.from_numpy(values), jackknife),
        method=words,
        seconds=seconds,
        log_jacobian=log_jacobian,
        discrete=discrete,
        of=of,
        features=features,
    )


def check_jackknife(order: int, samples: int) -> None:
    """Refuse an order that is not there, or that the samples are too few for."""
    if order not in (0, 1, 2):
        raise InputError(f"jackknife must be 0, 1 or 2, got {order}")
    if order and samples <= order:
        raise InputError(f"a jackknife of order {order} needs more than {order} samples, got {samples}")


def jackknife_words(order: int) -> str:
    """Say the order."""
    return f", jackknife of order {order}" if order else ""
