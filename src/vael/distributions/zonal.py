"""Laws on spheres that are symmetric about a mean direction."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any

import torch
from torch import Generator, Size, Tensor

from vael.distributions.angles import Family, angle_quantile
from vael.distributions.law import Law
from vael.distributions.wide import wide

__all__ = ["Zonal", "log_area", "squared_chord", "unit"]

FLAT = 1e-7  # kappa below which draws are those of this kappa


def log_area(p: int) -> float:
    """Ln of the surface of the unit sphere in R^p, which has dimension p - 1."""
    return math.log(2) + 0.5 * p * math.log(math.pi) - math.lgamma(0.5 * p)


def unit(x: Tensor) -> Tensor:
    """Divide vectors by their lengths; the vector of zeros becomes the first axis."""
    length = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    first = torch.zeros_like(x)
    first[..., 0] = 1
    return torch.where(length > 0, x / torch.where(length > 0, length, 1), first)


class Zonal(Law):
    r"""A law on the unit sphere of R^p whose density depends on the angle to a mean direction alone.

    A draw is an angle, by the quantile of one uniform number, a uniform direction about the axis, and a
    reflection that takes a pole to the mean direction. The pole is the one farther from it: so the map is
    smooth, with small slopes, wherever the mean direction is. Densities are per unit of the sphere's surface.

    Arguments:
        loc: The mean direction, unit vectors of shape ``(*batch, p)``.
        concentration: kappa >= 0, of shape ``(*batch,)``; 0 is the uniform law.
    """

    flat = False

    def __init__(self, loc: Tensor, concentration: Tensor) -> None:
        self.loc = loc
        self.concentration = concentration
        super().__init__(loc.shape[:-1], loc.shape[-1:])

    @property
    def _like(self) -> Tensor:
        return self.loc

    @property
    def mean(self) -> Tensor:
        """The mean direction: the mean on the sphere (Frechet's), which is no average of coordinates."""
        return self.loc

    @property
    def mode(self) -> Tensor:
        """The mean direction."""
        return self.loc

    @property
    @abstractmethod
    def mean_cosine(self) -> Tensor:
        """The mean of cos of the angle: the expectation of the coordinates is as much times `loc`."""

    @property
    @abstractmethod
    def mean_square_cosine(self) -> Tensor:
        """The mean of the squared cosine of the angle."""

    @property
    @abstractmethod
    def divergence(self) -> Tensor:
        """KL to the uniform law on the sphere, in nats."""

    @abstractmethod
    def _family(self, kappa: Tensor) -> Family:
        """The exponential family of the angle; kappa of shape ``(batch, 1)``."""

    @abstractmethod
    def _fall_on_ordinary_sphere(self, level: Tensor, kappa: Tensor) -> Tensor:
        """1 - cosine at a level of its distribution function, for p = 3, where it has a closed form."""

    @property
    def variance(self) -> Tensor:
        """The variance of each coordinate about its expectation."""
        square, cosine = self.mean_square_cosine.unsqueeze(-1), self.mean_cosine.unsqueeze(-1)
        across = (1 - square) / (self.event_shape[0] - 1)
        return across + (square - cosine.square() - across) * self.loc.square()

    def entropy(self) -> Tensor:
        """Differential entropy in nats: that of the uniform law less the KL to it."""
        return log_area(self.event_shape[0]) - self.divergence

    def noise(self, shape: tuple[int, ...], generator: Generator | None = None) -> Tensor:
        """Draw one uniform number, then p - 1 standard normal ones."""
        like = self._like
        noise = torch.randn(shape, generator=generator, dtype=like.dtype, device=like.device)
        level = torch.rand(shape[:-1], generator=generator, dtype=like.dtype, device=like.device)
        return torch.cat([level.unsqueeze(-1), noise[..., 1:]], dim=-1)

    def distort(self, noise: Tensor) -> Tensor:
        """Turn noise of shape ``(*shape, *batch, p)``, or one that broadcasts, into points."""
        fall = self._fall(noise[..., 0]).to(self.loc.dtype).unsqueeze(-1)
        epsilon = torch.finfo(fall.dtype).eps
        fall = fall.clamp(max=2 - 2 * epsilon)
        sine = (fall * (2 - fall)).sqrt()
        side = torch.where(self.loc[..., :1] < 0, -1.0, 1.0).to(self.loc.dtype)
        across = sine * unit(noise[..., 1:])
        y = torch.cat([-side * (1 - fall), across], dim=-1)  # about the pole that is farther from loc
        ahead = torch.cat([self.loc[..., :1] + side, self.loc[..., 1:]], dim=-1)
        reach = (ahead * y).sum(-1, keepdim=True) / (1 + self.loc[..., :1].abs())
        return y - ahead * reach

    def expand(self, batch_shape: Any, _instance: Any = None) -> Zonal:
        """Return the law with its batch axes broadcast to `batch_shape`."""
        shape = Size(batch_shape)
        return type(self)(self.loc.expand(shape + self.event_shape), self.concentration.expand(shape))

    def _fall(self, level: Tensor) -> Tensor:
        """1 - cosine at levels that broadcast with the batch."""
        kappa = wide(self.concentration)
        kappa = kappa + (FLAT - kappa).clamp(min=0).detach()  # unlike a clamp, with its gradient
        tiny = torch.finfo(level.dtype).eps / 4
        level = wide(level).clamp(tiny, 1 - tiny)
        if self.event_shape[0] == 3:
            return self._fall_on_ordinary_sphere(level, kappa)
        flat = kappa.reshape(-1)
        shape = torch.broadcast_shapes(level.shape, self.batch_shape)
        family = self._family(flat.detach().unsqueeze(-1))
        theta = angle_quantile(family, level.expand(shape).reshape(-1, len(flat)), flat)
        return 2 * (theta / 2).sin().square().reshape(shape)


def squared_chord(x: Tensor, y: Tensor) -> Tensor:
    """Squared length of x - y: of unit vectors 2 (1 - cosine), without loss of digits."""
    return (x - y).square().sum(-1)
