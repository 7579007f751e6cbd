"""Continuous probability in the plane: a joint density, its marginals and conditionals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from vael.errors import InputError
from vael.theory.continuous import Density, checked_mass, checked_values, weighted
from vael.theory.covariances import cholesky
from vael.theory.quadrature import Reals, integrate_2d, integrate_many
from vael.theory.results import Integral

__all__ = ["JointDensity", "joint_normal_density"]

Limits = tuple[float | int, float | int]
_PLANE = (-np.inf, np.inf)


@dataclass(frozen=True, repr=False)
class JointDensity:
    """A probability density p(x, y) in the plane: never negative, of integral 1.

    Marginals are integrals along the other axis, ``p(x) = integral of p(x, y) dy``; conditionals are slices
    of it, scaled to integrate to 1: ``p(y | x) = p(x, y) / p(x)``.

    Arguments:
        function: Takes arrays x and y of one shape and gives p(x, y), or ln p(x, y).
        x_limits: Both ends of x; p is 0 outside, and the function is not asked there.
        y_limits: Both ends of y.
        log: Whether the function gives ln p(x, y).
        check: Whether to integrate it now, and to raise if that is not 1.
        points: Pairs (x, y) where the mass is; name some if it is narrow or far from (0, 0).
        name: How it is printed.

    Raises:
        InputError: If it is negative or NaN somewhere that is looked at, or does not integrate to 1 within
            1e-6.

    Example:
        >>> square = JointDensity(lambda x, y: x + y, (0, 1), (0, 1))
        >>> square.marginal_x().pdf([0.0, 1.0]).round(10).tolist()
        [0.5, 1.5]
        >>> round(square.conditional_y(0.0).mean, 10)
        0.6666666667
    """

    function: Callable[[NDArray, NDArray], Reals]
    x_limits: Limits = _PLANE
    y_limits: Limits = _PLANE
    log: bool = False
    check: bool = True
    points: Sequence[Limits] = ()
    name: str = ""

    def __post_init__(self) -> None:
        for axis, (lower, upper) in (("x", self.x_limits), ("y", self.y_limits)):
            if not lower < upper:
                raise InputError(f"the limits of {axis} must rise, got {lower} and {upper}")
        if self.check:
            checked_mass(self.mass.value, str(self))

    def pdf(self, x: Reals, y: Reals) -> NDArray[np.float64]:
        """p(x, y); x and y are broadcast against each other."""
        return np.asarray(np.exp(self.log_pdf(x, y))) if self.log else self._evaluated(x, y)

    def log_pdf(self, x: Reals, y: Reals) -> NDArray[np.float64]:
        """Ln p(x, y), -inf where p is 0; x and y are broadcast against each other."""
        if self.log:
            return self._evaluated(x, y)
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self._evaluated(x, y)))

    @cached_property
    def mass(self) -> Integral:
        """The integral of p over its support: 1, to the error of quadrature."""
        return integrate_2d(self.pdf, self.x_limits, self.y_limits, points=self.points)

    def probability(self, x_interval: Limits = _PLANE, y_interval: Limits = _PLANE) -> Integral:
        """P(a <= X <= b and c <= Y <= d) for the intervals (a, b) and (c, d)."""
        cut: list[Limits] = []
        for (low, high), (lower, upper) in ((x_interval, self.x_limits), (y_interval, self.y_limits)):
            if not low <= high:
                raise InputError(f"an interval goes from its lower to its upper end, got {low} to {high}")
            cut.append((max(low, lower), min(high, upper)))
        if not all(low < high for low, high in cut):
            return Integral(0.0, 0.0)
        return integrate_2d(self.pdf, cut[0], cut[1], points=self.points)

    def expectation(self, f: Callable[[NDArray, NDArray], Reals]) -> Integral:
        """E[f(X, Y)]: f takes two arrays and gives one."""
        return integrate_2d(
            lambda x, y: weighted(self.pdf(x, y), f(x, y)), self.x_limits, self.y_limits, points=self.points
        )

    @cached_property
    def mean(self) -> NDArray[np.float64]:
        """(E[X], E[Y])."""
        return np.array([self.expectation(lambda x, y: x).value, self.expectation(lambda x, y: y).value])

    @cached_property
    def covariance(self) -> NDArray[np.float64]:
        """The covariance matrix of (X, Y)."""
        a, b = self.mean
        xx = self.expectation(lambda x, y: (x - a) ** 2).value
        xy = self.expectation(lambda x, y: (x - a) * (y - b)).value
        yy = self.expectation(lambda x, y: (y - b) ** 2).value
        return np.array([[xx, xy], [xy, yy]])

    def marginal_x(self) -> Density:
        """p(x) = integral of p(x, y) dy."""
        return self._marginal("x", self.pdf, self.x_limits, self.y_limits, self.points)

    def marginal_y(self) -> Density:
        """p(y) = integral of p(x, y) dx."""
        return self._swapped("y", self.x_limits)

    def conditional_y(self, x: float | int) -> Density:
        """p(y | x) = p(x, y) / p(x); an x where p(x) is 0 is an error."""
        return self._conditional("y", "x", float(x), self.marginal_x(), self.y_limits)

    def conditional_x(self, y: float | int) -> Density:
        """p(x | y) = p(x, y) / p(y); a y where p(y) is 0 is an error."""
        return self._conditional("x", "y", float(y), self.marginal_y(), self.x_limits)

    def __repr__(self) -> str:
        (a, b), (c, d) = self.x_limits, self.y_limits
        return " ".join(["JointDensity", *filter(None, [self.name]), f"on ({a:g}, {b:g}) x ({c:g}, {d:g})"])

    def _swapped(self, axis: str, other: Limits) -> Density:
        swapped = [(y, x) for x, y in self.points]
        return self._marginal(axis, lambda y, x: self.pdf(x, y), self.y_limits, other, swapped)

    def _marginal(
        self,
        axis: str,
        pdf: Callable[[Reals, Reals], NDArray],
        limits: Limits,
        others: Limits,
        points: Sequence[Limits],
    ) -> Density:
        inner = sorted({float(b) for _, b in points})

        def function(a: NDArray) -> NDArray:
            if not a.size:
                return a
            # One point may ask for all digits (a condition divides by them); many at once would wait for
            # those of the farthest tail.
            absolute = 0 if a.size == 1 else 1e-12
            values, _ = integrate_many(
                lambda b: pdf(a[None, :], b[:, None]), *others, points=inner, absolute=absolute
            )
            return values

        return Density(
            lambda a: function(a.ravel()).reshape(a.shape),
            *limits,
            check=False,  # true by Fubini
            points=sorted({float(a) for a, _ in points}),
            name=f"p({axis})",
        )

    def _conditional(self, free: str, fixed: str, value: float, marginal: Density, limits: Limits) -> Density:
        total = float(marginal.pdf(value))
        if total == 0:
            raise InputError(f"cannot condition on {fixed} = {value:g}: its density p({fixed}) is 0 there")
        index = 1 if free == "y" else 0

        def function(a: NDArray) -> NDArray:
            return (self.log_pdf(value, a) if free == "y" else self.log_pdf(a, value)) - np.log(total)

        return Density(
            function,
            *limits,
            log=True,
            check=False,  # true by the marginal
            points=sorted({float(point[index]) for point in self.points}),
            name=f"p({free} | {fixed} = {value:g})",
        )

    def _evaluated(self, x: Reals, y: Reals) -> NDArray[np.float64]:
        x, y = np.broadcast_arrays(np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64))
        (a, b), (c, d) = self.x_limits, self.y_limits
        inside = (x >= a) & (x <= b) & (y >= c) & (y <= d)
        values = np.full(x.shape, -np.inf if self.log else 0.0)
        with np.errstate(all="ignore"):  # what is wrong is looked for below
            values[inside] = self.function(x[inside], y[inside])
        return checked_values(values, self.log, str(self), x, y)


def joint_normal_density(mean: Reals, covariance: Reals) -> JointDensity:
    """The normal density in the plane, with mean (2,) and a full covariance (2, 2).

    ``ln p(v) = -(v - m)^T C^-1 (v - m) / 2 - ln det(2 pi C) / 2``. A covariance that is not positive definite
    is an error.

    Example:
        >>> joint = joint_normal_density([0, 0], [[1, 0.8], [0.8, 1]])
        >>> slice_at_1 = joint.conditional_y(1)
        >>> round(slice_at_1.mean, 8), round(slice_at_1.variance, 8)
        (0.8, 0.36)
    """
    centre = np.asarray(mean, dtype=np.float64)
    if centre.shape != (2,) or not np.isfinite(centre).all():
        raise InputError(f"a mean in the plane has two finite numbers, got {centre.tolist()}")
    factor = cholesky(covariance, 2)
    a, b = factor.diagonal()
    constant = np.log(2 * np.pi * a * b)
    spread = 2 * np.sqrt((factor**2).sum(axis=1))

    def log_density(x: NDArray, y: NDArray) -> NDArray:
        u = (x - centre[0]) / a
        v = (y - centre[1] - factor[1, 0] * u) / b
        return -0.5 * (u**2 + v**2) - constant

    points = [tuple((centre + k * spread).tolist()) for k in (-1, 0, 1)]
    return JointDensity(log_density, log=True, check=False, points=points, name="normal")
