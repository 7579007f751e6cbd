"""Importance weights: the one place where ln p(x, z) - ln q(z|x) is computed."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Generator, Tensor
from torch.distributions import Distribution

from vael.distributions import Law, draw
from vael.errors import InputError
from vael.models.latent_variable_model import LatentVariableModel

__all__ = ["WeightedSamples", "log_weights"]


@dataclass(frozen=True)
class WeightedSamples:
    """Samples of the posterior with their importance weights.

    Attributes:
        z: Samples, of shape ``(k, n, latent)``.
        log_w: ln p(x, z) - ln q(z|x) in nats, of shape ``(k, n)``.
        q_z: The posterior that they were drawn from, of batch shape ``(n,)``.
    """

    z: Tensor
    log_w: Tensor
    q_z: Distribution


def log_weights(
    model: LatentVariableModel,
    x: Float[Tensor, "n features"],
    k: int,
    *,
    generator: Generator | None = None,
    common_noise: bool = False,
    stop_posterior: bool = False,
) -> WeightedSamples:
    """Draw k samples of q(z|x) for each row, with ln p(x, z) - ln q(z|x) in nats.

    ``logsumexp(log_w, 0) - ln k`` is the importance-weighted bound on ln p(x) (Burda 2016, eq. 8); its
    mean over draws rises to ln p(x) with k.

    Arguments:
        model: The model; it must have a prior.
        x: Rows on the model's scale.
        k: Samples a row.
        generator: Where the noise comes from.
        common_noise: Give each row the same noise, so that a row's result does not depend on the rows
            beside it. The posterior must be one of vael's laws.
        stop_posterior: Hold q's parameters constant inside ln q, as doubly reparameterised gradients need
            (the samples still carry gradients).
    """
    if model.prior is None:
        raise InputError(
            "this model has no prior, so it has no evidence: an autoencoder cannot do this"
        )
    q_z = model.encoder(x)
    if common_noise and isinstance(q_z, Law):
        z = q_z.distort(q_z.noise((k, 1, *q_z.event_shape), generator))
    else:
        z = draw(q_z, (k,), generator)
    if stop_posterior:
        with torch.no_grad():
            constant = model.encoder(x)
        log_q = constant.log_prob(z)
    else:
        log_q = q_z.log_prob(z)
    log_w = model.decoder(z).log_prob(x) + model.prior().log_prob(z) - log_q
    return WeightedSamples(z, log_w, q_z)
