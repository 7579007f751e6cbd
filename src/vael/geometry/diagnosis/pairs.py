"""What pairs of codes tell: how much longer the straight line is, and whether Euclid orders them alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.stats import rankdata
from torch import Tensor

from vael.geometry.diagnosis.records import Quantity, quantity, share, unknown
from vael.geometry.manifold import Manifold

__all__ = ["TOLERANCE", "PairLengths", "drawn_pairs", "excess_of", "measure_pairs", "order_of"]

TOLERANCE = 2e-5  # part of its energy that a curve may have left to lose: twice the error of its length
RESAMPLED = 200


@dataclass(frozen=True, eq=False)
class PairLengths:
    """Distances of pairs of codes.

    Attributes:
        geodesic: ``(pairs,)``.
        straight: Riemannian lengths of the straight lines.
        euclidean: Distances in the coordinates.
        steps: Differences of the codes, ``(pairs, latent)``.
        converged: Whether each curve is known to be a geodesic.
        dropped: Pairs left out: codes that coincide, or lengths that are not finite.
        graph: Whether ways through the data were looked for.
    """

    geodesic: np.ndarray
    straight: np.ndarray
    euclidean: np.ndarray
    steps: np.ndarray
    converged: np.ndarray
    dropped: int
    graph: bool


def drawn_pairs(rows: int, pairs: int, rng: np.random.Generator) -> np.ndarray:
    """Draw pairs of different rows, ``(pairs, 2)``: no row twice where there are enough, else no pair twice.

    Fewer come back where there are not so many pairs.
    """
    if 2 * pairs <= rows:
        return rng.permutation(rows)[: 2 * pairs].reshape(2, pairs).T
    every = np.stack(np.triu_indices(rows, 1), 1)
    return every[rng.permutation(len(every))[:pairs]]


@torch.no_grad()
def measure_pairs(manifold: Manifold, Z: Tensor, chosen: np.ndarray) -> PairLengths:
    """Join pairs of codes by geodesics.

    Arguments:
        manifold: The manifold.
        Z: Codes, ``(n, latent)``.
        chosen: Rows of them, ``(pairs, 2)``.
    """
    a, b = (Z[torch.from_numpy(side).to(Z.device)] for side in chosen.T)
    steps = (b - a).double()
    euclidean = steps.norm(dim=-1)
    found = manifold.geodesic(a, b, tolerance=TOLERANCE)
    kept = (euclidean > 0) & torch.isfinite(found.length) & torch.isfinite(found.straight_excess)
    kept &= found.length > 0
    straight = found.length * (1 + found.straight_excess)
    values = (found.length, straight, euclidean, steps, found.converged)
    arrays = [value[kept].cpu().double().numpy() for value in values]
    return PairLengths(
        geodesic=arrays[0],
        straight=arrays[1],
        euclidean=arrays[2],
        steps=arrays[3],
        converged=arrays[4] > 0,
        dropped=int((~kept).sum()),
        graph=manifold.data is not None,
    )


def excess_of(found: PairLengths) -> dict[str, Quantity]:
    """How much longer straight lines are than geodesics, in per cent."""
    n = len(found.geodesic)
    ways = "straight, and through the data" if found.graph else "straight"
    how = f"straight line over the shortest curve found, less 1; starts: {ways}"
    names = {
        "excess_low": ("Straight-line excess, lower quartile", 0.25),
        "excess_median": ("Straight-line excess, median", 0.5),
        "excess_high": ("Straight-line excess, upper quartile", 0.75),
    }
    shares = {
        "excess_above_5": ("Pairs with an excess above 5 %", 0.05),
        "excess_above_10": ("Pairs with an excess above 10 %", 0.10),
    }
    lost = ("not_converged", "Curves that did not converge")
    if not n:
        why = "no pair of codes has two different ends and a finite length"
        every = [*((key, name) for key, (name, _) in (*names.items(), *shares.items())), lost]
        return {key: unknown(name, "%", 0, how, why) for key, name in every}
    excess = found.straight / found.geodesic - 1
    numbers = {
        key: quantity(name, 100 * np.quantile(excess, part), "%", n, how)
        for key, (name, part) in names.items()
    }
    for key, (name, least) in shares.items():
        numbers[key] = share(name, excess > least, how)
    how = f"more than {TOLERANCE:g} of the energy left to lose"
    numbers[lost[0]] = share(lost[1], ~found.converged, how)
    return numbers


def order_of(
    found: PairLengths, mean_metric: np.ndarray | None, rng: np.random.Generator
) -> dict[str, Quantity]:
    """Rank correlations of geodesic distances with Euclidean ones, and with those of one metric for all."""
    n = len(found.geodesic)
    ranks = f"Spearman's, with geodesic distances; error by {RESAMPLED} resamples"
    numbers = {
        "rank_correlation": _correlation("Rank correlation, Euclidean", found.euclidean, found, ranks, rng)
    }
    name, key = (
        "Rank correlation, mean metric",
        "rank_correlation_mean_metric",
    )
    how = "the same, of distances by the mean of G over codes"
    if mean_metric is None:
        numbers[key] = unknown(name, "", n, how, "the metric is finite at no code")
    else:
        squares = np.einsum("ni,ij,nj->n", found.steps, mean_metric, found.steps)
        numbers[key] = _correlation(name, np.sqrt(squares.clip(min=0)), found, how, rng)
    return numbers


def _correlation(
    name: str, other: np.ndarray, found: PairLengths, how: str, rng: np.random.Generator
) -> Quantity:
    n = len(other)
    if n < 3:
        return unknown(name, "", n, how, f"{n} pairs are too few for a correlation")
    value = _spearman(other, found.geodesic)
    if not np.isfinite(value):
        return unknown(name, "", n, how, "all distances are the same")
    drawn = (rng.integers(n, size=n) for _ in range(RESAMPLED))
    again = np.array([_spearman(other[rows], found.geodesic[rows]) for rows in drawn])
    again = again[np.isfinite(again)]
    return quantity(name, value, "", n, how, spread=again.std(ddof=1) if len(again) > 1 else None)


def _spearman(a: np.ndarray, b: np.ndarray) -> float:
    one, other = (rankdata(values) for values in (a, b))
    one, other = one - one.mean(), other - other.mean()
    size = np.sqrt((one @ one) * (other @ other))
    return float(one @ other / size) if size > 0 else float("nan")
