"""Bernoulli laws over vectors of pixels: binary, and continuous on [0, 1]."""

from __future__ import annotations

from typing import Any, Self

import torch
from torch import Generator, Size, Tensor
from torch.nn.functional import softplus

from vael.distributions.law import Law

__all__ = ["Bernoulli", "ContinuousBernoulli"]

_SERIES_BELOW = (
    0.1  # |logit| under which the closed forms lose digits; the series is exact to 1e-9 here
)


class _Logits(Law):
    """What the two laws share: one logit a feature."""

    def __init__(self, logits: Tensor) -> None:
        self.logits = logits
        super().__init__(logits.shape[:-1], logits.shape[-1:])

    @property
    def _like(self) -> Tensor:
        return self.logits

    def noise(self, shape: tuple[int, ...], generator: Generator | None = None) -> Tensor:
        """Draw uniform noise on [0, 1)."""
        like = self._like
        return torch.rand(shape, generator=generator, dtype=like.dtype, device=like.device)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Self:
        """Return the law with its batch axes broadcast to `batch_shape`."""
        return type(self)(self.logits.expand(Size(batch_shape) + self.event_shape))


class Bernoulli(_Logits):
    r"""Independent binary features.

    .. math:: \ln p(x) = \sum_i x_i l_i - \ln(1 + e^{l_i})

    At greys the same formula is the cross-entropy of old papers, which is no likelihood: see
    `ContinuousBernoulli`.

    Arguments:
        logits: Log-odds of a one, of shape ``(*batch, features)``.
    """

    has_rsample = False

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
        return (value * self.logits - softplus(self.logits)).sum(-1)

    def entropy(self) -> Tensor:
        """Entropy in nats."""
        return (softplus(self.logits) - self.mean * self.logits).sum(-1)


class ContinuousBernoulli(_Logits):
    r"""Independent features on [0, 1] with density proportional to :math:`e^{l x}`.

    .. math:: \ln p(x) = \sum_i x_i l_i - A(l_i), \qquad A(l) = \ln\frac{e^l - 1}{l}

    Written in logits with the series of A near 0 and its asymptotes at both ends, so that it stays a
    density for every finite logit (`torch.distributions.ContinuousBernoulli` clamps: it integrates to
    0.40 at a logit of -40).

    See also: Loaiza-Ganem & Cunningham 2019, arXiv 1907.06845.

    Arguments:
        logits: The natural parameter, of shape ``(*batch, features)``.
    """

    @property
    def log_normaliser(self) -> Tensor:
        """A(l), of the logits' shape."""
        size = self.logits.abs()
        small = size < _SERIES_BELOW
        safe = torch.where(small, 1.0, size)
        square = torch.where(small, self.logits, 0.0).square()
        series = square * (1 / 24 - square * (1 / 2880 - square / 181440))
        # A(l) = l/2 + ln(2 sinh(|l|/2) / |l|), and ln 2 sinh(a/2) = a/2 + ln(1 - e^-a)
        closed = 0.5 * safe + torch.log(-torch.expm1(-safe)) - safe.log()
        return 0.5 * self.logits + torch.where(small, series, closed)

    @property
    def mean(self) -> Tensor:
        """A'(l), of shape ``(*batch, features)``: not the sigmoid."""
        small = self.logits.abs() < _SERIES_BELOW
        safe = torch.where(small, 1.0, self.logits)
        near = torch.where(small, self.logits, 0.0)
        square = near.square()
        series = 0.5 + near * (1 / 12 - square * (1 / 720 - square / 30240))
        return torch.where(small, series, -1 / torch.expm1(-safe) - 1 / safe)

    @property
    def mode(self) -> Tensor:
        """The end of the interval with the higher density."""
        return (self.logits > 0).to(self.logits.dtype)

    @property
    def variance(self) -> Tensor:
        """A''(l)."""
        small = self.logits.abs() < _SERIES_BELOW
        safe = torch.where(small, 1.0, self.logits)
        square = torch.where(small, self.logits, 0.0).square()
        series = 1 / 12 - square * (1 / 240 - square / 6048)
        closed = safe.square().reciprocal() - 0.25 / torch.sinh(0.5 * safe).square()
        return torch.where(small, series, closed)

    def distort(self, noise: Tensor) -> Tensor:
        """Invert the distribution function at uniform noise; gradients flow to the logits."""
        size = self.logits.abs()
        small = size < 1e-3
        safe = torch.where(small, 1.0, size)
        # For l < 0 the inverse is ln(1 + u (e^l - 1)) / l; a positive logit is its mirror image.
        mirrored = torch.where(self.logits > 0, 1 - noise, noise)
        below = torch.log1p(mirrored * torch.expm1(-safe)) / -safe
        value = torch.where(self.logits > 0, 1 - below, below)
        straight = noise + 0.5 * self.logits * noise * (1 - noise)
        return torch.where(small, straight, value).clamp(0, 1)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-density in nats, summed over the features."""
        return (value * self.logits - self.log_normaliser).sum(-1)
