"""The best normal q(z) for each row: coordinate-free ascent of its own ELBO, no encoder."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from scipy.ndimage import label
from torch import Tensor

from vael.theory.inference_problem import InferenceProblem
from vael.theory.latent_grid import PosteriorGrid
from vael.theory.normal_expectation import entropy, expected_joint, hermite_nodes

__all__ = ["best_normals"]

NODES = {1: 16, 2: 8}  # along a latent, while searching
ROUNDS = 60
GAIN = 1e-6  # nats that a step must promise, or the search ends
LEAST = 0.1  # of the curvature's eigenvalues relative to the present precision: no step leaps
MOST = 10.0


def best_normals(problem: InferenceProblem, grids: list[PosteriorGrid]) -> tuple[Tensor, Tensor]:
    r"""Return means and Cholesky factors of the q of greatest ELBO within the encoder's family.

    The search climbs from the encoder's q. With :math:`z = \mu + L u`, u standard normal,

    .. math:: g = E[f u], \quad H = E[f (u u^T - I)], \quad f = \ln p(x, z)

    are the gradient and the mean curvature of f in the frame of q (Bonnet's and Price's identities), and at
    the best q g = 0 and H = -I. A step sets the precision to -H and the mean to a Newton step, halved until
    the ELBO rises: a natural-gradient ascent (Khan & Rue 2023, arXiv 2107.04562) that takes values of f only.
    A second search from the posterior's own mode or moments is kept where it ends higher, for posteriors with
    several modes. The family ``"shared"`` keeps the encoder's scales and moves the means.
    """
    everyone = torch.arange(len(problem.x))
    loc, tril, value = _climb(problem, everyone, problem.loc, problem.scale_tril)
    nodes, weights = hermite_nodes(NODES[problem.latent], problem.latent)
    for other_loc, other_tril in _starts(problem, grids):
        far = torch.linalg.solve_triangular(tril, (other_loc - loc).unsqueeze(-1), upper=False)
        start = expected_joint(problem, everyone, other_loc, other_tril, nodes) @ weights + entropy(
            other_tril
        )
        new = (far.flatten(1).norm(dim=1) > 0.5) & (start > value - 5) | (start > value + GAIN)
        rows = everyone[new]
        if len(rows):
            new_loc, new_tril, new_value = _climb(problem, rows, other_loc[rows], other_tril[rows])
            better = new_value > value[rows]
            rows = rows[better]
            loc[rows], tril[rows], value[rows] = new_loc[better], new_tril[better], new_value[better]
    return loc, tril


def _climb(
    problem: InferenceProblem, rows: Tensor, loc: Tensor, tril: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Ascend from given normals until no step promises to gain."""
    nodes, weights = hermite_nodes(NODES[problem.latent], problem.latent)
    loc, tril = loc.clone(), tril.clone()
    f = expected_joint(problem, rows, loc, tril, nodes)
    value = f @ weights + entropy(tril)
    size = torch.ones(len(rows), dtype=torch.float64)
    left = torch.arange(len(rows))
    for _ in range(ROUNDS):
        move, factor, promise = _step(problem.family, f[left], nodes, weights, size[left])
        going = (promise > GAIN) & (size[left] > 1e-4)
        left, move, factor = left[going], move[going], factor[going]
        if not len(left):
            break
        new_loc = loc[left] + (tril[left] @ move.unsqueeze(-1)).squeeze(-1)
        new_tril = tril[left] @ factor
        new_f = expected_joint(problem, rows[left], new_loc, new_tril, nodes)
        new_value = new_f @ weights + entropy(new_tril)
        up = new_value > value[left]
        won = left[up]
        loc[won], tril[won], f[won], value[won] = new_loc[up], new_tril[up], new_f[up], new_value[up]
        size[left] = torch.where(up, (size[left] * 2).clamp(max=1), size[left] / 4)
    return loc, tril, value


def _step(
    family: str, f: Tensor, nodes: Tensor, weights: Tensor, size: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Return, in the frame of q, a step of the mean, the factor of the new scale, and the gain in sight."""
    latent = nodes.shape[1]
    eye = torch.eye(latent, dtype=torch.float64)
    centred = f - (f @ weights).unsqueeze(1)
    weighted = centred * weights
    gradient = weighted @ nodes
    square = nodes.unsqueeze(2) * nodes.unsqueeze(1) - eye
    curvature = -(weighted @ square.flatten(1)).view(-1, latent, latent)
    values, vectors = torch.linalg.eigh(curvature)
    bounded = vectors @ torch.diag_embed(values.clamp(LEAST, MOST)) @ vectors.mT
    newton = torch.linalg.solve(bounded, gradient.unsqueeze(-1)).squeeze(-1)
    promise = 0.5 * (newton * gradient).sum(-1)
    move = newton * size.unsqueeze(-1)
    if family == "shared":
        return move, eye.expand_as(curvature), promise
    if family == "diagonal":
        bounded = torch.diag_embed(curvature.diagonal(dim1=1, dim2=2).clamp(LEAST, MOST))
    precision = eye + size.view(-1, 1, 1) * (bounded - eye)
    factor = torch.linalg.cholesky(torch.linalg.inv(precision))
    trace = bounded.diagonal(dim1=1, dim2=2).sum(-1)
    promise = promise + 0.5 * (trace - latent - torch.logdet(bounded))
    return move, factor, promise


def _starts(problem: InferenceProblem, grids: list[PosteriorGrid]) -> list[tuple[Tensor, Tensor]]:
    """Where else to begin: the highest hill of the posterior, and the moments of all of it."""
    hills: list[tuple[np.ndarray, np.ndarray]] = []
    wholes: list[tuple[np.ndarray, np.ndarray]] = []
    for grid in grids:
        islands = _islands(grid.log_density > grid.log_density.max() - 2)
        hill = islands == islands.flat[grid.log_density.argmax()]
        hills.append(_moments(grid, grid.mass * hill, 1.5))  # a normal cut at 2 nats has 0.7 of its variance
        wholes.append(_moments(grid, grid.mass, 1.0))
    return [_within(problem, hills), _within(problem, wholes)]


def _islands(inside: np.ndarray) -> np.ndarray:
    """Number the connected parts of a grid."""
    labels: Any = label(inside)
    return labels[0]


def _moments(grid: PosteriorGrid, mass: np.ndarray, widen: float) -> tuple[np.ndarray, np.ndarray]:
    weights = mass.ravel() / mass.sum()
    points = grid.points
    mean = weights @ points
    centred = points - mean
    least = np.diag([(a[1] - a[0]) ** 2 / 4 for a in grid.axes])
    return mean, widen * (centred.T * weights) @ centred + least


def _within(problem: InferenceProblem, moments: list[tuple[np.ndarray, np.ndarray]]) -> tuple[Tensor, Tensor]:
    """Bring normals into the family: the best diagonal one has the precision's diagonal."""
    loc = torch.from_numpy(np.stack([mean for mean, _ in moments]))
    covariance = torch.from_numpy(np.stack([c for _, c in moments]))
    if problem.family == "shared":
        return loc, problem.scale_tril
    if problem.family == "diagonal":
        covariance = torch.diag_embed(1 / torch.linalg.inv(covariance).diagonal(dim1=1, dim2=2))
    return loc, torch.linalg.cholesky(covariance)
