"""Expectations under a standard normal by Gauss-Hermite quadrature on a product grid."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float
from numpy.polynomial.hermite_e import hermegauss

from vael.errors import InputError
from vael.theory._inputs import at_least

__all__ = ["converged", "normal_grid"]

LARGEST_GRID = 2_000_000


def normal_grid(dimension: int, points: int) -> tuple[Float[np.ndarray, "n d"], Float[np.ndarray, " n"]]:
    """Nodes and weights with sum_i w_i f(eps_i) = E[f(eps)] for polynomials of degree below 2 `points`."""
    if points**dimension > LARGEST_GRID:
        raise InputError(
            f"a grid of {points}^{dimension} points is above {LARGEST_GRID}: use fewer points or dimensions"
        )
    node, weight = hermegauss(points)
    weight = weight / weight.sum()
    nodes = np.stack(np.meshgrid(*[node] * dimension, indexing="ij"), axis=-1).reshape(-1, dimension)
    weights = np.stack(np.meshgrid(*[weight] * dimension, indexing="ij"), axis=-1).reshape(-1, dimension)
    return nodes, weights.prod(axis=-1)


def converged(integral: Callable[[int], np.ndarray], points: int, tolerance: float, name: str) -> np.ndarray:
    """The integral at `points`, if a grid of three quarters as many gives the same to `tolerance`."""
    at_least(points, 4, "points")
    fine, coarse = integral(points), integral(3 * points // 4)
    error = float(np.abs(fine - coarse).max())
    if error > tolerance * max(1.0, float(np.abs(fine).max())):
        raise InputError(
            f"{name} has not converged: {points} points a dimension leave an error of {error:.2g}"
        )
    return fine
