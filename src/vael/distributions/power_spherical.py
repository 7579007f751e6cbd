"""The power spherical law on a sphere."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from vael.distributions.angles import Family
from vael.distributions.wide import wide
from vael.distributions.zonal import Zonal, log_area, squared_chord

__all__ = ["PowerSpherical"]


class PowerSpherical(Zonal):
    r"""Power spherical law (De Cao & Aziz 2020, arXiv 2006.04437).

    .. math:: p(x) \propto (1 + \mu^T x)^\kappa

    (1 + cosine) / 2 is Beta(kappa + (p - 1) / 2, (p - 1) / 2), whose quantile makes the draws.

    Arguments:
        loc: The mean direction mu, unit vectors of shape ``(*batch, p)``, p >= 2.
        concentration: kappa >= 0, of shape ``(*batch,)``; 0 is the uniform law.
    """

    @property
    def _shapes(self) -> tuple[Tensor, float]:
        half = (self.event_shape[0] - 1) / 2
        return wide(self.concentration) + half, half

    @property
    def _gap(self) -> Tensor:
        """Minus ln of the uniform law's mean of ((1 + cosine) / 2)^kappa."""
        alpha, beta = self._shapes
        at_zero = math.lgamma(2 * beta) - math.lgamma(beta)
        return torch.lgamma(alpha + beta) - torch.lgamma(alpha) - at_zero

    @property
    def mean_cosine(self) -> Tensor:
        """Kappa / (kappa + p - 1)."""
        alpha, beta = self._shapes
        return ((alpha - beta) / (alpha + beta)).to(self.loc.dtype)

    @property
    def mean_square_cosine(self) -> Tensor:
        """The mean of the squared cosine: 1 - 4 E[y (1 - y)] of the Beta law."""
        alpha, beta = self._shapes
        both = alpha + beta
        return (1 - 4 * alpha * beta / (both * (both + 1))).to(self.loc.dtype)

    @property
    def divergence(self) -> Tensor:
        """KL to the uniform law on the sphere, in nats."""
        alpha, beta = self._shapes
        mean_log = torch.digamma(alpha) - torch.digamma(alpha + beta)
        return (self._gap + wide(self.concentration) * mean_log).to(self.loc.dtype)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-density in nats."""
        constant = (self._gap - log_area(self.event_shape[0])).to(self.loc.dtype)
        return constant + self.concentration * _log_half_sum(value, self.loc)

    def _family(self, kappa: Tensor) -> Family:
        """Its statistic is ln((1 + cosine) / 2)."""
        sines = self.event_shape[0] - 2
        cosine = kappa / (kappa + sines)
        mode = 2 * torch.atan2((sines / (kappa + sines)).sqrt(), (1 + cosine).sqrt())
        sharp = (kappa + sines).square() / (2 * kappa + sines)  # (p - 2) / sin^2 of the mode
        return Family(sines, _log_squared_cosine, mode, (kappa / (1 + cosine) + sharp).rsqrt())

    def _fall_on_ordinary_sphere(self, level: Tensor, kappa: Tensor) -> Tensor:
        return -2 * torch.expm1(torch.log1p(-level) / (1 + kappa))


def _log_squared_cosine(theta: Tensor) -> Tensor:
    """Ln((1 + cos theta) / 2)."""
    return torch.log1p(-(theta / 2).sin().square())


def _log_half_sum(x: Tensor, y: Tensor) -> Tensor:
    """Ln((1 + x.y) / 2), by the chord to the nearer of y and -y."""
    near = squared_chord(x, y) / 4
    far = squared_chord(x, -y) / 4
    close = near < 0.5
    opposite = torch.where(close, 1, far).clamp(min=torch.finfo(far.dtype).tiny).log()
    return torch.where(close, torch.log1p(-torch.where(close, near, 0)), opposite)
