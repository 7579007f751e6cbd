"""Importance weights: the one place where ln p(x, z) - ln q(z|x) is computed."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Generator, Tensor
from torch.distributions import Distribution

from vael.distributions import Delta, Law, as_law, draw
from vael.errors import InputError
from vael.models.latent_variable_model import LatentVariableModel

__all__ = ["WeightedSamples", "log_weights", "weigh"]

TILE = (
    1024  # rows decoded together where no gradient is wanted, so that what comes of them stays in the cache
)


@dataclass(frozen=True)
class WeightedSamples:
    """Samples of the posterior with their importance weights.

    Attributes
    ----------
        z: Samples, of shape ``(k, n, latent)``.
        log_w: ln p(x, z) - ln q(z|x) in nats, of shape ``(k, n)``.
        q_z: The posterior that they were drawn from, of batch shape ``(n,)``.
        log_likelihood: ln p(x|z) in nats, of shape ``(k, n)``.
    """

    z: Tensor
    log_w: Tensor
    q_z: Distribution
    log_likelihood: Tensor


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

    ``logsumexp(log_w, 0) - ln k`` is the importance-weighted bound on ln p(x) (Burda 2016, eq. 8);
    its mean over draws rises to ln p(x) with k.

    Arguments:
        model: The model; it must have a prior, and a posterior with a density.
        x: Rows on the model's scale.
        k: Samples a row.
        generator: Where the noise comes from.
        common_noise: Give each row the same noise, so that a row's result does not depend on the
            rows beside it. A posterior that is no normal over vectors and no law of vael's is drawn
            row by row.
        stop_posterior: Hold q's parameters constant inside ln q, as doubly reparameterised gradients
            need (the samples still carry gradients).
    """
    if model.prior is None:
        raise InputError("this model has no prior, so it has no evidence: an autoencoder cannot do this")
    if k < 1:
        raise InputError(f"k must be >= 1, got {k}")
    q_z = model.encoder(x)
    if isinstance(q_z, Delta):
        raise InputError(
            "a point posterior has no density, so it gives no evidence: choose posterior='diagonal'"
        )
    law = as_law(q_z)
    if not common_noise:
        z = draw(q_z, (k,), generator)
    elif isinstance(law, Law):
        z = law.distort(law.noise((k, 1, *law.event_shape), generator))
    else:
        z = _drawn_row_by_row(model, x, k, generator)
    return weigh(model, x, q_z, z, stop_posterior=stop_posterior)


def weigh(
    model: LatentVariableModel,
    x: Float[Tensor, "n features"],
    q_z: Distribution,
    z: Float[Tensor, "k n latent"],
    *,
    stop_posterior: bool = False,
) -> WeightedSamples:
    """Weigh samples that are drawn already: ln p(x, z) - ln q(z|x) in nats; arguments: `log_weights`.

    Arguments:
        model: The model; it must have a prior.
        x: Rows on the model's scale.
        q_z: The law that the samples were drawn from.
        z: The samples.
        stop_posterior: See `log_weights`.
    """
    assert model.prior is not None
    log_q = _through_samples(q_z, z) if stop_posterior else q_z.log_prob(z)
    log_likelihood = _log_likelihood(model, x, z)
    log_w = log_likelihood + model.prior().log_prob(z) - log_q
    return WeightedSamples(z, log_w, q_z, log_likelihood)


def _log_likelihood(model: LatentVariableModel, x: Tensor, z: Tensor) -> Tensor:
    """Ln p(x|z), of shape ``(k, n)``; without gradients tile by tile, which saves a third of the time."""
    together = max(1, TILE // len(x))
    if torch.is_grad_enabled() or together >= len(z):
        return model.decoder(z).log_prob(x)
    return torch.cat([model.decoder(part).log_prob(x) for part in z.split(together)])


def _drawn_row_by_row(model: LatentVariableModel, x: Tensor, k: int, generator: Generator | None) -> Tensor:
    """Draw ``(k, n, latent)``, each row from the same state of the generator."""
    source = generator or Generator().manual_seed(int(torch.randint(2**62, ())))
    state = source.get_state()
    rows: list[Tensor] = []
    for row in x:
        source.set_state(state)
        rows.append(draw(model.encoder(row.unsqueeze(0)), (k,), source))
    return torch.cat(rows, dim=1)


def _through_samples(q_z: Distribution, z: Tensor) -> Tensor:
    """Ln q(z|x) whose gradient reaches z alone, and not q's parameters."""
    if not z.requires_grad:
        return q_z.log_prob(z).detach()
    if isinstance(q_z, Law):
        return q_z.detach().log_prob(z)
    # No law to hold constant: linearise ln q around the samples, which has the same value and slope.
    still = z.detach().requires_grad_()
    log_q = q_z.log_prob(still)
    (slope,) = torch.autograd.grad(log_q.sum(), still, retain_graph=True)
    return log_q.detach() + (slope * (z - still.detach())).sum(-1)
