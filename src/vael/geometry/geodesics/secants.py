"""What the last steps told of the curvature that Gauss and Newton's matrices leave out."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["Secants"]

REMEMBERED = 3


class Secants:
    r"""Pairs of steps and changes of the gradient of many functions at once: L-BFGS's memory.

    The Gauss-Newton matrix leaves out the manifold's curvature K: near a geodesic of length L its error
    shrinks by no more than :math:`K L^2 / \pi^2` a step. That factor is of a few smooth directions; a few
    secants are enough to know them (Liu & Nocedal 1989, with the Gauss-Newton matrix in place of a multiple
    of the identity).

    Arguments:
        count: Number of functions.
        like: A tensor whose device the memory has.
    """

    def __init__(self, count: int, like: Tensor) -> None:
        self._steps: list[Tensor] = []
        self._changes: list[Tensor] = []
        self._weights: list[Tensor] = []
        self._count = count
        self._like = like

    def remember(self, rows: Tensor, step: Tensor, change: Tensor) -> None:
        """Add pairs of some functions, ``(rows, ...)`` each; those that do not curve upwards are left out."""
        step, change = step.flatten(1).double(), change.flatten(1).double()
        curved = (step * change).sum(1)
        weight = torch.where(
            curved > 1e-9 * change.square().sum(1).sqrt() * step.square().sum(1).sqrt(), 1 / curved, 0
        )
        for memory, values in ((self._steps, step), (self._changes, change)):
            whole = values.new_zeros(self._count, values.shape[1])
            whole[rows] = values
            memory.append(whole)
        weights = weight.new_zeros(self._count)
        weights[rows] = weight.nan_to_num(0, 0, 0)
        self._weights.append(weights)
        for memory in (self._steps, self._changes, self._weights):
            del memory[:-REMEMBERED]

    def forget(self, rows: Tensor) -> None:
        """Drop all pairs of some functions."""
        for weights in self._weights:
            weights[rows] = 0

    def apply(self, rows: Tensor, gradient: Tensor, solve: Callable[[Tensor], Tensor]) -> Tensor:
        """Return the inverse Hessian's product with gradients of some functions, by the two-loop recursion.

        Arguments:
            rows: Which functions.
            gradient: ``(rows, ...)``.
            solve: The product with the inverse of the first guess of the Hessian.
        """
        pairs = [(s[rows], y[rows], w[rows]) for s, y, w in zip(self._steps, self._changes, self._weights)]
        q = gradient.flatten(1).double()
        taken: list[Tensor] = []
        for s, y, w in reversed(pairs):
            amount = w * (s * q).sum(1)
            taken.append(amount)
            q = q - amount[:, None] * y
        r = solve(q.reshape(gradient.shape)).flatten(1)
        for (s, y, w), amount in zip(pairs, reversed(taken)):
            r = r + (amount - w * (y * r).sum(1))[:, None] * s
        return r.reshape(gradient.shape)
