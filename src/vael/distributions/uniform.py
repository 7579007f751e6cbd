"""Uniform noise, which the laws on bounded sets draw from."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from vael.distributions.law import Law

__all__ = ["UniformNoise"]


class UniformNoise(Law):
    """A law whose draws are made from uniform noise inside (0, 1)."""

    def noise(self, shape: tuple[int, ...], generator: Generator | None = None) -> Tensor:
        """Draw uniform noise, never 0 or 1, nor so small that one minus it is 1."""
        like = self._like
        noise = torch.rand(shape, generator=generator, dtype=like.dtype, device=like.device)
        return noise.clamp(min=torch.finfo(like.dtype).eps / 2)  # the step of torch.rand
