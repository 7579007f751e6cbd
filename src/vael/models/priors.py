"""Priors p(z): modules that return a distribution over the latents."""

from __future__ import annotations

import torch
from torch import Tensor
from zuko.lazy import LazyDistribution

from vael.distributions import DiagonalNormal
from vael.errors import InputError
from vael.specification import part

__all__ = ["StandardNormal"]


@part
class StandardNormal(LazyDistribution):
    """N(0, I).

    Arguments:
        latent: Number of latents.
    """

    def __init__(self, latent: int) -> None:
        super().__init__()
        if latent < 1:
            raise InputError(f"latent dimension must be >= 1, got {latent}")
        self.zeros: Tensor
        self.register_buffer("zeros", torch.zeros(latent), persistent=False)

    def forward(self, c: Tensor | None = None) -> DiagonalNormal:
        """Return the law, of batch shape () and event shape (latent,)."""
        return DiagonalNormal(self.zeros, self.zeros)
