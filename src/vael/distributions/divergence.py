"""Kullback-Leibler divergences: closed form where there is one."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.distributions import Distribution, kl_divergence, register_kl

from vael.distributions.conversion import as_law
from vael.distributions.full_normal import FullNormal
from vael.distributions.normal import DiagonalNormal
from vael.distributions.power_spherical import PowerSpherical
from vael.distributions.sphere_uniform import SphereUniform
from vael.distributions.von_mises_fisher import VonMisesFisher
from vael.distributions.zonal import Zonal

__all__ = ["closed_form_kl", "kl_per_latent"]


def kl_per_latent(q: Distribution, p: Distribution) -> Tensor | None:
    """KL(q || p) of each independent latent, ``(*batch, latent)`` in nats; None if it does not split."""
    q, p = as_law(q), as_law(p)
    if isinstance(q, DiagonalNormal) and isinstance(p, DiagonalNormal):
        return _per_component(q, p)
    return None


def closed_form_kl(q: Distribution, p: Distribution) -> Tensor | None:
    """KL(q || p), ``(*batch,)`` in nats; None where neither vael nor torch knows a closed form."""
    try:
        return kl_divergence(as_law(q), as_law(p))
    except NotImplementedError:
        return None


def _per_component(q: DiagonalNormal, p: DiagonalNormal) -> Tensor:
    log_ratio = q.log_scale - p.log_scale
    shift = (q.loc - p.loc) * (-p.log_scale).exp()
    return 0.5 * ((2 * log_ratio).exp() + shift.square() - 1) - log_ratio


@register_kl(DiagonalNormal, DiagonalNormal)
def _diagonal_diagonal(q: DiagonalNormal, p: DiagonalNormal) -> Tensor:
    return _per_component(q, p).sum(-1)


@register_kl(FullNormal, DiagonalNormal)
def _full_diagonal(q: FullNormal, p: DiagonalNormal) -> Tensor:
    weight = (-2 * p.log_scale).exp()
    quadratic = ((q.variance + (q.loc - p.loc).square()) * weight).sum(-1)
    return 0.5 * (quadratic - q.event_shape[0]) + p.log_determinant - q.log_determinant


@register_kl(FullNormal, FullNormal)
def _full_full(q: FullNormal, p: FullNormal) -> Tensor:
    shift = (q.loc - p.loc).unsqueeze(-1)
    columns = torch.cat([q.scale_tril.expand(*shift.shape[:-1], -1), shift], dim=-1)
    factor = p.scale_tril.expand(*shift.shape[:-1], -1)
    quadratic = torch.linalg.solve_triangular(factor, columns, upper=False).square().sum((-2, -1))
    return 0.5 * (quadratic - q.event_shape[0]) + p.log_determinant - q.log_determinant


@register_kl(DiagonalNormal, FullNormal)
def _diagonal_full(q: DiagonalNormal, p: FullNormal) -> Tensor:
    return _full_full(FullNormal(q.loc, torch.diag_embed(q.stddev)), p)


@register_kl(VonMisesFisher, SphereUniform)
@register_kl(PowerSpherical, SphereUniform)
def _zonal_uniform(q: Zonal, p: SphereUniform) -> Tensor:
    return q.divergence
