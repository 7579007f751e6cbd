"""Laws over integer levels 0 ... m-1, written as values k / (m - 1) on [0, 1]."""

from __future__ import annotations

from typing import Any, Self

import torch
from torch import Generator, Size, Tensor
from torch.nn.functional import logsigmoid, softplus

from vael.distributions.law import Law

__all__ = ["Categorical", "DiscretisedLogistic"]


class DiscretisedLogistic(Law):
    r"""Logistic density integrated over the bin of each level (Salimans 2017, arXiv 1701.05517).

    Level k is written as :math:`x = k / (m - 1)`; its bin is :math:`x \pm 1 / (2 (m - 1))`, the first and
    the last bin reach to infinity, so the masses of the m levels sum to one.

    Arguments:
        loc: Centre on the scale of x, of shape ``(*batch, features)``.
        log_scale: Logarithm of the logistic scale, of the same shape.
        levels: The number m of levels.
    """

    has_rsample = False

    def __init__(self, loc: Tensor, log_scale: Tensor, levels: int = 256) -> None:
        self.loc = loc
        self.log_scale = log_scale
        self.levels = levels
        super().__init__(loc.shape[:-1], loc.shape[-1:])

    @property
    def _like(self) -> Tensor:
        return self.loc

    @property
    def mean(self) -> Tensor:
        """The centre, held to [0, 1] (the exact mean differs by the tails outside)."""
        return self.loc.clamp(0, 1)

    @property
    def mode(self) -> Tensor:
        """The level nearest to the centre."""
        return (self.loc.clamp(0, 1) * (self.levels - 1)).round() / (self.levels - 1)

    def noise(self, shape: tuple[int, ...], generator: Generator | None = None) -> Tensor:
        """Draw uniform noise inside (0, 1)."""
        like = self._like
        tiny = torch.finfo(like.dtype).tiny
        noise = torch.rand(shape, generator=generator, dtype=like.dtype, device=like.device)
        return noise.clamp(min=tiny)

    def distort(self, noise: Tensor) -> Tensor:
        """Round a logistic draw to the levels."""
        value = self.loc + self.log_scale.exp() * (noise.log() - torch.log1p(-noise))
        return (value.clamp(0, 1) * (self.levels - 1)).round() / (self.levels - 1)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-mass in nats, summed over the features."""
        half = 0.5 / (self.levels - 1)
        precision = (-self.log_scale).exp()
        lower = (value - half - self.loc) * precision
        upper = (value + half - self.loc) * precision
        # ln(s(b) - s(a)) = b + ln(1 - e^(a-b)) - softplus(a) - softplus(b), without cancellation
        width = (2 * half * precision).clamp(min=torch.finfo(self.loc.dtype).tiny)
        inner = upper + torch.log(-torch.expm1(-width)) - softplus(lower) - softplus(upper)
        first, last = value < half, value > 1 - half
        mass = torch.where(first, logsigmoid(upper), torch.where(last, -softplus(lower), inner))
        return mass.sum(-1)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Self:
        """Return the law with its batch axes broadcast to `batch_shape`."""
        shape = Size(batch_shape) + self.event_shape
        return type(self)(self.loc.expand(shape), self.log_scale.expand(shape), self.levels)


class Categorical(Law):
    r"""Independent features, each with its own probability for every level.

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

    def noise(self, shape: tuple[int, ...], generator: Generator | None = None) -> Tensor:
        """Draw uniform noise on [0, 1)."""
        like = self._like
        return torch.rand(shape, generator=generator, dtype=like.dtype, device=like.device)

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

    def expand(self, batch_shape: Any, _instance: Any = None) -> Self:
        """Return the law with its batch axes broadcast to `batch_shape`."""
        return type(self)(self.logits.expand(*Size(batch_shape), *self.logits.shape[-2:]))
