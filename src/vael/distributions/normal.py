"""Normal laws over vectors: diagonal and full covariance."""

from __future__ import annotations

import math
from typing import Any, Self

import torch
from torch import Size, Tensor
from torch.distributions import register_kl

from vael.distributions.law import Law

__all__ = ["DiagonalNormal", "FullNormal"]

HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


class DiagonalNormal(Law):
    r"""Normal law with independent components.

    .. math:: \ln N(x; \mu, \sigma^2) = -\sum_i \tfrac12 (x_i - \mu_i)^2 / \sigma_i^2 + \ln \sigma_i + \tfrac12 \ln 2\pi

    Arguments:
        loc: The mean, of shape ``(*batch, features)``.
        log_scale: The logarithm of the standard deviation; any shape that broadcasts to `loc`.
    """

    def __init__(self, loc: Tensor, log_scale: Tensor) -> None:
        self.loc = loc
        self.log_scale = log_scale
        super().__init__(loc.shape[:-1], loc.shape[-1:])

    @property
    def _like(self) -> Tensor:
        return self.loc

    @property
    def mean(self) -> Tensor:
        """The mean, of shape ``(*batch, features)``."""
        return self.loc

    @property
    def mode(self) -> Tensor:
        """The mode, which is the mean."""
        return self.loc

    @property
    def stddev(self) -> Tensor:
        """The standard deviation of each component."""
        return self.log_scale.exp().expand_as(self.loc)

    @property
    def variance(self) -> Tensor:
        """The variance of each component."""
        return (2 * self.log_scale).exp().expand_as(self.loc)

    def distort(self, noise: Tensor) -> Tensor:
        """Return ``loc + scale * noise``: the reparameterisation (Kingma & Welling 2014, section 2.4)."""
        return torch.addcmul(self.loc, self.log_scale.exp(), noise)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-density in nats, summed over the features."""
        standard = (value - self.loc) * (-self.log_scale).exp()
        log_scale = self.log_scale.expand_as(self.loc).sum(-1)
        return -0.5 * standard.square().sum(-1) - log_scale - HALF_LOG_2PI * self.event_shape[0]

    def entropy(self) -> Tensor:
        """Differential entropy in nats."""
        log_scale = self.log_scale.expand_as(self.loc).sum(-1)
        return log_scale + (0.5 + HALF_LOG_2PI) * self.event_shape[0]

    def expand(self, batch_shape: Any, _instance: Any = None) -> Self:
        """Return the law with its batch axes broadcast to `batch_shape`."""
        shape = Size(batch_shape) + self.event_shape
        return type(self)(self.loc.expand(shape), self.log_scale.expand(shape))


class FullNormal(Law):
    r"""Normal law with full covariance :math:`L L^T`.

    Arguments:
        loc: The mean, of shape ``(*batch, features)``.
        scale_tril: The Cholesky factor L, of shape ``(*batch, features, features)``, positive diagonal.
    """

    def __init__(self, loc: Tensor, scale_tril: Tensor) -> None:
        self.loc = loc
        self.scale_tril = scale_tril
        super().__init__(loc.shape[:-1], loc.shape[-1:])

    @property
    def _like(self) -> Tensor:
        return self.loc

    @property
    def _log_determinant(self) -> Tensor:
        return self.scale_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)

    @property
    def mean(self) -> Tensor:
        """The mean, of shape ``(*batch, features)``."""
        return self.loc

    @property
    def mode(self) -> Tensor:
        """The mode, which is the mean."""
        return self.loc

    @property
    def variance(self) -> Tensor:
        """The variance of each component: the diagonal of the covariance."""
        return self.scale_tril.square().sum(-1)

    def distort(self, noise: Tensor) -> Tensor:
        """Return ``loc + L noise``."""
        return self.loc + (self.scale_tril @ noise.unsqueeze(-1)).squeeze(-1)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-density in nats."""
        centred = (value - self.loc).unsqueeze(-1)
        factor = self.scale_tril.expand(*centred.shape[:-2], *self.scale_tril.shape[-2:])
        standard = torch.linalg.solve_triangular(factor, centred, upper=False).squeeze(-1)
        constant = HALF_LOG_2PI * self.event_shape[0]
        return -0.5 * standard.square().sum(-1) - self._log_determinant - constant

    def entropy(self) -> Tensor:
        """Differential entropy in nats."""
        return self._log_determinant + (0.5 + HALF_LOG_2PI) * self.event_shape[0]

    def expand(self, batch_shape: Any, _instance: Any = None) -> Self:
        """Return the law with its batch axes broadcast to `batch_shape`."""
        shape = Size(batch_shape) + self.event_shape
        return type(self)(self.loc.expand(shape), self.scale_tril.expand(shape + self.event_shape))


def _kl_per_component(q: DiagonalNormal, p: DiagonalNormal) -> Tensor:
    """KL(q || p) of each component, in nats, of shape ``(*batch, features)``."""
    log_ratio = q.log_scale - p.log_scale
    shift = (q.loc - p.loc) * (-p.log_scale).exp()
    return 0.5 * ((2 * log_ratio).exp() + shift.square() - 1) - log_ratio


@register_kl(DiagonalNormal, DiagonalNormal)
def _kl_diagonal_diagonal(q: DiagonalNormal, p: DiagonalNormal) -> Tensor:
    return _kl_per_component(q, p).sum(-1)


@register_kl(FullNormal, DiagonalNormal)
def _kl_full_diagonal(q: FullNormal, p: DiagonalNormal) -> Tensor:
    weight = (-2 * p.log_scale).exp()
    quadratic = ((q.variance + (q.loc - p.loc).square()) * weight).sum(-1)
    log_scale = p.log_scale.expand_as(p.loc).sum(-1)
    return 0.5 * (quadratic - q.event_shape[0]) + log_scale - q._log_determinant
