"""The uniform law on a sphere."""

from __future__ import annotations

from typing import Any

import torch
from torch import Size, Tensor

from vael.distributions.law import Law
from vael.distributions.zonal import log_area, unit

__all__ = ["SphereUniform"]


class SphereUniform(Law):
    """Uniform law on the unit sphere of R^p; its density is one over the sphere's surface.

    Arguments:
        like: A tensor of shape ``(*batch, p)``, whose shape, dtype and device the law takes.
    """

    flat = False

    def __init__(self, like: Tensor) -> None:
        self.like = like
        super().__init__(like.shape[:-1], like.shape[-1:])

    @property
    def _like(self) -> Tensor:
        return self.like

    def distort(self, noise: Tensor) -> Tensor:
        """Divide normal noise by its length."""
        return unit(noise)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-density in nats: minus ln of the surface."""
        shape = torch.broadcast_shapes(value.shape[:-1], self.batch_shape)
        return value.new_full(shape, -log_area(self.event_shape[0]))

    def entropy(self) -> Tensor:
        """Differential entropy in nats."""
        return self.like.new_full(self.batch_shape, log_area(self.event_shape[0]))

    def expand(self, batch_shape: Any, _instance: Any = None) -> SphereUniform:
        """Return the law with its batch axes broadcast to `batch_shape`."""
        return type(self)(self.like.expand(Size(batch_shape) + self.event_shape))
