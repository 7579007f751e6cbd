"""Expectations under normals of one or two latents by Gauss-Hermite quadrature: no Monte Carlo noise."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from vael.theory.inference_problem import InferenceProblem

__all__ = ["Normals", "converged_elbo", "expected_joint", "hermite_nodes"]

NEGLIGIBLE = 1e-11  # weight of a node that is left out
ORDERS = {
    1: (16, 24, 32, 48, 64, 96, 128),
    2: (12, 16, 24, 32, 48, 64, 96, 128),
}  # nodes along a latent, in turn


@dataclass(frozen=True)
class Normals:
    """A normal over the latents for each row.

    Attributes
    ----------
        mean: Of shape ``(rows, latent)``.
        scale_tril: Cholesky factors of the covariances, ``(rows, latent, latent)``.
    """

    mean: np.ndarray
    scale_tril: np.ndarray
    covariance: np.ndarray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "covariance", self.scale_tril @ self.scale_tril.swapaxes(-1, -2))

    @property
    def standard_deviation(self) -> np.ndarray:
        """Of each latent, ``(rows, latent)``."""
        return np.sqrt(np.einsum("...ii->...i", self.covariance))


def hermite_nodes(points: int, latent: int) -> tuple[Tensor, Tensor]:
    """Return nodes ``(m, latent)`` and weights ``(m,)`` for the standard normal, exact to degree 2n - 1."""
    x, w = np.polynomial.hermite_e.hermegauss(points)
    axis, weight = torch.from_numpy(x), torch.from_numpy(w / w.sum())
    nodes = torch.cartesian_prod(*[axis] * latent).reshape(-1, latent)
    weights = torch.cartesian_prod(*[weight] * latent).reshape(-1, latent).prod(-1)
    kept = weights > NEGLIGIBLE
    return nodes[kept], weights[kept]


def expected_joint(
    problem: InferenceProblem, rows: Tensor, loc: Tensor, tril: Tensor, nodes: Tensor
) -> Tensor:
    """Return ln p(x, loc + tril u) at nodes u: ``(rows, nodes)``."""
    z = loc.unsqueeze(1) + nodes @ tril.mT
    flat = problem.log_joint(rows.repeat_interleave(len(nodes)), z.flatten(0, 1))
    return flat.view(len(rows), len(nodes))


def entropy(tril: Tensor) -> Tensor:
    """Entropy of normals in nats."""
    k = tril.shape[-1]
    return tril.diagonal(dim1=-2, dim2=-1).log().sum(-1) + 0.5 * k * (1 + math.log(2 * math.pi))


def converged_elbo(
    problem: InferenceProblem, loc: Tensor, tril: Tensor, tolerance: float
) -> tuple[Tensor, Tensor]:
    r"""Return :math:`E_q[\ln p(x, z)] + H(q)` of each row, and how far it moved with more nodes."""
    orders = ORDERS[problem.latent]
    value = torch.empty(len(loc), dtype=torch.float64)
    error = torch.full_like(value, torch.inf)
    left = torch.arange(len(loc))
    for order in orders:
        nodes, weights = hermite_nodes(order, problem.latent)
        found = expected_joint(problem, left, loc[left], tril[left], nodes) @ weights + entropy(tril[left])
        if order != orders[0]:
            error[left] = (found - value[left]).abs()
        value[left] = found
        left = left[error[left] > tolerance]
        if not len(left):
            break
    return value, error
