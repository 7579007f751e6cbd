"""The evidence lower bound of a model with one latent whose evidence is known."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from vael.studio.asked import Asked
from vael.studio.columns import Reply
from vael.studio.loaded import Loaded
from vael.theory import LatentToy, elbo_three_ways, normal_density

__all__ = ["OBSERVED", "answer", "bent"]

OBSERVED = 1.0
ENDS, POINTS = 4.0, 321
DRAWS = 40_000


def answer(loaded: Loaded, asked: Asked) -> Reply:
    """Return ELBO, divergence and importance-weighted bound of a guess q at x = 1, in nats.

    Asks `mean` and `deviation` of q, and `k`, the draws of the importance-weighted bound. The noise of its
    draws stays the same.

    Arrays:
        grid: Places of z, (321,), float64.
        prior, posterior, q: Densities there.

    Facts:
        evidence: ln p(x).
        elbo: E_q[ln p(x, z) - ln q(z)], by an integral of its own.
        kl: KL(q || p(z|x)), by another.
        kl_prior, reconstruction: The two terms of the ELBO.
        weighted, weighted_error: The bound with k draws by Monte Carlo, and its standard error.
    """
    mean = asked.number("mean", -3.0, 3.0)
    deviation = asked.number("deviation", 0.05, 2.0)
    k = asked.whole("k", 1, 100, default=1)
    toy, log_evidence = bent(), _evidence()
    q, prior = normal_density(mean, deviation), normal_density(0, 1)

    def log_joint(z: np.ndarray) -> np.ndarray:
        return prior.log_pdf(z) + _log_likelihood(OBSERVED, z)

    elbo = toy.expectation(q, lambda z: log_joint(z) - q.log_pdf(z), q.points)
    kl = toy.expectation(q, lambda z: q.log_pdf(z) - (log_joint(z) - log_evidence), q.points)
    kl_prior = toy.expectation(q, lambda z: q.log_pdf(z) - prior.log_pdf(z), q.points).value

    z = mean + deviation * _noise()
    log_w = (log_joint(z) - q.log_pdf(z))[: DRAWS // k * k].reshape(-1, k)
    bounds = np.logaddexp.reduce(log_w, axis=1) - np.log(k)
    grid = np.linspace(-ENDS, ENDS, POINTS)
    return Reply(
        {
            "evidence": log_evidence,
            "elbo": elbo.value,
            "kl": kl.value,
            "kl_prior": kl_prior,
            "reconstruction": elbo.value + kl_prior,
            "weighted": bounds.mean(),
            "weighted_error": bounds.std(ddof=1) / np.sqrt(len(bounds)),
        },
        {
            "grid": grid,
            "prior": prior.pdf(grid),
            "posterior": np.exp(log_joint(grid) - log_evidence),
            "q": q.pdf(grid),
        },
    )


@lru_cache(maxsize=1)
def bent() -> LatentToy:
    """Return the toy of `docs/explanation/elbo.md`: a normal of width 0.3 around a bent function of z."""
    return LatentToy(normal_density(0, 1), _log_likelihood, points=(-2, 0, 2))


def _log_likelihood(x: float, z: np.ndarray) -> np.ndarray:
    return normal_density(0, 0.3).log_pdf(x - np.sin(2 * z) - z / 2)


@lru_cache(maxsize=1)
def _evidence() -> float:
    return float(elbo_three_ways(bent(), OBSERVED, normal_density(0.8, 0.5)).evidence)


@lru_cache(maxsize=1)
def _noise() -> np.ndarray:
    return np.random.default_rng(0).standard_normal(DRAWS)
