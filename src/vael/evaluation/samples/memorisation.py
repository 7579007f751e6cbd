"""Nearest training rows of samples, and whether samples are copies of them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm, rankdata

from vael.errors import InputError, VaelWarning
from vael.evaluation.samples.distances import Neighbours, nearest
from vael.evaluation.samples.rows import as_rows, check_width
from vael.evaluation.tables import text_table

__all__ = ["NearestTrainingRows", "compare_neighbours", "data_copying_z", "nearest_training_rows"]

_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True, eq=False)
class NearestTrainingRows:
    """The training rows nearest to each sample, and whether they are nearer than they should be.

    Attributes
    ----------
    indices : of the k nearest training rows of each sample, nearest first, shape (n, k)
    distances : to them, Euclidean, in the data's units, shape (n, k)
    held_out_distances : of held-out rows to their nearest training row, shape (m,)
    ratio : median over samples of the distance to the nearest training row, over that of held-out rows; None
        where the latter is 0
    percentile : of the held-out distances, that `share_nearer` takes
    share_nearer : of samples, nearer to a training row than `percentile` % of the held-out rows are;
        `percentile` / 100 in expectation where samples have the law of held-out rows
    share_copies : of samples, at distance 0 from a training row
    copying_z : data-copying statistic, see `data_copying_z`; below 0 where samples lie nearer to training
        rows than held-out rows do, above 0 where farther; None where all distances are equal
    copying_p_value : chance of a statistic as low where both have one law; None with it
    training_share : of samples, whose nearest row among training and held-out rows is a training row
    expected_training_share : the share that training rows are of both
    training_p_value : chance of a share as high where samples know no more of training rows than of
        held-out rows, by permuting which rows are called training rows
    n, n_held_out, n_train : rows
    """

    indices: np.ndarray
    distances: np.ndarray
    held_out_distances: np.ndarray
    ratio: float | None
    percentile: float
    share_nearer: float
    share_copies: float
    copying_z: float | None
    copying_p_value: float | None
    training_share: float
    expected_training_share: float
    training_p_value: float
    n: int
    n_held_out: int
    n_train: int

    def to_dict(self) -> dict[str, Any]:
        """All numbers, and quantiles in place of the distances, in types that `json.dumps` takes."""
        arrays = ("indices", "distances", "held_out_distances")
        record = {name: value for name, value in vars(self).items() if name not in arrays}
        for name, values in (
            ("distance_quantiles", self.distances[:, 0]),
            ("held_out_distance_quantiles", self.held_out_distances),
        ):
            found = np.quantile(values, _QUANTILES).tolist()
            record[name] = {f"{q:g}": value for q, value in zip(_QUANTILES, found, strict=True)}
        return record

    def __str__(self) -> str:
        """Text: distances to the nearest training row, then the signs of copying."""
        distances = [
            [name, *(f"{v:.4g}" for v in np.quantile(values, _QUANTILES))]
            for name, values in (("samples", self.distances[:, 0]), ("held out", self.held_out_distances))
        ]
        undefined = "not defined"
        ratio = undefined if self.ratio is None else f"{self.ratio:.4f}"
        z = undefined if self.copying_z is None else f"{self.copying_z:+.2f}"
        chance = "" if self.copying_p_value is None else f"{self.copying_p_value:.3g}"
        nearer = f"samples nearer than {self.percentile:g} % of held-out rows"
        signs = [
            ["ratio of medians", ratio, "1", ""],
            [nearer, f"{100 * self.share_nearer:.2f} %", f"{self.percentile:g} %", ""],
            ["samples that are training rows", f"{100 * self.share_copies:.2f} %", "", ""],
            ["data-copying z", z, "0", chance],
            [
                "nearest to a training row, not a held-out one",
                f"{100 * self.training_share:.2f} %",
                f"{100 * self.expected_training_share:.2f} %",
                f"{self.training_p_value:.3g}",
            ],
        ]
        heads = ["distance to nearest training row", *(f"{100 * q:g} %" for q in _QUANTILES)]
        return (
            text_table(heads, distances)
            + "\n\n"
            + text_table(["sign of copying", "found", "expected", "p-value"], signs)
            + f"\n\nEuclidean, rows as given; {self.n} samples, {self.n_held_out} held-out and "
            f"{self.n_train} training rows"
        )


def nearest_training_rows(
    samples: ArrayLike,
    train: ArrayLike,
    held_out: ArrayLike,
    *,
    k: int = 1,
    percentile: float = 5.0,
    permutations: int = 499,
    random_state: int | np.random.Generator | None = 0,
) -> NearestTrainingRows:
    """Find the training rows nearest to samples, and test whether samples are copies of them.

    Two tests, for two reasons to lie near. Against the distances of held-out rows (`copying_z`,
    `share_nearer`): these also fall where samples are smoother than data, as means of a decoder are, since
    the smooth lies near to everything. Against held-out rows as neighbours (`training_share`):
    smoothness brings a sample as near to these as to training rows, so only knowledge of the training
    rows raises it.

    Parameters
    ----------
    samples, train, held_out : array-like of shape (n, ...), (t, ...) and (m, ...)
        `held_out` of the law of `train`, seen by no one; axes after the first are flattened.
    k : int, default=1
        Nearest training rows to give for each sample.
    percentile : float, default=5
        Of the held-out distances.
    permutations : int, default=499
        For `training_p_value`, whose least value is 1 / (permutations + 1).
    random_state : int, Generator or None, default=0
        Draws the permutations.

    Raises
    ------
    InputError
        For k outside [1, t], other widths, or values that are not finite.

    Warns
    -----
    VaelWarning
        Where most held-out rows are training rows: nothing can then be told.

    References
    ----------
    Meehan, Chaudhuri, Dasgupta 2020, arXiv 2004.05675, sections 3 and 4, the global test.
    """
    x, t, h = as_rows(samples, "samples"), as_rows(train, "train"), as_rows(held_out, "held_out")
    check_width(x, t, "samples", "train")
    check_width(h, t, "held_out", "train")
    if not 1 <= k <= len(t):
        raise InputError(f"k must be between 1 and the number of training rows, {len(t)}; got {k}")
    if not 0 < percentile < 100:
        raise InputError(f"percentile must be between 0 and 100, got {percentile}")
    if permutations < 1:
        raise InputError(f"permutations must be 1 or more, got {permutations}")
    other = nearest(h, t, 1).distances[:, 0]
    if (other == 0).mean() > 0.5:
        warnings.warn(
            f"{int((other == 0).sum())} of {len(h)} held-out rows are training rows: give rows that were not "
            "trained on, or copies cannot be told from samples",
            VaelWarning,
            stacklevel=2,
        )
    rng = np.random.default_rng(random_state)
    return compare_neighbours(
        nearest(x, t, k), nearest(x, h, 1), other, len(t), percentile, permutations, rng
    )


def compare_neighbours(
    found: Neighbours,
    among: Neighbours,
    other: np.ndarray,
    n_train: int,
    percentile: float,
    permutations: int,
    rng: np.random.Generator,
) -> NearestTrainingRows:
    """Compare distances that were found before.

    Arguments:
        found: Nearest training rows of each sample.
        among: Nearest held-out row of each sample.
        other: Distance of each held-out row to its nearest training row, of shape ``(m,)``.
        n_train: Number of training rows.
        percentile: Of the held-out distances.
        permutations: For the p-value of the training share.
        rng: Draws them.
    """
    own, n_held_out = found.distances[:, 0], len(other)
    share, p_value = _training_share(found, among, n_train, n_held_out, permutations, rng)
    z = data_copying_z(own, other)
    middle = float(np.median(other))
    return NearestTrainingRows(
        indices=found.indices,
        distances=found.distances,
        held_out_distances=other,
        ratio=float(np.median(own)) / middle if middle > 0 else None,
        percentile=float(percentile),
        share_nearer=float((own < np.percentile(other, percentile)).mean()),
        share_copies=float((own == 0).mean()),
        copying_z=z,
        copying_p_value=None if z is None else float(norm.cdf(z)),
        training_share=share,
        expected_training_share=n_train / (n_train + n_held_out),
        training_p_value=p_value,
        n=len(own),
        n_held_out=n_held_out,
        n_train=n_train,
    )


def data_copying_z(sample_distances: np.ndarray, held_out_distances: np.ndarray) -> float | None:
    r"""Mann-Whitney statistic of distances to the nearest training row, standardised.

    .. math:: Z = \frac{U - nm/2}{\sigma}, \quad U = \sum_{ij} [a_i > b_j] + \tfrac12 [a_i = b_j]

    with a of the samples and b of the held-out rows; :math:`\sigma^2 = nm(n+m+1)/12`, less the correction
    for ties. Standard normal where both have one law; None where all distances are equal. Source: Meehan et
    al. 2020, arXiv 2004.05675, section 4.1 (who do not correct for ties).
    """
    n, m = len(sample_distances), len(held_out_distances)
    both = np.concatenate([sample_distances, held_out_distances])
    statistic = rankdata(both)[:n].sum() - n * (n + 1) / 2
    _, ties = np.unique(both, return_counts=True)
    total = n + m
    tied = float((ties.astype(np.float64) ** 3 - ties).sum()) / (total * (total - 1))
    variance = n * m / 12 * (total + 1 - tied)
    return float((statistic - n * m / 2) / np.sqrt(variance)) if variance > 0 else None


def _training_share(
    found: Neighbours,
    among: Neighbours,
    n_train: int,
    n_held_out: int,
    permutations: int,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """Share of samples whose nearest row of all is a training row, and its permutation p-value.

    Which row is nearest does not depend on what rows are called. So under a permutation of the names
    the share is a sum over rows of how many samples each is nearest to.
    """
    to_train, to_held_out = found.distances[:, 0], among.distances[:, 0]
    weight = np.where(to_train < to_held_out, 1.0, np.where(to_train == to_held_out, 0.5, 0.0))
    counts = np.zeros(n_train + n_held_out)
    np.add.at(counts, found.indices[:, 0], weight)
    np.add.at(counts, n_train + among.indices[:, 0], 1 - weight)
    held = counts[n_train:].sum()
    draws = [
        counts[rng.choice(len(counts), n_held_out, replace=False, shuffle=False)].sum()
        for _ in range(permutations)
    ]
    as_low = int((np.asarray(draws) <= held).sum())
    return float(weight.mean()), (1 + as_low) / (1 + permutations)
