"""Continuous probability on a line and in the plane, with every integral by quadrature."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from vael.errors import InputError
from vael.theory.quadrature import Reals, integrate
from vael.theory.results import Integral

__all__ = ["Density", "normal_density"]

MASS_TOLERANCE = 1e-6
"""How far from 1 a density may integrate."""


@dataclass(frozen=True, repr=False)
class Density:
    """A probability density p on the line: ``p(x) >= 0`` and ``integral of p(x) dx = 1``.

    A density is no probability, and may be above 1: probabilities are its integrals,
    ``P(a <= X <= b) = integral of p(x) dx from a to b``.

    Arguments:
        function: Takes an array of x and gives p(x), or ln p(x).
        lower: Lower end of the support; p is 0 outside, and the function is not asked there.
        upper: Upper end of the support.
        log: Whether the function gives ln p(x): needed where p underflows, in tails or for KL.
        check: Whether to integrate it now, and to raise if that is not 1.
        points: Where the mass is (see `vael.theory.integrate`): name some if it is narrow or far from 0.
        sampler: ``sampler(random, n)`` draws n of it with a ``numpy.random.Generator``.
        name: How it is printed.

    Raises:
        InputError: If it is negative or NaN somewhere that is looked at, or does not integrate to 1 within
            1e-6.

    Example:
        >>> exponential = Density(lambda x: np.exp(-x), lower=0, name="exponential")
        >>> exponential
        Density exponential on (0, inf)
        >>> round(exponential.probability(0, np.log(2)).value, 10)
        0.5
        >>> round(exponential.mean, 10), round(exponential.variance, 10)
        (1.0, 1.0)
    """

    function: Callable[[NDArray], Reals]
    lower: float | int = -np.inf
    upper: float | int = np.inf
    log: bool = False
    check: bool = True
    points: Sequence[float | int] = ()
    sampler: Callable[[np.random.Generator, int], Reals] | None = None
    name: str = ""

    def __post_init__(self) -> None:
        if not self.lower < self.upper:
            raise InputError(f"the support must have lower < upper, got {self.lower} and {self.upper}")
        if self.check:
            checked_mass(self.mass.value, str(self))

    def pdf(self, x: Reals) -> NDArray[np.float64]:
        """p(x) at each x."""
        return np.asarray(np.exp(self.log_pdf(x))) if self.log else self._evaluated(x)

    def log_pdf(self, x: Reals) -> NDArray[np.float64]:
        """Ln p(x) at each x, -inf where p is 0."""
        if self.log:
            return self._evaluated(x)
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self._evaluated(x)))

    @cached_property
    def mass(self) -> Integral:
        """The integral of p over its support: 1, to the error of quadrature."""
        return self._integral(self.pdf)

    def probability(self, a: float | int = -np.inf, b: float | int = np.inf) -> Integral:
        """P(a <= X <= b), with the error of its quadrature."""
        if not a <= b:
            raise InputError(f"an interval goes from its lower to its upper end, got {a} to {b}")
        low, high = max(a, self.lower), min(b, self.upper)
        return self._integral(self.pdf, low, high) if low < high else Integral(0.0, 0.0)

    def cdf(self, x: Reals) -> NDArray[np.float64]:
        """F(x) = P(X <= x) at each x."""
        x = np.asarray(x, dtype=np.float64)
        return np.array([self.probability(-np.inf, v).value for v in x.ravel()]).reshape(x.shape)

    def expectation(self, f: Callable[[NDArray], Reals]) -> Integral:
        """E[f(X)] = integral of f(x) p(x) dx; f takes and gives an array. Infinite ones are an error."""
        return self._integral(lambda x: weighted(self.pdf(x), f(x)))

    @cached_property
    def mean(self) -> float:
        """E[X]."""
        return self.expectation(lambda x: x).value

    @cached_property
    def variance(self) -> float:
        """E[(X - E[X])^2]."""
        return self.expectation(lambda x: (x - self.mean) ** 2).value

    def sample(self, n: int, random_state: int | np.random.Generator | None = None) -> NDArray[np.float64]:
        """Draw n values, ``(n,)``; needs a sampler."""
        if self.sampler is None:
            raise InputError(f"{self} has no sampler: give it one, sampler(random, n)")
        return np.asarray(self.sampler(np.random.default_rng(random_state), n), dtype=np.float64)

    def __repr__(self) -> str:
        return " ".join(["Density", *filter(None, [self.name]), f"on ({self.lower:g}, {self.upper:g})"])

    def _integral(
        self,
        f: Callable[[NDArray], Reals],
        lower: float | int | None = None,
        upper: float | int | None = None,
    ) -> Integral:
        lower = self.lower if lower is None else lower
        upper = self.upper if upper is None else upper
        return integrate(f, lower, upper, points=self.points)

    def _evaluated(self, x: Reals) -> NDArray[np.float64]:
        x = np.asarray(x, dtype=np.float64)
        inside = (x >= self.lower) & (x <= self.upper)
        values = np.full(x.shape, -np.inf if self.log else 0.0)
        with np.errstate(all="ignore"):  # what is wrong is looked for below
            values[inside] = self.function(x[inside])
        return checked_values(values, self.log, str(self), x)


def normal_density(mean: float | int = 0.0, standard_deviation: float | int = 1.0) -> Density:
    """The normal density N(mean, standard_deviation^2).

    ``p(x) = exp(-(x - mean)^2 / (2 s^2)) / (s sqrt(2 pi))``, s the standard deviation, not the variance.

    Example:
        >>> normal = normal_density(1, 2)
        >>> normal
        Density N(1, 2^2) on (-inf, inf)
        >>> round(normal.probability(-1, 3).value, 6)
        0.682689
    """
    mean, s = float(mean), float(standard_deviation)
    if not (np.isfinite(mean) and np.isfinite(s) and s > 0):
        raise InputError(f"a normal needs a finite mean and a standard deviation > 0, got {mean} and {s}")
    constant = np.log(s) + 0.5 * np.log(2 * np.pi)
    return Density(
        lambda x: -0.5 * ((x - mean) / s) ** 2 - constant,
        log=True,
        check=False,  # true by its formula
        points=(mean - 2 * s, mean, mean + 2 * s),
        sampler=lambda random, n: random.normal(mean, s, n),
        name=f"N({mean:g}, {s:g}^2)",
    )


def weighted(density: NDArray, values: Reals) -> NDArray[np.float64]:
    """The product p f, which is 0 wherever p is."""
    return np.where(density == 0, 0.0, density * np.asarray(values, dtype=np.float64))


def checked_values(values: NDArray, log: bool, what: str, *x: NDArray) -> NDArray[np.float64]:
    """Values of a density, none NaN and none negative; or of its logarithm, none NaN."""
    wrong = np.isnan(values) | ((values < 0) & (not log))
    if wrong.any():
        first = np.unravel_index(int(np.argmax(wrong)), values.shape)
        where = ", ".join(f"{float(np.broadcast_to(c, values.shape)[first]):.6g}" for c in x)
        raise InputError(
            f"{what} is {float(values[first]):.6g} at {where}: a density is never negative or NaN"
        )
    return values


def checked_mass(mass: float, what: str) -> None:
    """Raise unless a density integrates to 1."""
    if not abs(mass - 1) <= MASS_TOLERANCE:
        raise InputError(
            f"{what} integrates to {mass:.9g}, not to 1: divide it by that; or, if its mass is narrow"
            " or far from 0, name points in it"
        )
