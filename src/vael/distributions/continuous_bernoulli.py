"""The continuous Bernoulli law over vectors of greys."""

from __future__ import annotations

from typing import Any

import torch
from torch import Size, Tensor

from vael.distributions.uniform import UniformNoise

__all__ = ["ContinuousBernoulli"]

# A(l) = l / 2 + sum_n c_n l^(2n), with c_n = B_2n / (2n (2n)!): below half a unit these five terms
# are exact in float64, where the closed forms lose digits.
_SERIES_BELOW = 0.5
_SERIES = (1 / 24, -1 / 2880, 1 / 181440, -1 / 9676800, 1 / 479001600)
_SLOPE = tuple(2 * n * c for n, c in enumerate(_SERIES, 1))
_CURVATURE = tuple((2 * n - 1) * c for n, c in enumerate(_SLOPE, 1))


def _polynomial(coefficients: tuple[float, ...], square: Tensor) -> Tensor:
    """Sum of ``coefficients[n] * square ** n``, by Horner's rule."""
    total = torch.full_like(square, coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        total = total * square + coefficient
    return total


class ContinuousBernoulli(UniformNoise):
    r"""Independent features on [0, 1] with density proportional to :math:`e^{l x}`.

    .. math:: \ln p(x) = \sum_i x_i l_i - A(l_i), \qquad A(l) = \ln\frac{e^l - 1}{l}

    Written in logits, with the series of A near 0 and forms that never overflow elsewhere, so that
    it stays a density, with derivatives of any order, for every finite logit
    (`torch.distributions.ContinuousBernoulli` clamps: it integrates to 0.40 at a logit of -40).

    See also: Loaiza-Ganem & Cunningham 2019, arXiv 1907.06845.

    Arguments:
        logits: The natural parameter, of shape ``(*batch, features)``.
    """

    def __init__(self, logits: Tensor) -> None:
        self.logits = logits
        super().__init__(logits.shape[:-1], logits.shape[-1:])

    @property
    def _like(self) -> Tensor:
        return self.logits

    def _split(self, below: float) -> tuple[Tensor, Tensor, Tensor]:
        """Where ``|l| < below``; l there, else 0; ``-|l|`` elsewhere, else -1."""
        small = self.logits.abs() < below
        near = torch.where(small, self.logits, 0.0)
        far = torch.where(small, -1.0, -self.logits.abs())
        return small, near, far

    @property
    def log_normaliser(self) -> Tensor:
        """A(l), of the logits' shape."""
        small, near, far = self._split(_SERIES_BELOW)
        square = near.square()
        series = near / 2 + square * _polynomial(_SERIES, square)
        # A(l) = max(l, 0) + ln((e^-|l| - 1) / -|l|)
        closed = self.logits.relu() + torch.log(torch.expm1(far) / far)
        return torch.where(small, series, closed)

    @property
    def mean(self) -> Tensor:
        """A'(l), of shape ``(*batch, features)``: not the sigmoid."""
        small, near, far = self._split(_SERIES_BELOW)
        series = 0.5 + near * _polynomial(_SLOPE, near.square())
        dark = far.exp() / torch.expm1(far) - 1 / far  # the mean at -|l|
        return torch.where(small, series, torch.where(self.logits > 0, 1 - dark, dark))

    @property
    def mode(self) -> Tensor:
        """The end of the interval with the higher density."""
        return (self.logits > 0).to(self.logits.dtype)

    @property
    def variance(self) -> Tensor:
        """A''(l)."""
        small, near, far = self._split(_SERIES_BELOW)
        series = _polynomial(_CURVATURE, near.square())
        closed = far.square().reciprocal() - far.exp() / torch.expm1(far).square()
        return torch.where(small, series, closed)

    def distort(self, noise: Tensor) -> Tensor:
        """Invert the distribution function at uniform noise; gradients flow to the logits."""
        # Where rounding in the closed form's gradient (eps / l) meets what the series leaves out (l^2).
        small, near, far = self._split(torch.finfo(self.logits.dtype).eps ** (1 / 3))
        odd = 1 - 2 * noise
        series = noise + near / 2 * noise * (1 - noise) * (1 + near / 3 * odd)
        # For l < 0 the inverse is ln(1 + u (e^l - 1)) / l; a positive logit is its mirror image.
        mirrored = torch.where(self.logits > 0, 1 - noise, noise)
        dark = torch.log1p(mirrored * torch.expm1(far)) / far
        closed = torch.where(self.logits > 0, 1 - dark, dark)
        return torch.where(small, series, closed).clamp(0, 1)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-density in nats, summed over the features."""
        return (value * self.logits - self.log_normaliser).sum(-1)

    def entropy(self) -> Tensor:
        """Differential entropy in nats: never above 0, that of the uniform law."""
        return (self.log_normaliser - self.mean * self.logits).sum(-1)

    def expand(self, batch_shape: Any, _instance: Any = None) -> ContinuousBernoulli:
        """Return the law with its batch axes broadcast to `batch_shape`."""
        return type(self)(self.logits.expand(Size(batch_shape) + self.event_shape))
