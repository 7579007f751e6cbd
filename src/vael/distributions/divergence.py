"""Kullback-Leibler divergences: closed form where torch has one."""

from __future__ import annotations

from torch import Tensor
from torch.distributions import Distribution, kl_divergence

from vael.distributions.normal import DiagonalNormal, _kl_per_component

__all__ = ["closed_form_kl", "kl_per_latent"]


def kl_per_latent(q: Distribution, p: Distribution) -> Tensor | None:
    """KL(q || p) split over independent latents, ``(*batch, latent)`` in nats; None where it does not split."""
    if isinstance(q, DiagonalNormal) and isinstance(p, DiagonalNormal):
        return _kl_per_component(q, p)
    return None


def closed_form_kl(q: Distribution, p: Distribution) -> Tensor | None:
    """KL(q || p), ``(*batch,)`` in nats; None where torch knows no closed form."""
    try:
        return kl_divergence(q, p)
    except NotImplementedError:
        return None
