"""Families of posteriors q(z|x): what an encoder's outputs mean."""

from __future__ import annotations

from abc import abstractmethod

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.distributions import Distribution

from vael.distributions import Delta, DiagonalNormal, FullNormal
from vael.errors import InputError
from vael.specification import part

__all__ = [
    "DeltaPosterior",
    "DiagonalNormalPosterior",
    "FullNormalPosterior",
    "Posterior",
    "SharedScalePosterior",
]


class Posterior(nn.Module):
    """A family of laws over the latents, indexed by the outputs of a network.

    Arguments:
        latent: Number of latents.
    """

    def __init__(self, latent: int) -> None:
        super().__init__()
        if latent < 1:
            raise InputError(f"latent dimension must be >= 1, got {latent}")
        self.latent = latent

    @property
    @abstractmethod
    def outputs(self) -> int:
        """How many outputs of the network a row takes."""

    @abstractmethod
    def forward(self, parameters: Float[Tensor, "*batch outputs"]) -> Distribution:
        """Return the law, of batch shape ``(*batch,)`` and event shape ``(latent,)``."""


@part
class DiagonalNormalPosterior(Posterior):
    """Independent normals: the network gives means, then logarithms of standard deviations."""

    @property
    def outputs(self) -> int:
        """Two a latent."""
        return 2 * self.latent

    def forward(self, parameters: Float[Tensor, "*batch outputs"]) -> DiagonalNormal:
        """Return the law."""
        loc, log_scale = parameters.chunk(2, dim=-1)
        return DiagonalNormal(loc, log_scale)


@part
class SharedScalePosterior(Posterior):
    """Independent normals whose scales are the same for every row: the exact family of pPCA."""

    def __init__(self, latent: int) -> None:
        super().__init__(latent)
        self.log_scale = nn.Parameter(torch.zeros(latent))

    @property
    def outputs(self) -> int:
        """One a latent."""
        return self.latent

    def forward(self, parameters: Float[Tensor, "*batch outputs"]) -> DiagonalNormal:
        """Return the law."""
        return DiagonalNormal(parameters, self.log_scale.expand_as(parameters))


@part
class FullNormalPosterior(Posterior):
    """Normals with a full covariance, by its Cholesky factor.

    The network gives the mean, the logarithm of the factor's diagonal, then what lies below it by
    rows.
    """

    def __init__(self, latent: int) -> None:
        super().__init__(latent)
        rows, columns = torch.tril_indices(latent, latent, -1)
        self.below: Tensor
        self.register_buffer("below", rows * latent + columns, persistent=False)

    @property
    def outputs(self) -> int:
        """Mean, and a triangle of the factor."""
        return 2 * self.latent + len(self.below)

    def forward(self, parameters: Float[Tensor, "*batch outputs"]) -> FullNormal:
        """Return the law."""
        k = self.latent
        loc, log_diagonal, rest = parameters.split([k, k, len(self.below)], dim=-1)
        flat = parameters.new_zeros(*loc.shape[:-1], k * k)
        below = flat.index_copy(-1, self.below, rest).unflatten(-1, (k, k))
        return FullNormal(loc, below + torch.diag_embed(log_diagonal.exp()))


@part
class DeltaPosterior(Posterior):
    """A point: the network gives the latents themselves, as in an autoencoder."""

    @property
    def outputs(self) -> int:
        """One a latent."""
        return self.latent

    def forward(self, parameters: Float[Tensor, "*batch outputs"]) -> Delta:
        """Return the law."""
        return Delta(parameters)
