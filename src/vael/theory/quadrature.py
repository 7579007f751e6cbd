"""Integrals by adaptive quadrature, each with an estimate of its error."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import cubature

from vael.errors import InputError
from vael.theory.results import Integral

__all__ = ["integrate", "integrate_2d", "integrate_many", "line_points"]

Reals = ArrayLike | float | int
"""A number or an array of them (ArrayLike alone, checked at run time, has no plain floats)."""

_SUBDIVISIONS = {1: 2000, 2: 400}  # by dimension: a few seconds until it gives up


def integrate(
    f: Callable[[NDArray], Reals],
    lower: float | int = -np.inf,
    upper: float | int = np.inf,
    *,
    points: Sequence[float | int] = (),
    tolerance: float = 1e-10,
    absolute: float | int | None = None,
) -> Integral:
    """The integral of f from lower to upper, with an estimate of its error.

    Adaptive Gauss-Kronrod quadrature with 21 points (``scipy.integrate.cubature``). An infinite line is
    brought to (-1, 1) by x = c + s t / (1 - t^2), a half line to (0, 1) by x = lower + s t / (1 - t).

    Arguments:
        f: Takes an array of points ``(n,)`` and gives the values ``(n,)``.
        lower: Lower end, may be -inf.
        upper: Upper end, may be inf.
        points: Where f has its mass, peaks or kinks: the range is first cut there, and on an infinite range
            c is their middle and s half their spread. Name some when f is narrow or far from 0.
        tolerance: The error allowed, relative or absolute, as is easier.
        absolute: Another absolute tolerance; 0 asks for all digits of a number that may be tiny.

    Raises:
        InputError: If f is not finite at a point, or the quadrature does not converge.

    Example:
        >>> gauss = integrate(lambda x: np.exp(-x**2))
        >>> round(gauss.value**2, 10), gauss.error < 1e-9
        (3.1415926536, True)
    """
    values, errors = integrate_many(f, lower, upper, points=points, tolerance=tolerance, absolute=absolute)
    if values.shape:
        raise InputError(f"the integrand must give one number per point, got {values.shape} of them")
    return Integral(float(values), float(errors))


def integrate_many(
    f: Callable[[NDArray], Reals],
    lower: float | int = -np.inf,
    upper: float | int = np.inf,
    *,
    points: Sequence[float | int] = (),
    tolerance: float = 1e-10,
    absolute: float | int | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Many integrals over one range at once: f gives ``(n, *shape)``; values and errors are ``shape``.

    Arguments and errors as of `integrate`; each of the integrals meets the tolerance.
    """
    axis = _Axis.over(lower, upper, points)
    cuts = [[axis.inside(point)] for point in points if lower < point < upper]
    return _cubature(lambda x: f(x[0]), [axis], cuts, tolerance, absolute)


def integrate_2d(
    f: Callable[[NDArray, NDArray], Reals],
    x_limits: tuple[float | int, float | int] = (-np.inf, np.inf),
    y_limits: tuple[float | int, float | int] = (-np.inf, np.inf),
    *,
    points: Sequence[tuple[float | int, float | int]] = (),
    tolerance: float = 1e-8,
    absolute: float | int | None = None,
) -> Integral:
    """The integral of f(x, y) over a rectangle, which may be the plane.

    Arguments:
        f: Takes two arrays ``(n,)`` and gives the values ``(n,)``.
        x_limits: Both ends of x, may be infinite.
        y_limits: Both ends of y, may be infinite.
        points: Pairs (x, y) where f has its mass; as in `integrate`.
        tolerance: The error allowed, relative or absolute, as is easier.
        absolute: Another absolute tolerance.

    Raises:
        InputError: If f is not finite at a point, or the quadrature does not converge.

    Example:
        >>> round(integrate_2d(lambda x, y: x * y**2, (0, 1), (0, 3)).value, 10)
        4.5
    """
    axes = [_Axis.over(*x_limits, [x for x, _ in points]), _Axis.over(*y_limits, [y for _, y in points])]
    cuts = [
        [axes[0].inside(x), axes[1].inside(y)]
        for x, y in points
        if x_limits[0] < x < x_limits[1] and y_limits[0] < y < y_limits[1]
    ]
    values, errors = _cubature(lambda x: f(x[0], x[1]), axes, cuts, tolerance, absolute)
    if values.shape:
        raise InputError(f"the integrand must give one number per point, got {values.shape} of them")
    return Integral(float(values), float(errors))


def line_points(
    lower: float | int, upper: float | int, points: Sequence[float | int], count: int
) -> NDArray[np.float64]:
    """Points of a line in order, evenly spaced in the variable by which `integrate` sees it, no ends."""
    axis = _Axis.over(lower, upper, points)
    return axis.outside(np.linspace(*axis.limits, count + 2)[1:-1])[0]


@dataclass(frozen=True)
class _Axis:
    """A change of variable x = outside(t) that brings one range, finite or not, to a finite one."""

    lower: float
    upper: float
    centre: float
    scale: float

    @classmethod
    def over(cls, lower: float | int, upper: float | int, points: Sequence[float | int]) -> _Axis:
        if not lower < upper:
            raise InputError(f"the lower limit must be below the upper one, got {lower} and {upper}")
        if not np.isfinite(points).all():
            raise InputError(f"points of a quadrature must be finite, got {list(points)}")
        if not len(points):
            return cls(float(lower), float(upper), 0.0, 1.0)
        low, high = float(min(points)), float(max(points))
        end = lower if np.isfinite(lower) else upper
        half = (high - low) / 2 or (abs(low - end) if np.isfinite(end) else 0.0) or 1.0
        return cls(float(lower), float(upper), (low + high) / 2, half)

    @property
    def limits(self) -> tuple[float, float]:
        """Both ends of t."""
        if np.isfinite(self.lower) and np.isfinite(self.upper):
            return self.lower, self.upper
        return float(np.isinf(self.lower)) * -1.0, float(np.isinf(self.upper))

    def inside(self, x: float | int) -> float:
        """The t of an x."""
        if np.isfinite(self.lower) and np.isfinite(self.upper):
            return float(x)
        if np.isfinite(self.lower):
            u = (x - self.lower) / self.scale
            return u / (1 + u)
        if np.isfinite(self.upper):
            u = (self.upper - x) / self.scale
            return -u / (1 + u)
        u = (x - self.centre) / self.scale
        return 2 * u / (1 + float(np.hypot(1, 2 * u)))

    def outside(self, t: NDArray) -> tuple[NDArray, NDArray]:
        """The x of each t, and dx/dt."""
        if np.isfinite(self.lower) and np.isfinite(self.upper):
            return t, np.ones_like(t)
        if np.isfinite(self.lower):
            return self.lower + self.scale * t / (1 - t), self.scale / (1 - t) ** 2
        if np.isfinite(self.upper):
            return self.upper + self.scale * t / (1 + t), self.scale / (1 + t) ** 2
        rest = (1 - t) * (1 + t)
        return self.centre + self.scale * t / rest, self.scale * (1 + t * t) / rest**2


def _cubature(
    f: Callable[[list[NDArray]], Reals],
    axes: list[_Axis],
    cuts: list[list[float]],
    tolerance: float,
    absolute: float | int | None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    absolute = tolerance if absolute is None else absolute
    if not (tolerance > 0 and absolute >= 0):
        raise InputError(f"tolerances must be positive, got {tolerance} and absolute {absolute}")

    def transformed(t: NDArray) -> NDArray:
        x, slopes = zip(*(axis.outside(t[:, i]) for i, axis in enumerate(axes)))
        if not np.isfinite(x).all():
            raise InputError("quadrature did not converge: the integrand does not fall off towards infinity")
        slope = np.prod(slopes, axis=0)
        values = np.asarray(f(list(x)), dtype=np.float64)
        if values.ndim == 0:
            values = np.full(len(t), values)
        if len(values) != len(t):
            raise InputError(
                f"the integrand must give {len(t)} values for {len(t)} points, got {len(values)}"
            )
        finite = np.isfinite(values).reshape(len(t), -1).all(axis=1)
        if not finite.all():
            first = int(np.argmin(finite))
            where = ", ".join(f"{float(coordinate[first]):.6g}" for coordinate in x)
            raise InputError(f"the integrand is {values[first]} at {where}: an integral needs finite values")
        slope = slope.reshape(-1, *[1] * (values.ndim - 1))
        return np.where(values == 0, 0.0, values * slope)

    # Symmetric nodes would cancel the two infinite halves of x / (1 + x^2), so the halves are kept apart.
    cells = _cells([axis.limits for axis in axes], [*cuts, [float(np.mean(axis.limits)) for axis in axes]])
    with np.errstate(all="ignore"):  # what is not finite is looked for, above and below
        values, errors = _sum_of_cells(transformed, cells, tolerance, absolute)
    if (errors > absolute + tolerance * np.abs(values)).any() or not np.isfinite([values, errors]).all():
        worst = np.nanargmax(np.nan_to_num(errors.ravel(), nan=np.inf, posinf=np.inf))
        raise InputError(
            f"quadrature did not converge: {values.flat[worst]:.6g} with error {errors.flat[worst]:.3g} after"
            f" {_SUBDIVISIONS[len(axes)]} subdivisions, asked for {tolerance:.3g}: the integral may be"
            " infinite; else name points where the integrand has its mass, or allow a larger tolerance"
        )
    return values, errors


def _cells(limits: list[tuple[float, float]], cuts: list[list[float]]) -> list[tuple[NDArray, NDArray]]:
    """The corners of the cells into which cuts divide a range."""
    edges = [
        sorted({low, high, *(cut[axis] for cut in cuts if low < cut[axis] < high)})
        for axis, (low, high) in enumerate(limits)
    ]
    sides = product(*map(pairwise, edges))
    return [(np.array([a for a, _ in side]), np.array([b for _, b in side])) for side in sides]


def _sum_of_cells(
    f: Callable[[NDArray], NDArray],
    cells: list[tuple[NDArray, NDArray]],
    tolerance: float,
    absolute: float | int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Integrate cell by cell: once in passing, then as well as the whole needs it.

    ``cubature`` could cut by itself (``points=``), but then refines the first of the parts and not the worst:
    its heap is not put in order before the first part is taken (SciPy 1.17).
    """
    most = _SUBDIVISIONS[len(cells[0][0])]

    def found(cell: tuple[NDArray, NDArray], goal: NDArray | float, subdivisions: int) -> Any:
        return cubature(f, *cell, rtol=0, atol=goal, max_subdivisions=subdivisions)  # pyright: ignore[reportArgumentType]

    parts = [found(cell, max(float(absolute) / len(cells), 1e-300), 4) for cell in cells]
    for _ in range(3):  # the goal follows from the sum, which the passing look may not have known
        values = np.asarray(sum(part.estimate for part in parts))
        errors = np.asarray(sum(part.error for part in parts))
        if not np.isfinite([values, errors]).all():
            break
        goal = absolute + tolerance * np.abs(values)
        if not (errors > goal).any():
            break
        share = np.maximum(goal / len(cells), 1e-300)
        wanting = [i for i, part in enumerate(parts) if (np.asarray(part.error) > share).any()]
        for i in wanting:
            parts[i] = found(cells[i], share, most)
            if parts[i].status != "converged":
                break
    values = np.asarray(sum(part.estimate for part in parts), dtype=np.float64)
    return values, np.asarray(sum(part.error for part in parts), dtype=np.float64)
