"""The discretised logistic law over vectors of integer levels."""

from __future__ import annotations

from typing import Any

import torch
from torch import Size, Tensor
from torch.nn.functional import logsigmoid, softplus

from vael.distributions.uniform import UniformNoise

__all__ = ["DiscretisedLogistic"]


class DiscretisedLogistic(UniformNoise):
    r"""Logistic density integrated over the bin of each level (Salimans 2017, arXiv 1701.05517).

    Level k of m is written as :math:`x = k / (m - 1)`; its bin is :math:`x \pm 1 / (2 (m - 1))`, the
    first and the last bin reach to infinity, so the masses of the m levels sum to one.

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
        """Mean of the logistic draw held to [0, 1]: the law's own to within half a level.

        E[clamp(y, 0, 1)] is the integral of P(y > t) over [0, 1].
        """
        scale = self.log_scale.exp()
        return scale * (softplus(self.loc / scale) - softplus((self.loc - 1) / scale))

    @property
    def mode(self) -> Tensor:
        """The likeliest level: the one nearest to the centre, or an end, which holds a whole tail."""
        near = self._round(self.loc)
        ends = torch.zeros_like(near), torch.ones_like(near)
        candidates = torch.stack([near, *ends])
        best = self._log_mass(candidates).argmax(0, keepdim=True)
        return candidates.gather(0, best).squeeze(0)

    def _round(self, value: Tensor) -> Tensor:
        return (value.clamp(0, 1) * (self.levels - 1)).round() / (self.levels - 1)

    def distort(self, noise: Tensor) -> Tensor:
        """Round a logistic draw to the levels."""
        return self._round(self.loc + self.log_scale.exp() * (noise.log() - torch.log1p(-noise)))

    def _log_mass(self, value: Tensor) -> Tensor:
        """Log-mass of each feature's value, in nats."""
        half = 0.5 / (self.levels - 1)
        precision = (-self.log_scale).exp()
        lower = (value - half - self.loc) * precision
        upper = (value + half - self.loc) * precision
        # ln(s(b) - s(a)) = b + ln(1 - e^(a-b)) - softplus(a) - softplus(b), without cancellation
        width = (2 * half * precision).clamp(min=torch.finfo(self.loc.dtype).tiny)
        inner = upper + torch.log(-torch.expm1(-width)) - softplus(lower) - softplus(upper)
        first, last = value < half, value > 1 - half
        return torch.where(first, logsigmoid(upper), torch.where(last, -softplus(lower), inner))

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-mass in nats, summed over the features."""
        return self._log_mass(value).sum(-1)

    def expand(self, batch_shape: Any, _instance: Any = None) -> DiscretisedLogistic:
        """Return the law with its batch axes broadcast to `batch_shape`."""
        shape = Size(batch_shape) + self.event_shape
        return type(self)(self.loc.expand(shape), self.log_scale.expand(shape), self.levels)
