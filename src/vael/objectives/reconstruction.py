"""Reconstruction only: the objective of an autoencoder."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from vael.distributions import draw
from vael.models import LatentVariableModel
from vael.objectives.divergence import Divergence
from vael.objectives.terms import Terms
from vael.specification import part

__all__ = ["Reconstruction"]


@part
@dataclass(frozen=True)
class Reconstruction:
    """E_q[ln p(x|z)], no KL: a bound on nothing, reported as the reconstruction's log-likelihood."""

    def draws(self, progress: float) -> int:
        """Return 1 sample a row."""
        return 1

    def weight(self, progress: float) -> float:
        """Return 0: there is no KL."""
        return 0.0

    def __call__(
        self,
        model: LatentVariableModel,
        x: Float[Tensor, "batch features"],
        *,
        generator: Generator | None = None,
        progress: float = 1.0,
    ) -> Terms:
        """Compute the terms of a batch."""
        z = draw(model.encoder(x), (), generator)
        log_likelihood = model.decoder(z).log_prob(x)
        kl = Divergence(torch.zeros_like(log_likelihood), None)
        return Terms.of(-log_likelihood.mean(), log_likelihood, log_likelihood, kl)
