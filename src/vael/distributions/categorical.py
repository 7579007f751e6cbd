"""The categorical law over vectors of few levels."""

from __future__ import annotations

from typing import Any

import torch
from torch import Size, Tensor

from vael.distributions.uniform import UniformNoise

__all__ = ["Categorical"]


class Categorical(UniformNoise):
    r"""Independent features, each with its own probability for every level.

    Level k of m is written as :math:`x = k / (m - 1)`.

    Arguments:
        logits: Unnormalised log-probabilities, of shape ``(*batch, features, levels)``.
    """

    has_rsample = False

    def __init__(self, logits: Tensor) -> None:
        self.logits = logits
        self.levels = logits.shape[-1]
        super().__init__(logits.shape[:-2], logits.shape[-2:-1])

    @property
    def _like(self) -> Tensor:
        return self.logits

    @property
    def probabilities(self) -> Tensor:
        """Probability of each level, of shape ``(*batch, features, levels)``."""
        return self.logits.softmax(-1)

    @property
    def _values(self) -> Tensor:
        count = max(self.levels - 1, 1)
        return torch.arange(self.levels, dtype=self._like.dtype, device=self._like.device) / count

    @property
    def mean(self) -> Tensor:
        """Expected value on the scale k / (levels - 1)."""
        return self.probabilities @ self._values

    @property
    def mode(self) -> Tensor:
        """The likeliest level of each feature."""
        return self._values[self.logits.argmax(-1)]

    @property
    def variance(self) -> Tensor:
        """Variance on the scale k / (levels - 1)."""
        return (self.probabilities * (self._values - self.mean.unsqueeze(-1)).square()).sum(-1)

    def distort(self, noise: Tensor) -> Tensor:
        """Invert the distribution function over the levels."""
        cumulative = self.probabilities.cumsum(-1)[..., :-1]
        return self._values[(noise.unsqueeze(-1) >= cumulative).sum(-1)]

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-probability in nats, summed over the features."""
        index = (value * max(self.levels - 1, 1)).round().long().unsqueeze(-1)
        logits = self.logits.log_softmax(-1)
        shape = torch.broadcast_shapes(index.shape[:-1], logits.shape[:-1])
        picked = logits.expand(*shape, self.levels).gather(-1, index.expand(*shape, 1))
        return picked.squeeze(-1).sum(-1)

    def entropy(self) -> Tensor:
        """Entropy in nats, at most ``features * ln(levels)``."""
        return -(self.probabilities * self.logits.log_softmax(-1)).sum((-2, -1))

    def expand(self, batch_shape: Any, _instance: Any = None) -> Categorical:
        """Return the law with its batch axes broadcast to `batch_shape`."""
        return type(self)(self.logits.expand(*Size(batch_shape), *self.logits.shape[-2:]))
