"""The KL term that objectives share: closed form where there is one, else from the samples."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.distributions import Distribution

from vael.distributions import closed_form_kl, kl_per_latent

__all__ = ["Divergence", "divergence"]


@dataclass(frozen=True)
class Divergence:
    """KL(q(z|x) || p(z)) in nats.

    Attributes
    ----------
        total: Of shape ``(batch,)``.
        per_latent: The same split over independent latents, ``(batch, latent)``, where it splits.
    """

    total: Tensor
    per_latent: Tensor | None


def divergence(q_z: Distribution, p_z: Distribution, z: Tensor) -> Divergence:
    """Compute the KL; samples z of q, ``(samples, batch, latent)``, serve where no form is known."""
    per_latent = kl_per_latent(q_z, p_z)
    if per_latent is not None:
        return Divergence(per_latent.sum(-1), per_latent)
    total = closed_form_kl(q_z, p_z)
    if total is None:
        total = (q_z.log_prob(z) - p_z.log_prob(z)).mean(0)
    return Divergence(total, None)
