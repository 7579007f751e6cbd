"""Draws from the model: points of the prior, and what is decoded there."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
import torch

from vael.distributions import as_law, draw
from vael.distributions.full_normal import FullNormal
from vael.distributions.normal import DiagonalNormal
from vael.errors import InputError
from vael.estimators import VAE
from vael.estimators.door import seed_of
from vael.studio.asked import Asked
from vael.studio.columns import Reply
from vael.studio.loaded import Loaded

__all__ = ["NO_TEMPERATURE", "answer", "tempered"]

MOST = 256
PIECE = 64
NO_TEMPERATURE = "this prior is no normal and knows no temperature: leave it at 1"


def tempered(estimator: VAE) -> bool:
    """Whether the prior is a normal, whose draws a temperature scales."""
    prior = estimator.model_.prior
    return prior is not None and isinstance(as_law(prior()), DiagonalNormal | FullNormal)


def answer(loaded: Loaded, asked: Asked) -> Generator[float, None, Reply]:
    """Draw `n` points of the prior by `seed`, and decode them to their means.

    At temperature 1 the rows are those of ``estimator.sample(n, mean=True, random_state=seed)``. Another
    temperature scales what a point of a normal prior is off its mean, so that draws are of
    N(mean, temperature^2 covariance); other priors know no temperature.

    Arrays:
        z: (n, coordinates), float32.
        rows: (n, features), as the page shows them.
    """
    n = asked.whole("n", 1, MOST)
    seed = asked.whole("seed", 0, 2**32 - 1)
    temperature = asked.number("temperature", 0.0, 10.0, 1.0)
    estimator = loaded.estimator
    prior_of = estimator.model_.eval().prior
    if not isinstance(estimator, VAE) or prior_of is None:
        raise InputError("an autoencoder has no prior to draw from: fit a VAE")
    yield 0.0
    prior = prior_of()
    device = next((p.device for p in estimator.model_.parameters()), torch.device("cpu"))
    with torch.inference_mode():
        z = draw(prior, (n,), torch.Generator(device).manual_seed(seed_of(seed)))
        law = as_law(prior)
        if temperature != 1:
            if not isinstance(law, DiagonalNormal | FullNormal):
                raise InputError(NO_TEMPERATURE)
            z = law.mean + temperature * (z - law.mean)
    Z = z.cpu().numpy().astype(np.float32)
    rows: list[np.ndarray] = []
    for start in range(0, n, PIECE):
        rows.append(loaded.decoded(Z[start : start + PIECE]))
        yield min(1.0, (start + PIECE) / n)
    return Reply({"temperature": temperature, "seed": seed}, {"z": Z, "rows": np.concatenate(rows)})
