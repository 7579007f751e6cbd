"""How the error of a gradient estimator falls with draws and grows with dimension."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from vael.errors import InputError
from vael.theory._inputs import at_least, positive
from vael.theory.gradients import (
    Gradient,
    GradientSamples,
    Quadratic,
    mean_baseline,
    optimal_baseline,
    reparameterised_gradient,
    score_function_gradient,
)

__all__ = ["GradientStudy", "gradient_study"]


@dataclass(frozen=True, eq=False)
class GradientStudy:
    """Variance and error of each estimator of d E_q[f] / d mu (or sigma), against the exact gradient.

    Attributes
    ----------
        estimators: Names, in the order of the first axis of the arrays.
        dimensions: The second axis.
        sample_sizes: The third axis, of `error_mu` and `error_sigma`.
        variance_mu: Variance of one draw's estimate, averaged over coordinates.
        variance_sigma: The same for the standard deviations.
        error_mu: Root mean square error of a mean over n draws, averaged over coordinates in the square.
        error_sigma: The same for the standard deviations.
        deviation: Largest distance of a mean over `draws` from the exact gradient, in its standard errors.
        draws: How many draws made each variance.
    """

    estimators: tuple[str, ...]
    dimensions: tuple[int, ...]
    sample_sizes: tuple[int, ...]
    variance_mu: Float[np.ndarray, "estimators dimensions"]
    variance_sigma: Float[np.ndarray, "estimators dimensions"]
    error_mu: Float[np.ndarray, "estimators dimensions sizes"]
    error_sigma: Float[np.ndarray, "estimators dimensions sizes"]
    deviation: Float[np.ndarray, "estimators dimensions"]
    draws: int


def gradient_study(
    *,
    dimensions: Sequence[int] = (1, 2, 4, 8, 16, 32, 64),
    sample_sizes: Sequence[int] = (1, 10, 100, 1000),
    draws: int = 10_000,
    mu: float = 0.0,
    sigma: float = 1.0,
    function: Callable[[int], Quadratic] = Quadratic.bowl,
    random_state: int | np.random.Generator | None = 0,
) -> GradientStudy:
    """Compare the estimators on a quadratic in each dimension, q = N(mu 1, sigma^2 I).

    The reparameterised estimator's variance does not change with the dimension for the default,
    |z - 1|^2 / 2; the score function's grows as the square of it, and as its first power with a
    baseline, since the baseline takes away the mean of f and leaves its fluctuation.
    Sources: Rezende et al. 2014 (arXiv 1401.4082); Mohamed et al. 2020 (arXiv 1906.10652).

    Example:
        >>> study = gradient_study(dimensions=(1, 16), sample_sizes=(10, 100), draws=2000)
        >>> study.variance_mu.shape, bool((study.variance_mu[1] > study.variance_mu[0]).all())
        ((4, 2), True)
    """
    sizes, rng = tuple(sample_sizes), np.random.default_rng(random_state)
    positive(sigma, "sigma", 1)
    if not sizes or not dimensions:
        raise InputError("dimensions and sample_sizes must name one value or more")
    at_least(min(dimensions), 1, "dimension")
    at_least(min(sizes), 1, "sample size")
    at_least(draws, 2 * max(sizes), "draws (twice the largest sample size)")
    cells: list[list[_Cell]] = []
    for dimension in dimensions:
        f = function(dimension)
        m, s = np.full(dimension, mu), np.full(dimension, sigma)
        exact = f.gradient(m, s)
        mean = mean_baseline(f, m, s, draws, random_state=rng)
        best = optimal_baseline(f, m, s, draws, random_state=rng)
        samples = [
            reparameterised_gradient(f, m, s, draws, random_state=rng),
            score_function_gradient(f, m, s, draws, random_state=rng),
            score_function_gradient(f, m, s, draws, baseline=mean, random_state=rng),
            score_function_gradient(f, m, s, draws, baseline=best, random_state=rng),
        ]
        cells.append([_cell(part, exact, sizes) for part in samples])
    table = list(zip(*cells))  # (estimators, dimensions)
    return GradientStudy(
        (
            "reparameterised",
            "score function",
            "score function, mean baseline",
            "score function, best baseline",
        ),
        tuple(dimensions),
        sizes,
        np.array([[cell.variance_mu for cell in row] for row in table]),
        np.array([[cell.variance_sigma for cell in row] for row in table]),
        np.array([[cell.error_mu for cell in row] for row in table]),
        np.array([[cell.error_sigma for cell in row] for row in table]),
        np.array([[cell.deviation for cell in row] for row in table]),
        draws,
    )


@dataclass(frozen=True)
class _Cell:
    """One estimator in one dimension."""

    variance_mu: float
    variance_sigma: float
    error_mu: list[float]
    error_sigma: list[float]
    deviation: float


def _cell(samples: GradientSamples, exact: Gradient, sizes: tuple[int, ...]) -> _Cell:
    variance, mean, error = samples.variance, samples.mean, samples.standard_error
    off = [
        np.abs(mean.mu - exact.mu) / np.maximum(error.mu, 1e-12),
        np.abs(mean.sigma - exact.sigma) / np.maximum(error.sigma, 1e-12),
    ]
    return _Cell(
        float(variance.mu.mean()),
        float(variance.sigma.mean()),
        [_root_mean_square(samples.mu, exact.mu, size) for size in sizes],
        [_root_mean_square(samples.sigma, exact.sigma, size) for size in sizes],
        float(np.concatenate(off).max()),
    )


def _root_mean_square(rows: np.ndarray, exact: np.ndarray, size: int) -> float:
    """Error of means over `size` rows, from as many disjoint groups as the rows give."""
    groups = len(rows) // size
    means = rows[: groups * size].reshape(groups, size, -1).mean(axis=1)
    return float(np.sqrt(((means - exact) ** 2).mean()))
