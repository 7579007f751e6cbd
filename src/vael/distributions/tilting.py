r"""The uniform law on a sphere, tilted by :math:`e^{\kappa t}`: modified Bessel functions of any order.

With t one coordinate of a uniform point on the unit sphere of R^p and v = p/2 - 1,

.. math:: M(\kappa) = E[e^{\kappa t}] = \Gamma(v + 1) (2/\kappa)^v I_v(\kappa), \qquad
    \frac{M'}{M} = \frac{I_{v+1}(\kappa)}{I_v(\kappa)} = E_\kappa[t].

What is computed is ``gap`` = kappa - ln M, which neither over- nor underflows, in any dimension: at orders of
24 and more by Debye's expansion, uniform in kappa (DLMF 10.41.3); below them by the recurrence downwards,
which is stable. On the ordinary sphere, p = 3, M is sinh(kappa) / kappa.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import torch
from jaxtyping import Float
from torch import Tensor

from vael.distributions.wide import wide

__all__ = ["Tilted", "tilted"]

TERMS = 12  # of Debye's expansion
LEAST = 24.0  # order from which it is good to 1e-15
SMALL = 0.1  # kappa below which the ordinary sphere's mean is summed as a series


@dataclass(frozen=True)
class Tilted:
    """Two functions of kappa, in float64 and with gradients.

    Attributes:
        kappa: Where they are.
        gap: kappa - ln M(kappa), from 0 at kappa = 0.
        mean: The mean of t, in [0, 1).
        lack: 1 - mean, the derivative of the gap, with digits of its own.
    """

    kappa: Tensor
    gap: Tensor
    mean: Tensor
    lack: Tensor

    @property
    def divergence(self) -> Tensor:
        """KL from the tilted law to the uniform one, kappa mean - ln M, in nats."""
        return self.gap - self.kappa * self.lack


def tilted(p: int, kappa: Float[Tensor, "*batch"]) -> Tilted:
    """Compute the functions in R^p; kappa is finite and not negative."""
    kappa = wide(kappa)
    if p == 3:
        return _ordinary(kappa)
    order = p / 2 - 1
    steps = max(0, math.ceil(LEAST - order))
    top = order + steps
    gap, lack = _debye(top, kappa)
    mean = kappa / (2 * top + 2) * (gap - _debye(top + 1, kappa)[0]).exp()
    for step in range(
        1, steps + 1
    ):  # from order v + 1 to v: M_v / M_(v+1) = 1 + kappa mean_(v+1) / (2 v + 2)
        twice = 2 * (top - step) + 2
        whole = twice + kappa * mean
        gap = gap - torch.log1p(kappa * mean / twice)
        mean, lack = kappa / whole, (twice - kappa * lack) / whole
    return Tilted(kappa, gap, torch.where(mean < 0.5, mean, 1 - lack), lack)


def _ordinary(kappa: Tensor) -> Tilted:
    """On the ordinary sphere: M = sinh(kappa) / kappa, mean coth(kappa) - 1 / kappa."""
    few, many = kappa.clamp(max=SMALL), kappa.clamp(min=SMALL)
    square = few.square()
    series = 1 / 3 - square * (1 / 45 - square * (2 / 945 - square * (1 / 4725 - square * 2 / 93555)))
    beyond = torch.expm1(-2 * many)  # -(1 - e^(-2 kappa))
    lack = torch.where(kappa < SMALL, 1 - few * series, 1 / many + 2 * (1 + beyond) / beyond)
    mean = torch.where(kappa < SMALL, few * series, 1 - lack)
    gap = torch.where(
        kappa < SMALL,
        few
        - square
        * (1 / 6 - square * (1 / 180 - square * (1 / 2835 - square * (1 / 37800 - square / 467775)))),
        -(beyond / (-2 * many)).log(),
    )
    return Tilted(kappa, gap, mean, lack)


def _debye(order: float, kappa: Tensor) -> tuple[Tensor, Tensor]:
    """Gap and lack at a large order n, without a difference of large numbers; r = sqrt(n^2 + kappa^2)."""
    n = order
    r = torch.sqrt(kappa.square() + n * n)
    t = n / r
    rise = kappa.square() / (r + n)  # r - n
    exponents = torch.arange(3 * TERMS + 1, dtype=r.dtype, device=r.device)
    terms = t.unsqueeze(-1) ** exponents * r.new_tensor(_debye_coefficients(n))
    series = terms.sum(-1)
    slope = (terms * exponents).sum(-1) / series  # t S'(t) / S(t)
    linear = n * (kappa + rise) / (kappa + r)  # kappa - (r - n)
    gap = linear + n * torch.log1p(rise / (2 * n)) + 0.5 * torch.log1p(rise / n) - series.log()
    lack = n * t / (r + kappa) + kappa / r * (n / (r + n) + (0.5 + slope) / r)
    return gap, lack


@cache
def _debye_coefficients(order: float) -> tuple[float, ...]:
    """Coefficients, by powers of t, of sum_k U_k(t) / order^k, divided by its value at t = 1.

    That value is Stirling's series of the gamma function, which the quotient so takes in.
    """
    n = Fraction(order)
    total = [Fraction(0)] * (3 * TERMS + 1)
    for k, polynomial in enumerate(_debye_polynomials()):
        for power, coefficient in enumerate(polynomial):
            total[power] += coefficient / n**k
    whole = sum(total)
    return tuple(float(coefficient / whole) for coefficient in total)


@cache
def _debye_polynomials() -> tuple[tuple[Fraction, ...], ...]:
    """U_0 ... U_TERMS (DLMF 10.41.9): U' = t^2 (1 - t^2) U_k' / 2 + integral of (1 - 5 t^2) U_k / 8."""
    found: list[tuple[Fraction, ...]] = [(Fraction(1),)]
    for _ in range(TERMS):
        last = found[-1]
        following = [Fraction(0)] * (len(last) + 3)
        for power, coefficient in enumerate(last):
            following[power + 1] += coefficient * (Fraction(power, 2) + Fraction(1, 8 * (power + 1)))
            following[power + 3] -= coefficient * (Fraction(power, 2) + Fraction(5, 8 * (power + 3)))
        found.append(tuple(following))
    return tuple(found)
