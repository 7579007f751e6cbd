"""The importance-weighted bound."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from vael.errors import InputError
from vael.models import LatentVariableModel, log_weights
from vael.objectives.divergence import divergence
from vael.objectives.reparameterised import check_reparameterised
from vael.objectives.terms import Terms
from vael.specification import part

__all__ = ["IWELBO"]


@part
@dataclass(frozen=True)
class IWELBO:
    r"""Importance-weighted bound with k samples (Burda 2016, eq. 8).

    .. math:: E\left[\ln \frac1k \sum_{i=1}^k \frac{p(x, z_i)}{q(z_i|x)}\right] \le \ln p(x)

    Arguments:
        k: Samples a row.
        doubly_reparameterised: Use the encoder's gradient of Tucker 2019 (arXiv 1810.04152, eq. 8),
            whose signal does not fade as k grows. The bound reported is the same.
        warm_up: Part of training, in [0, 1], over which the samples rise from 1 to k, by equal factors:
            most of what a model has to learn, few samples teach as well at a fraction of the work.
    """

    k: int = 50
    doubly_reparameterised: bool = False
    warm_up: float = 0.0

    def __post_init__(self) -> None:
        if self.k < 1:
            raise InputError(f"k must be >= 1, got {self.k}")
        if not 0 <= self.warm_up <= 1:
            raise InputError(f"warm_up is a part of training, in [0, 1], got {self.warm_up}")

    def draws(self, progress: float) -> int:
        """Return the samples a row at this point of training."""
        rise = 1.0 if self.warm_up == 0 else min(1.0, progress / self.warm_up)
        return round(self.k**rise)

    def weight(self, progress: float) -> float:
        """Return 1: nothing is weighed here."""
        return 1.0

    def __call__(
        self,
        model: LatentVariableModel,
        x: Float[Tensor, "batch features"],
        *,
        generator: Generator | None = None,
        progress: float = 1.0,
    ) -> Terms:
        """Compute the terms of a batch."""
        if model.prior is None:
            raise InputError("the bound needs a prior: give the model one, or use Reconstruction()")
        stop, k = self.doubly_reparameterised, self.draws(progress)
        sampled = log_weights(model, x, k, generator=generator, stop_posterior=stop)
        check_reparameterised(model, sampled.q_z)
        if stop:
            _square_weights(sampled.z, sampled.log_w)
        bound = sampled.log_w.logsumexp(0) - math.log(k)
        with torch.no_grad():
            kl = divergence(sampled.q_z, model.prior(), sampled.z)
        return Terms.of(-bound.mean(), bound, sampled.log_likelihood.mean(0), kl)


def _square_weights(z: Tensor, log_w: Tensor) -> None:
    """Multiply the gradient that passes z_i, on its way to the encoder, by its normalised weight.

    The loss's gradient carries the weight once, which is what the decoder and the prior need; the
    doubly reparameterised estimator needs it squared on the path through the samples.
    """
    if z.requires_grad:
        weights = log_w.detach().softmax(0).unsqueeze(-1)
        z.register_hook(lambda gradient: gradient * weights)
