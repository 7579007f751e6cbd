"""The true posterior of one or two latents on a grid, and the evidence: deterministic quadrature.

A coarse lattice that all rows share is decoded once and says where each posterior has mass. There each row
gets a grid of its own, of which only points with mass are decoded, twice as fine until the evidence stays.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import max_pool2d

from vael.theory.inference_problem import InferenceProblem
from vael.theory.shared_lattice import DROP, SharedLattice

__all__ = ["PosteriorGrid", "posterior_grids"]

EDGE = 12.0  # nats below its top that a posterior must have fallen by at the edge of its grid
MOVES = 12  # times that a grid may be moved or grown


@dataclass(frozen=True)
class PosteriorGrid:
    """p(z|x) of one row on a rectangular grid.

    Attributes
    ----------
        axes: The points along each latent, evenly spaced.
        log_density: ln p(z|x) in nats, of shape ``(len(axes[0]), ...)``, ``log_density[i, j]`` at
            ``(axes[0][i], axes[1][j])``. Where it is some 16 nats below its top it is a rough value.
        log_evidence: ln p(x), in nats, of the rows as given.
        error: How far ln p(x) moved when the grid became twice as fine: a bound from above, for the error
            of smooth posteriors falls far quicker.
    """

    axes: tuple[np.ndarray, ...]
    log_density: np.ndarray
    log_evidence: float
    error: float

    @property
    def cell(self) -> float:
        """Length or area of a cell."""
        return math.prod(float(a[1] - a[0]) for a in self.axes)

    @property
    def mass(self) -> np.ndarray:
        """Probability of each cell; they sum to 1."""
        return np.exp(self.log_density) * self.cell

    @property
    def points(self) -> np.ndarray:
        """The points, ``(points of the grid, latent)``, in the order of ``log_density.ravel()``."""
        return np.stack([p.ravel() for p in np.meshgrid(*self.axes, indexing="ij")], axis=-1)

    @property
    def mean(self) -> np.ndarray:
        """Posterior mean, ``(latent,)``."""
        return self.mass.ravel() @ self.points

    @property
    def covariance(self) -> np.ndarray:
        """Posterior covariance, ``(latent, latent)``."""
        centred = self.points - self.mean
        return (centred.T * self.mass.ravel()) @ centred


@dataclass(frozen=True)
class _Grids:
    """Grids of the same number of points for some rows; a single latent has a second axis of one point.

    values are ln p(x, z), ``(rows, points, points or 1)``; where not `known`, a guess.
    """

    rows: Tensor
    low: Tensor
    high: Tensor
    values: Tensor
    known: Tensor

    @property
    def points(self) -> int:
        return self.values.shape[1]

    @property
    def top(self) -> Tensor:
        return self.values.amax((1, 2))

    def axes(self) -> Tensor:
        """``(rows, latent, points)``."""
        t = torch.linspace(0, 1, self.points, dtype=torch.float64)
        return self.low.unsqueeze(-1) + t * (self.high - self.low).unsqueeze(-1)

    def take(self, chosen: Tensor) -> _Grids:
        return _Grids(*(getattr(self, n)[chosen] for n in ("rows", "low", "high", "values", "known")))

    def log_evidence(self, stride: int = 1) -> Tensor:
        """Trapezoid rule, which at the smooth ends of a density is exact beyond all powers of the spacing."""
        step = (self.high - self.low) * stride / (self.points - 1)
        return self.values[:, ::stride, ::stride].flatten(1).logsumexp(1) + step.log().sum(1)

    def error(self) -> Tensor:
        return (self.log_evidence() - self.log_evidence(2)).abs()


def posterior_grids(
    problem: InferenceProblem,
    *,
    tolerance: float = 1e-3,
    points: int = 33,
    most: int | None = None,
    seen: tuple[SharedLattice, Tensor] | None = None,
) -> list[PosteriorGrid]:
    """Find p(z|x) and ln p(x) of each row, converged in the spacing of its grid to `tolerance` nats.

    Arguments:
        problem: The rows and the model, of one or two latents.
        tolerance: Nats that ln p(x) may move when the spacing is halved; rows that move more are refined.
        points: Least points along a latent.
        most: Points along a latent at which refinement ends; the row's error says that it has. None: 16385
            for one latent, 1025 for two.
        seen: A lattice and its `log_joint` of all rows, for who has looked already; None looks here.
    """
    most = (16385, 1025)[problem.latent - 1] if most is None else most
    done: dict[int, PosteriorGrid] = {}
    lattice = SharedLattice.around(problem) if seen is None else seen[0]
    for block in torch.arange(len(problem.x)).split(lattice.block):
        table = lattice.log_joint(problem, block) if seen is None else seen[1][block]
        low, high, sizes = lattice.windows(problem, block, table, points)
        for size in sizes.unique().tolist():
            chosen = (sizes == size).nonzero().squeeze(1)
            guess = lattice.guess(table[chosen], low[chosen], high[chosen], size)
            nothing = torch.zeros_like(guess, dtype=torch.bool)
            _settle(
                problem,
                _Grids(block[chosen], low[chosen], high[chosen], guess, nothing),
                tolerance,
                most,
                done,
            )
    return [done[i] for i in range(len(problem.x))]


def _settle(
    problem: InferenceProblem, grids: _Grids, tolerance: float, most: int, done: dict[int, PosteriorGrid]
) -> None:
    """Move, grow and refine grids until each has its posterior inside and its evidence stays."""
    waiting = [(grids, MOVES)]
    while waiting:
        grids, moves = waiting.pop()
        grids = _evaluated(problem, grids)
        fitted = _fitted(grids)
        moved = ((fitted.low != grids.low) | (fitted.high != grids.high)).any(1) & (moves > 0)
        ready = ~moved & ((grids.error() <= tolerance) | (2 * grids.points - 1 > most))
        for row, found in zip(grids.rows[ready].tolist(), _named(problem, grids.take(ready))):
            done[row] = found
        if moved.any():
            waiting.append((fitted.take(moved), moves - 1))
        if (~moved & ~ready).any():
            waiting.append((_finer(grids.take(~moved & ~ready)), moves))


def _evaluated(problem: InferenceProblem, grids: _Grids) -> _Grids:
    """Decode the points that may have mass."""
    ends = grids.values.amax((1, 2), keepdim=True) - DROP
    near = max_pool2d(grids.values.unsqueeze(1), 3, 1, 1).squeeze(1)  # a point beside one with mass, too
    wanted = ((near > ends) | torch.isinf(near)) & ~grids.known
    row, i, j = wanted.nonzero(as_tuple=True)
    axes = grids.axes()
    z = torch.stack([axes[row, axis, index] for axis, index in enumerate((i, j)[: problem.latent])], -1)
    values = grids.values.clone()
    values[row, i, j] = problem.log_joint(grids.rows[row], z)
    return replace(grids, values=values, known=grids.known | wanted)


def _fitted(grids: _Grids) -> _Grids:
    """Grow grids at whose edge there is mass, shrink those that are mostly empty: these are made anew."""
    low, high = grids.low.clone(), grids.high.clone()
    top = grids.top.unsqueeze(-1)
    last = grids.points - 1
    for axis in range(low.shape[1]):
        profile = grids.values.amax(2 - axis)  # (rows, points): the best along the other latent
        step = (grids.high - grids.low)[:, axis] / last
        alive = (profile > top - DROP).int()
        first, final = alive.argmax(1), last - alive.flip(1).argmax(1)
        empty = final - first + 2 < last / 2
        start, end = grids.low[:, axis], grids.high[:, axis]
        low[:, axis] = torch.where(empty, start + (first - 1) * step, low[:, axis])
        high[:, axis] = torch.where(empty, start + (final + 1) * step, high[:, axis])
        edge = profile > top - EDGE
        low[:, axis] = torch.where(edge[:, 0], start - step * last / 2, low[:, axis])
        high[:, axis] = torch.where(edge[:, -1], end + step * last / 2, high[:, axis])
    blank = torch.full_like(grids.values, torch.inf)
    return _Grids(grids.rows, low, high, blank, torch.zeros_like(grids.known))


def _finer(grids: _Grids) -> _Grids:
    """Halve the spacing: new points are guessed from their neighbours, from above."""
    values, known = grids.values, grids.known
    for axis in range(1, 1 + grids.low.shape[1]):
        values = _between(values, torch.maximum, axis)
        known = _between(known, lambda a, b: torch.zeros_like(a), axis)
    return replace(grids, values=values, known=known)


def _between(values: Tensor, join: Callable[[Tensor, Tensor], Tensor], axis: int) -> Tensor:
    """Put a value between each two along an axis."""
    n = values.shape[axis]
    shape = list(values.shape)
    shape[axis] = 2 * n - 1
    result = values.new_empty(shape)
    even, odd = [[slice(None)] * 3 for _ in range(2)]
    even[axis], odd[axis] = slice(0, None, 2), slice(1, None, 2)
    result[tuple(even)] = values
    result[tuple(odd)] = join(values.narrow(axis, 0, n - 1), values.narrow(axis, 1, n - 1))
    return result


def _named(problem: InferenceProblem, grids: _Grids) -> Iterator[PosteriorGrid]:
    evidence, error, axes = grids.log_evidence(), grids.error(), grids.axes().numpy()
    density = (grids.values - evidence.view(-1, 1, 1)).numpy()
    for i in range(len(grids.rows)):
        table = density[i, :, 0] if problem.latent == 1 else density[i]
        log_evidence = evidence[i].item() + problem.log_jacobian
        yield PosteriorGrid(tuple(axes[i]), table, log_evidence, error[i].item())
