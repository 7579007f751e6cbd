"""The Bernoulli law over vectors of binary features."""

from __future__ import annotations

from typing import Any

import torch
from torch import Size, Tensor
from torch.nn.functional import softplus

from vael.distributions.uniform import UniformNoise

__all__ = ["Bernoulli"]


class Bernoulli(UniformNoise):
    r"""Independent binary features.

    .. math:: \ln p(x) = \sum_i x_i l_i - \ln(1 + e^{l_i})

    At greys the same formula is the cross-entropy of old papers, which is no likelihood: see
    `ContinuousBernoulli`.

    Arguments:
        logits: Log-odds of a one, of shape ``(*batch, features)``.
    """

    has_rsample = False

    def __init__(self, logits: Tensor) -> None:
        self.logits = logits
        super().__init__(logits.shape[:-1], logits.shape[-1:])

    @property
    def _like(self) -> Tensor:
        return self.logits

    @property
    def mean(self) -> Tensor:
        """Probability of a one."""
        return self.logits.sigmoid()

    @property
    def mode(self) -> Tensor:
        """The likelier value of each feature."""
        return (self.logits > 0).to(self.logits.dtype)

    @property
    def variance(self) -> Tensor:
        """P (1 - p)."""
        return self.logits.sigmoid() * (-self.logits).sigmoid()

    def distort(self, noise: Tensor) -> Tensor:
        """Return 1 where the noise is below the probability."""
        return (noise < self.mean).to(self.logits.dtype)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-probability in nats, summed over the features."""
        if self.logits.requires_grad or self.logits.dtype != torch.float32:
            return (value * self.logits - softplus(self.logits)).sum(-1)
        return ((value - 0.5) * self.logits).sum(-1) - _half_softplus(self.logits)

    def entropy(self) -> Tensor:
        """Entropy in nats."""
        return (softplus(self.logits) - self.mean * self.logits).sum(-1)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Bernoulli:
        """Return the law with its batch axes broadcast to `batch_shape`."""
        return type(self)(self.logits.expand(Size(batch_shape) + self.event_shape))


def _half_softplus(logits: Tensor) -> Tensor:
    r"""Sum :math:`\ln(1 + e^l) - l/2 = |l|/2 - \ln \sigma(|l|)` over the last axis, without gradients.

    Factors are multiplied before one logarithm is taken of them: each is at least 1/2, so that 63 of them
    keep clear of float32's underflow. It takes two thirds of softplus's time.
    """
    size = logits.abs()
    half = size.sum(-1) / 2
    factors = size.sigmoid_()
    for _ in range(5):
        width = factors.shape[-1]
        if width == 1:
            break
        first = factors[..., : width // 2]
        first *= factors[..., width // 2 : width // 2 * 2]
        if width % 2:
            first[..., 0] *= factors[..., -1]
        factors = first
    return half - factors.log().sum(-1)
