"""The normal law over vectors, with independent components."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Size, Tensor

from vael.distributions.law import Law

__all__ = ["HALF_LOG_2PI", "DiagonalNormal"]

HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


class DiagonalNormal(Law):
    r"""Normal law with independent components.

    .. math:: \ln N(x; \mu, \sigma^2)
        = -\sum_i \tfrac12 (x_i - \mu_i)^2 / \sigma_i^2 + \ln \sigma_i + \tfrac12 \ln 2\pi

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

    @property
    def log_determinant(self) -> Tensor:
        """The sum of ln sigma, of a shape that broadcasts to ``(*batch,)``: small if all rows share it."""
        shape = (*self.log_scale.shape[:-1], *self.event_shape)
        return self.log_scale.expand(shape).sum(-1)

    def distort(self, noise: Tensor) -> Tensor:
        """Return ``loc + scale * noise``: the reparameterisation (arXiv 1312.6114, section 2.4)."""
        return torch.addcmul(self.loc, self.log_scale.exp(), noise)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-density in nats, summed over the features."""
        standard = (value - self.loc) * (-self.log_scale).exp()
        constant = HALF_LOG_2PI * self.event_shape[0]
        return -0.5 * standard.square().sum(-1) - self.log_determinant - constant

    def entropy(self) -> Tensor:
        """Differential entropy in nats."""
        constant = (0.5 + HALF_LOG_2PI) * self.event_shape[0]
        return (self.log_determinant + constant).expand(self.batch_shape)

    def expand(self, batch_shape: Any, _instance: Any = None) -> DiagonalNormal:
        """Return the law with its batch axes broadcast to `batch_shape`."""
        shape = Size(batch_shape) + self.event_shape
        return type(self)(self.loc.expand(shape), self.log_scale.expand(shape))
