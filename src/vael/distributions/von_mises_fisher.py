"""The von Mises-Fisher law on a sphere."""

from __future__ import annotations

import torch
from torch import Tensor

from vael.distributions.angles import Family
from vael.distributions.tilting import tilted
from vael.distributions.zonal import Zonal, log_area, squared_chord

__all__ = ["VonMisesFisher"]


class VonMisesFisher(Zonal):
    r"""Von Mises-Fisher law: the normal law's restriction to the sphere (Davidson 2018, arXiv 1804.00891).

    .. math:: p(x) = \frac{\kappa^{p/2-1}}{(2\pi)^{p/2} I_{p/2-1}(\kappa)} e^{\kappa \mu^T x}

    The normaliser and its derivatives are right in all dimensions, kappa from 0 to 1e6 and beyond, in either
    precision; draws have unbiased gradients, which those of rejection have not.

    Arguments:
        loc: The mean direction mu, unit vectors of shape ``(*batch, p)``, p >= 2.
        concentration: kappa >= 0, of shape ``(*batch,)``; 0 is the uniform law.
    """

    @property
    def mean_cosine(self) -> Tensor:
        """I_{p/2}(kappa) / I_{p/2-1}(kappa)."""
        return tilted(self.event_shape[0], self.concentration).mean.to(self.loc.dtype)

    @property
    def mean_square_cosine(self) -> Tensor:
        """The mean of the squared cosine: 1 - (p - 1) mean / kappa."""
        p, kappa = self.event_shape[0], self.concentration
        mean = tilted(p, kappa).mean
        flat = kappa < 1e-6
        ratio = torch.where(flat, 1 / p, mean / torch.where(flat, 1, kappa))
        return (1 - (p - 1) * ratio).to(self.loc.dtype)

    @property
    def divergence(self) -> Tensor:
        """KL to the uniform law on the sphere, in nats."""
        return tilted(self.event_shape[0], self.concentration).divergence.to(self.loc.dtype)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-density in nats."""
        p = self.event_shape[0]
        constant = (tilted(p, self.concentration).gap - log_area(p)).to(self.loc.dtype)
        return constant - 0.5 * self.concentration * squared_chord(value, self.loc)

    def _family(self, kappa: Tensor) -> Family:
        """Its statistic is cos(theta) - 1."""
        sines = self.event_shape[0] - 2
        root = (sines**2 + 4 * kappa.square()).sqrt()
        sharp = (sines + root) / 2  # (p - 2) / sin^2 of the mode
        cosine = kappa / sharp
        mode = torch.atan2((sines / sharp).sqrt(), cosine)
        return Family(sines, _less_than_one, mode, (kappa * cosine + sharp).rsqrt())

    def _fall_on_ordinary_sphere(self, level: Tensor, kappa: Tensor) -> Tensor:
        return -torch.log1p(level * torch.expm1(-2 * kappa)) / kappa


def _less_than_one(theta: Tensor) -> Tensor:
    """Cos(theta) - 1."""
    return -2 * (theta / 2).sin().square()
