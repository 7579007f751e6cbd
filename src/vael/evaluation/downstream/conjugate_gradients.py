"""Conjugate gradients for several right-hand sides at once."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from vael.errors import VaelWarning

__all__ = ["Solution", "conjugate_gradients"]

Columns = Float[np.ndarray, "n columns"]


@dataclass(frozen=True, eq=False)
class Solution:
    """What was found: x, the iterations it took, and each column's relative residual."""

    x: Columns
    iterations: int
    residual: Float[np.ndarray, " columns"]


def conjugate_gradients(
    apply: Callable[[Columns], Columns],
    rhs: Columns,
    *,
    diagonal: Float[np.ndarray, " n"],
    tolerance: float = 1e-6,
    max_iter: int = 2000,
) -> Solution:
    """Solve A x = rhs, column by column, for A symmetric and positive semi-definite.

    `apply` multiplies by A; `diagonal` is A's, the preconditioner. The columns share each product
    with A and nothing else. A singular A is fine if rhs is orthogonal to its null space. It stops
    when |A x - rhs| <= tolerance |rhs| in every column, and warns where `max_iter` came first.

    Source: Hestenes & Stiefel (1952), with Jacobi's preconditioner.
    """
    scale = np.divide(1.0, diagonal, out=np.zeros_like(diagonal), where=diagonal > 0)[:, None]
    x = np.zeros_like(rhs)
    r = rhs.copy()
    s = scale * r
    p = s.copy()
    rs = (r * s).sum(axis=0)
    size = np.linalg.norm(rhs, axis=0)
    iterations = 0
    while (np.linalg.norm(r, axis=0) > tolerance * size).any() and iterations < max_iter:
        Ap = apply(p)
        step = _ratio(rs, (p * Ap).sum(axis=0))
        x += step * p
        r -= step * Ap
        s = scale * r
        rs, rs_before = (r * s).sum(axis=0), rs
        p = s + _ratio(rs, rs_before) * p
        iterations += 1
    residual = _ratio(np.linalg.norm(r, axis=0), size)
    if (residual > tolerance).any():
        warnings.warn(
            f"conjugate gradients stopped after {iterations} iterations at a relative residual of "
            f"{residual.max():.1e}, above {tolerance:.1e}: raise max_iter or tolerance",
            VaelWarning,
            stacklevel=2,
        )
    return Solution(x, iterations, residual)


def _ratio(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Divide, giving 0 where b is 0: a column that is solved, or was zero, stays as it is."""
    return np.divide(a, b, out=np.zeros_like(a), where=b > 0)
