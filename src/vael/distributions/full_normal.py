"""The normal law over vectors, with full covariance."""

from __future__ import annotations

from typing import Any

import torch
from torch import Size, Tensor

from vael.distributions.law import Law
from vael.distributions.normal import HALF_LOG_2PI

__all__ = ["FullNormal"]


class FullNormal(Law):
    r"""Normal law with full covariance :math:`L L^T`.

    Arguments:
        loc: The mean, of shape ``(*batch, features)``.
        scale_tril: The Cholesky factor L, of shape ``(*batch, features, features)``, with a positive
            diagonal.
    """

    def __init__(self, loc: Tensor, scale_tril: Tensor) -> None:
        self.loc = loc
        self.scale_tril = scale_tril
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
    def variance(self) -> Tensor:
        """The variance of each component: the diagonal of the covariance."""
        return self.scale_tril.square().sum(-1)

    @property
    def log_determinant(self) -> Tensor:
        """Ln |L|, half that of the covariance."""
        return self.scale_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)

    def distort(self, noise: Tensor) -> Tensor:
        """Return ``loc + L noise``."""
        return self.loc + (self.scale_tril @ noise.unsqueeze(-1)).squeeze(-1)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-density in nats."""
        centred = (value - self.loc).unsqueeze(-1)
        factor = self.scale_tril.expand(*centred.shape[:-2], *self.scale_tril.shape[-2:])
        standard = torch.linalg.solve_triangular(factor, centred, upper=False).squeeze(-1)
        constant = HALF_LOG_2PI * self.event_shape[0]
        return -0.5 * standard.square().sum(-1) - self.log_determinant - constant

    def entropy(self) -> Tensor:
        """Differential entropy in nats."""
        return self.log_determinant + (0.5 + HALF_LOG_2PI) * self.event_shape[0]

    def expand(self, batch_shape: Any, _instance: Any = None) -> FullNormal:
        """Return the law with its batch axes broadcast to `batch_shape`."""
        shape = Size(batch_shape) + self.event_shape
        return type(self)(self.loc.expand(shape), self.scale_tril.expand(shape + self.event_shape))
