"""A joint density in the plane: a line through it is a conditional, its shadow a marginal."""

from __future__ import annotations

from collections.abc import Generator
from functools import lru_cache

import numpy as np

from vael.studio.asked import Asked
from vael.studio.columns import Reply
from vael.studio.loaded import Loaded
from vael.theory import JointDensity, joint_normal_density

__all__ = ["answer"]

ENDS, POINTS = 4.0, 161
MOST = 0.95


def answer(loaded: Loaded, asked: Asked) -> Generator[float, None, Reply]:
    """Return marginals of two correlated standard normals, and the conditional of y where x is told.

    Asks `correlation` and `x`, the place of the line.

    Arrays:
        grid: Places of x and of y, (161,), float64.
        marginal: p(x), and p(y), which is the same function, (161,).
        slice: p(x, y) along the line, (161,).
        conditional: p(y | x), (161,).

    Facts:
        density: p(x) at the line, which is the area under the slice.
        mean, deviation: Of p(y | x).
    """
    correlation = asked.number("correlation", -MOST, MOST)
    x = asked.number("x", -ENDS, ENDS)
    joint = _joint(correlation)
    grid = np.linspace(-ENDS, ENDS, POINTS)
    shadow = _shadow(correlation)
    yield 0.4
    conditional = joint.conditional_y(x)
    mean = conditional.mean
    density = joint.pdf(x, mean) / conditional.pdf(mean)  # the product rule
    yield 0.7
    return Reply(
        {"density": density, "mean": mean, "deviation": float(np.sqrt(conditional.variance))},
        {
            "grid": grid,
            "marginal": shadow,
            "slice": joint.pdf(x, grid),
            "conditional": conditional.pdf(grid),
        },
    )


def _joint(correlation: float) -> JointDensity:
    return joint_normal_density([0.0, 0.0], [[1.0, correlation], [correlation, 1.0]])


@lru_cache(maxsize=64)
def _shadow(correlation: float) -> np.ndarray:
    """p(x) on the grid, which stays while the line is dragged."""
    return _joint(correlation).marginal_x().pdf(np.linspace(-ENDS, ENDS, POINTS))
