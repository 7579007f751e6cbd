"""The base of vael's own laws: cheap to build, and drawn from a generator."""

from __future__ import annotations

import copy
from abc import abstractmethod
from typing import Any

import torch
from torch import Generator, Size, Tensor
from torch.distributions import Distribution

__all__ = ["Law"]


class Law(Distribution):
    r"""A distribution over vectors, built without argument validation.

    Laws are made anew for every batch, so their constructors only store tensors; a check at the
    door of the estimator costs once what a check here would cost at every step. Each law draws by
    transforming noise: ``distort(noise(shape))``, so that the same noise can be given to many rows.
    """

    has_rsample = True
    flat = True  # whether its density is per unit of the coordinates' volume, and its support open in them

    def __init__(self, batch_shape: Size, event_shape: Size) -> None:
        super().__init__(batch_shape, event_shape, validate_args=False)

    @property
    def arg_constraints(self) -> dict[str, Any]:
        """None: nothing is validated."""
        return {}

    @property
    @abstractmethod
    def _like(self) -> Tensor:
        """A tensor whose dtype and device are the law's."""

    @abstractmethod
    def distort(self, noise: Tensor) -> Tensor:
        """Turn noise of shape ``(*shape, *batch, *event)``, or one that broadcasts, into a draw."""

    def noise(self, shape: tuple[int, ...], generator: Generator | None = None) -> Tensor:
        """Draw the noise that `distort` takes: standard normal unless a law says otherwise."""
        like = self._like
        return torch.randn(shape, generator=generator, dtype=like.dtype, device=like.device)

    def draw(self, sample_shape: tuple[int, ...] = (), generator: Generator | None = None) -> Tensor:
        """Draw from the law with a generator; gradients flow where `has_rsample`."""
        shape = (*sample_shape, *self.batch_shape, *self.event_shape)
        return self.distort(self.noise(shape, generator))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draw with gradients, from torch's global generator."""
        if not self.has_rsample:
            raise NotImplementedError(f"{type(self).__name__} has no reparameterised draw")
        return self.draw(tuple(sample_shape))

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draw without gradients, from torch's global generator."""
        with torch.no_grad():
            return self.draw(tuple(sample_shape))

    def detach(self) -> Law:
        """Return the law with its parameters held constant: no gradient passes them."""
        constant = copy.copy(self)
        for name, value in vars(self).items():
            if isinstance(value, Tensor):
                setattr(constant, name, value.detach())
        return constant

    def expand(self, batch_shape: Any, _instance: Any = None) -> Law:
        """Return the law with its batch axes broadcast to `batch_shape`."""
        raise NotImplementedError(f"{type(self).__name__} does not expand")

    def __repr__(self) -> str:
        shapes = (f"{k}: {tuple(v.shape)}" for k, v in vars(self).items() if isinstance(v, Tensor))
        return f"{type(self).__name__}({', '.join(shapes)})"
