"""What the KL term does to a latent space: the best linear VAE for any beta, in closed form."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch

from vael.studio.asked import Asked
from vael.studio.columns import Reply
from vael.studio.loaded import Loaded
from vael.theory import LinearGaussian

__all__ = ["NOISE", "answer", "rows"]

NOISE = 0.2
"""The variance of the decoder's noise, which stays."""
ROWS, LATENTS = 150, 2


def answer(loaded: Loaded, asked: Asked) -> Reply:
    """Return posteriors and terms of the linear VAE that is best for `beta`, on 150 rows of three features.

    Arrays:
        means: Means of q(z|x), (150, 2), float64.

    Facts:
        eigenvalues: Of the rows' covariance, from the largest down; a latent is kept where its own exceeds
            `threshold`, which is beta times the noise's variance.
        active: How many are kept.
        deviations: Of q(z|x), the same for every row.
        spread: Deviations of the means.
        aggregate: Deviations of the aggregate posterior, whose prior is N(0, I).
        kl: Mean KL(q(z|x) || p(z)) of each latent, in nats.
        log_likelihood, elbo: Means of E_q[ln p(x|z)] and of the ELBO, in nats.
    """
    beta = asked.number("beta", 0.01, 100.0)
    X = rows()
    best = LinearGaussian.optimal_beta_elbo(X, LATENTS, beta=beta, noise_variance=NOISE)
    with torch.no_grad():
        q = best.model().encoder(torch.from_numpy(X))
    means, deviations = q.mean.numpy(), q.stddev[0].numpy()
    spread = means.std(0)
    return Reply(
        {
            "eigenvalues": best.eigenvalues,
            "threshold": beta * NOISE,
            "active": best.active,
            "deviations": deviations,
            "spread": spread,
            "aggregate": np.sqrt(spread**2 + deviations**2),
            "kl": best.kl,
            "log_likelihood": best.log_likelihood,
            "elbo": best.elbo,
        },
        {"means": means},
    )


@lru_cache(maxsize=1)
def rows() -> np.ndarray:
    """Return the rows: drawn once from a linear model with two latents, one of more weight than the other."""
    weight = np.array([[1.6, -0.5], [1.0, 0.6], [0.7, 0.5]])
    return LinearGaussian(weight, np.zeros(3), NOISE).sample(ROWS, random_state=0).x
