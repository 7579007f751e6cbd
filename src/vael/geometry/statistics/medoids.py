"""k-medoids on squared distances that are known: seeds, and the alternation from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

__all__ = ["Medoids", "find_medoids", "plus_plus"]


@dataclass(frozen=True, eq=False)
class Medoids:
    """Points that are the centres of the others.

    Attributes:
        index: Of the centres among the points, ``(k,)``.
        inertia: Weighted sum of squared distances from the nearest centre.
        steps: Of the alternation.
    """

    index: np.ndarray
    inertia: float
    steps: int


def find_medoids(
    squares: Float[np.ndarray, "n n"],
    weights: Float[np.ndarray, " n"],
    k: int,
    *,
    starts: int,
    max_steps: int,
    generator: np.random.Generator,
) -> Medoids:
    """Find k points with a small sum of squared distances from the others, the best of several starts.

    Arguments:
        squares: Squared distances.
        weights: Of the points in the sum.
        k: How many; not more than there are distinct points.
        starts: How often to seed and alternate.
        max_steps: Of each alternation.
        generator: Of the seeds.
    """
    runs = (
        _alternate(squares, weights, plus_plus(squares, weights, k, generator), max_steps)
        for _ in range(starts)
    )
    return min(runs, key=lambda run: run.inertia)


def plus_plus(
    squares: Float[np.ndarray, "n n"],
    weights: Float[np.ndarray, " n"],
    k: int,
    generator: np.random.Generator,
) -> Int[np.ndarray, " k"]:
    """Draw seeds, each with a chance that grows with the squared distance from those before it.

    The best of ``2 + ln k`` draws is taken each time, as scikit-learn does.

    Source: Arthur & Vassilvitskii 2007, SODA, 1027-1035.
    """
    n, trials = len(squares), 2 + int(np.log(k))
    chosen = [int(generator.choice(n, p=weights / weights.sum()))]
    nearest = squares[chosen[0]].copy()
    while len(chosen) < k:
        chance = nearest * weights
        drawn = generator.choice(n, size=trials, p=chance / chance.sum())
        left = np.minimum(nearest, squares[drawn])
        best = int((left @ weights).argmin())
        chosen.append(int(drawn[best]))
        nearest = left[best]
    return np.array(chosen)


def _alternate(squares: np.ndarray, weights: np.ndarray, index: np.ndarray, max_steps: int) -> Medoids:
    """Assign points to centres and choose each cluster's best centre, until none changes."""
    index, steps, changed = index.copy(), 0, True
    while changed and steps < max_steps:
        before, label = index.copy(), squares[:, index].argmin(1)
        for cluster in range(len(index)):
            own = np.flatnonzero(label == cluster)
            cost = squares[np.ix_(own, own)] @ weights[own]
            index[cluster] = own[int(cost.argmin())]
        steps, changed = steps + 1, bool((index != before).any())
    return Medoids(index, float(squares[:, index].min(1) @ weights), steps)
