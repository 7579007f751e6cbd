"""The point mass: the posterior of an autoencoder."""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Size, Tensor

from vael.distributions.law import Law

__all__ = ["Delta"]


class Delta(Law):
    """All mass at one point.

    Arguments:
        loc: The point, of shape ``(*batch, features)``.
    """

    def __init__(self, loc: Tensor) -> None:
        self.loc = loc
        super().__init__(loc.shape[:-1], loc.shape[-1:])

    @property
    def _like(self) -> Tensor:
        return self.loc

    @property
    def mean(self) -> Tensor:
        """The point."""
        return self.loc

    @property
    def mode(self) -> Tensor:
        """The point."""
        return self.loc

    @property
    def variance(self) -> Tensor:
        """Zero."""
        return torch.zeros_like(self.loc)

    def noise(self, shape: tuple[int, ...], generator: Generator | None = None) -> Tensor:
        """Return zeros: nothing is random here, and the generator is left as it was."""
        return self.loc.new_zeros(()).expand(shape)

    def distort(self, noise: Tensor) -> Tensor:
        """Return the point, once for each draw."""
        return self.loc.expand(torch.broadcast_shapes(noise.shape, self.loc.shape))

    def log_prob(self, value: Tensor) -> Tensor:
        """Log of the mass: 0 at the point, minus infinity elsewhere."""
        here = (value == self.loc).all(-1)
        return torch.where(here, 0.0, -torch.inf).to(self.loc.dtype)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Delta:
        """Return the law with its batch axes broadcast to `batch_shape`."""
        return type(self)(self.loc.expand(Size(batch_shape) + self.event_shape))
