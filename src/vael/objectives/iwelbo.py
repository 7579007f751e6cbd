"""The importance-weighted bound."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from vael.distributions import Law, as_law
from vael.errors import InputError
from vael.models import LatentVariableModel, WeightedSamples, log_weights, weigh
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
        resampled: Compute gradients through this many of the k samples only, drawn by their normalised
            weights; the others are weighed without gradients, at less than half the work. The bound is the
            same and the gradient's mean too; its variance is larger, the less the more are kept.
    """

    k: int = 50
    doubly_reparameterised: bool = False
    warm_up: float = 0.0
    resampled: int | None = None

    def __post_init__(self) -> None:
        if self.k < 1:
            raise InputError(f"k must be >= 1, got {self.k}")
        if not 0 <= self.warm_up <= 1:
            raise InputError(f"warm_up is a part of training, in [0, 1], got {self.warm_up}")
        if self.resampled is not None and self.resampled < 1:
            raise InputError(f"resampled must be >= 1, got {self.resampled}")

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
        k = self.draws(progress)
        if self.resampled is not None and self.resampled < k and torch.is_grad_enabled():
            return self._through_few(model, x, k, self.resampled, generator)
        sampled = log_weights(model, x, k, generator=generator, stop_posterior=self.doubly_reparameterised)
        check_reparameterised(model, sampled.q_z)
        if self.doubly_reparameterised:
            _scale_gradient(sampled.z, sampled.log_w.detach().softmax(0))
        bound = sampled.log_w.logsumexp(0) - math.log(k)
        return _terms(model, -bound.mean(), bound, sampled)

    def _through_few(
        self, model: LatentVariableModel, x: Tensor, k: int, few: int, generator: Generator | None
    ) -> Terms:
        """Weigh k samples without gradients, and compute gradients through a few drawn by their weights."""
        q_z = model.encoder(x)
        check_reparameterised(model, q_z)
        law = as_law(q_z)
        if not isinstance(law, Law):
            raise InputError(
                f"resampled needs a posterior that repeats its draws, and {type(q_z).__name__} cannot: "
                "leave it out"
            )
        with torch.no_grad():
            noise = law.noise((k, len(x), *law.event_shape), generator)
            sampled = weigh(model, x, q_z, law.distort(noise))
            if torch.is_autocast_enabled(x.device.type):
                torch.clear_autocast_cache()  # weights that were cast without gradients would get none below
            weights = sampled.log_w.softmax(0)
            chosen = _systematic(weights, few, generator)
        z = law.distort(_picked(noise, chosen))
        kept = weigh(model, x, q_z, z, stop_posterior=self.doubly_reparameterised)
        if self.doubly_reparameterised:
            _scale_gradient(z, weights.gather(0, chosen))
        bound = sampled.log_w.logsumexp(0) - math.log(k)
        surrogate = kept.log_w.mean()  # right gradient, wrong number
        return _terms(model, surrogate.detach() - surrogate - bound.mean(), bound, sampled)


def _terms(model: LatentVariableModel, loss: Tensor, bound: Tensor, sampled: WeightedSamples) -> Terms:
    assert model.prior is not None
    with torch.no_grad():
        kl = divergence(sampled.q_z, model.prior(), sampled.z)
    return Terms.of(loss, bound, sampled.log_likelihood.mean(0), kl)


def _systematic(weights: Tensor, few: int, generator: Generator | None) -> Tensor:
    """Draw places ``(few, n)`` by weights ``(k, n)`` that sum to 1 over k: ``few * w_i`` times in the mean.

    Systematic resampling (Douc 2005, arXiv cs/0507025, section 2.4): one uniform number a row, equal steps.
    """
    n = weights.shape[1]
    start = torch.rand(1, n, generator=generator, dtype=weights.dtype, device=weights.device)
    steps = torch.arange(few, dtype=weights.dtype, device=weights.device).unsqueeze(1)
    heights = ((start + steps) / few).T.contiguous()
    places = torch.searchsorted(weights.cumsum(0).T.contiguous(), heights)
    return places.T.clamp_max(len(weights) - 1)


def _picked(noise: Tensor, chosen: Tensor) -> Tensor:
    """Pick samples ``(few, n, *event)`` of ``(k, n, *event)`` by their places ``(few, n)``."""
    return noise[chosen, torch.arange(chosen.shape[1], device=chosen.device)]


def _scale_gradient(z: Tensor, weights: Tensor) -> None:
    """Multiply the gradient that passes z_i, on its way to the encoder, by its normalised weight.

    The loss's gradient carries the weight once, which is what the decoder and the prior need; the
    doubly reparameterised estimator needs it squared on the path through the samples.
    """
    if z.requires_grad:
        z.register_hook(lambda gradient: gradient * weights.unsqueeze(-1))
