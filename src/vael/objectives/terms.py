"""What an objective returns, and what an objective is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from jaxtyping import Float
from torch import Generator, Tensor

from vael.models import LatentVariableModel
from vael.objectives.divergence import Divergence

__all__ = ["Objective", "Terms"]


@dataclass(frozen=True)
class Terms:
    """The terms of an objective on a batch, in nats a row.

    Attributes
    ----------
        loss: Scalar with gradients: what training minimises, averaged over the batch once.
        bound: The bound on ln p(x) that the objective is named after, at beta = 1, of shape
            (batch,).
        log_likelihood: E_q[ln p(x|z)], of shape (batch,).
        kl: KL(q(z|x) || p(z)), of shape (batch,).
        kl_per_latent: The same split over the latents, (batch, latent), where it splits.
    """

    loss: Tensor
    bound: Tensor
    log_likelihood: Tensor
    kl: Tensor
    kl_per_latent: Tensor | None

    @classmethod
    def of(cls, loss: Tensor, bound: Tensor, log_likelihood: Tensor, kl: Divergence) -> Terms:
        """Keep the loss's gradients, and no other."""
        split = None if kl.per_latent is None else kl.per_latent.detach()
        return cls(loss, bound.detach(), log_likelihood.detach(), kl.total.detach(), split)


@runtime_checkable
class Objective(Protocol):
    """A small object that is called with a model and a batch and returns `Terms`."""

    def __call__(
        self,
        model: LatentVariableModel,
        x: Float[Tensor, "batch features"],
        *,
        generator: Generator | None = None,
        progress: float = 1.0,
    ) -> Terms:
        """Compute the terms; `progress` in [0, 1] says how much of training has passed."""
        ...

    def draws(self, progress: float) -> int:
        """Return the samples of z a row at this point of training."""
        ...

    def weight(self, progress: float) -> float:
        """Return the weight of the KL in the loss at this point of training."""
        ...
