r"""Coordinates of a logit in which its law's Fisher information is 1: integrals of its square root."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.polynomial import chebyshev, legendre
from scipy.special import zeta
from torch import Tensor
from torch.nn.functional import logsigmoid

from vael.geometry.elementwise import elementwise

__all__ = ["bernoulli_map", "continuous_bernoulli_map", "negative_binomial_map"]


def bernoulli_map(logits: Tensor) -> Tensor:
    r"""Return :math:`2 \arctan e^{l / 2} = 2 \arcsin \sqrt p`, between 0 and pi.

    Its derivative is :math:`\sqrt{p (1 - p)} = 1 / (2 \cosh(l / 2))`, without overflow at any logit.

    See also: Arvanitidis et al. 2022, arXiv 2106.05367.
    """
    return elementwise(logits, _angle, _half_sech)


def _angle(logits: Tensor) -> Tensor:
    # Where e^(l / 2) overflows, its arc tangent is pi / 2 all the same.
    return 2 * (logits / 2).exp().atan()


def _half_sech(logits: Tensor) -> Tensor:
    r""":math:`1 / (2 \cosh(l / 2))`, whose derivative is :math:`-\tanh(l / 2) / 2` times itself."""
    return elementwise(logits, _sech_value, lambda l: -0.5 * (l / 2).tanh() * _half_sech(l))  # noqa: E741


def _sech_value(logits: Tensor) -> Tensor:
    decay = (-logits.abs() / 2).exp()
    return decay / (1 + decay * decay)


def negative_binomial_map(logits: Tensor) -> Tensor:
    r"""Return :math:`2 \sinh^{-1} e^{l / 2}`, to be multiplied by the root of the total count.

    Its derivative is :math:`\sqrt{\sigma(l)}`. In the mean :math:`\mu = r e^l` it is
    :math:`2 \sinh^{-1} \sqrt{\mu / r}`.
    """
    return elementwise(logits, _area, lambda l: (logsigmoid(l) / 2).exp())  # noqa: E741


def _area(logits: Tensor) -> Tensor:
    half = logits.clamp(max=60) / 2
    return torch.where(logits > 60, logits + 2 * np.log(2.0), 2 * half.exp().asinh())


def continuous_bernoulli_map(logits: Tensor) -> Tensor:
    r"""Return :math:`h(l) = \int_0^l \sqrt{A''(t)}\,dt`, the continuous Bernoulli's own arc length.

    A'' is the variance, the Fisher information of the logit: 1/12 at 0, and :math:`1 / l^2` far away, so
    that h goes on like ln |l| for ever: an almost black grey is never black. There is no closed form. Up
    to ``|l| = 40`` h is :math:`\sinh^{-1}(l / \sqrt{12})` and a polynomial in :math:`l^2 / (l^2 + 60)`,
    fitted once to quadratures; beyond, ln |l| and a constant: good to 1e-13. Its derivative is the closed
    form.
    """
    return elementwise(logits, _arc, root_variance)


_EDGE = 40.0  # beyond, A''(l) = 1 / l^2 to float64
_BEND = 60.0
_LAST = _EDGE**2 / (_EDGE**2 + _BEND)
_SLOPE = 12**-0.5
_TERMS = {torch.float64: 30, torch.float32: 12}


def _arc(logits: Tensor) -> Tensor:
    size = logits.abs()
    inner = size.clamp(max=_EDGE)
    square = inner * inner
    share = square / (square + _BEND)
    total = _horner(_fitted(_TERMS.get(logits.dtype, 12)), share * (2 / _LAST) - 1)
    # asinh(l / sqrt(12)) + ln(|l| / 40), as one logarithm: torch's asinh takes eight times as long
    rise = inner * _SLOPE + (square * _SLOPE**2 + 1).sqrt()
    stretch = (size * (1 / _EDGE)).clamp(min=1)
    return torch.addcmul((rise * stretch).log(), share.sqrt(), total).copysign(logits)


@cache
def _fitted(terms: int) -> list[float]:
    """Coefficients of the polynomial, constant first."""

    def rest(t: np.ndarray) -> Any:
        share = _LAST * (t + 1) / 2
        l = np.sqrt(_BEND * share / (1 - share))  # noqa: E741 - the formula's letter
        return (_by_quadrature(l) - np.arcsinh(_SLOPE * l)) / np.sqrt(share)

    return chebyshev.cheb2poly(chebyshev.chebinterpolate(rest, terms)).tolist()


def _by_quadrature(l: np.ndarray) -> np.ndarray:  # noqa: E741 - the formula's letter
    """The integral from 0 to each l up to the edge: Gauss-Legendre over pieces of 1/4."""
    nodes, weights = legendre.leggauss(16)
    starts = np.arange(0, _EDGE, 0.25)

    def pieces(start: np.ndarray, width: np.ndarray) -> np.ndarray:
        at = start[:, None] + width[:, None] * (nodes + 1) / 2
        return width / 2 * (root_variance(torch.from_numpy(at)).numpy() @ weights)

    whole = np.concatenate([[0], pieces(starts, np.full_like(starts, 0.25)).cumsum()])
    number = np.minimum(l / 0.25, len(starts) - 1).astype(int)
    return whole[number] + pieces(starts[number], l - starts[number])


_NEAR = 2.0


def root_variance(logits: Tensor) -> Tensor:
    r"""Return :math:`\sqrt{A''(l)} = \sqrt{1 / l^2 - 1 / (4 \sinh^2(l / 2))}`, differentiable by torch.

    Below ``|l| = 2``, where the difference and its derivatives lose digits, by the series of A'', whose
    radius is 2 pi.
    """
    near = logits.abs() < _NEAR
    inner = torch.where(near, logits, 0.0)
    outer = torch.where(near, _NEAR, logits.abs())
    decay = (-outer / 2).exp()
    lost = outer * decay / (1 - decay * decay)  # l / (2 sinh(l / 2))
    series = _series(18 if logits.dtype == torch.float64 else 8)
    squared = torch.where(near, _horner(series, inner * inner), 1 - lost * lost)
    return squared.sqrt() / torch.where(near, 1.0, outer)


def _horner(coefficients: list[float], x: Tensor) -> Tensor:
    """The polynomial of these coefficients, constant first."""
    total = x * coefficients[-1] + coefficients[-2]
    for coefficient in coefficients[-3::-1]:
        total = torch.addcmul(x.new_tensor(coefficient), total, x)
    return total


@cache
def _series(terms: int) -> list[float]:
    """Coefficients of A'' in l^2, from n = 1 on: (2n - 1) B_2n / (2n)!, by the zeta function."""
    n = np.arange(1, terms + 1)
    return (-((-1.0) ** n) * 2 * (2 * n - 1) * zeta(2 * n) / (2 * np.pi) ** (2 * n)).tolist()
