"""Geodesics between given ends: two starts, a coarse level and a fine one, the shorter curve kept."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from scipy.interpolate import CubicSpline
from torch import Tensor

from vael.geometry.geodesics.blocks import Blocks, refined
from vael.geometry.geodesics.graph import DataGraph
from vael.geometry.geodesics.lengths import curve_length, straight, subdivided
from vael.geometry.geodesics.relax import Relaxed, relax
from vael.geometry.geodesics.result import Geodesics
from vael.geometry.structure import Structure

__all__ = ["default_tolerance", "solve"]

COARSEN = 4
LEAST_COARSE = 8  # segments of the coarse level, at least
COARSE_TOLERANCE = 1e-2
FROZEN_STEPS = 4
SAME = 2e-3  # energies nearer than this part are of one curve
RIVAL = 1.5  # a second curve that may become the shorter one is followed too


def default_tolerance(dtype: torch.dtype) -> float:
    """The part of the energy that a geodesic may have left to lose: twice the error of its length."""
    return 1e-12 if dtype == torch.float64 else 1e-5


@dataclass(frozen=True, eq=False)
class _Curves:
    """Curves on the fine level, to be relaxed.

    Attributes:
        points: ``(n, T + 1, latent)``.
        squares: ``(n, T)``.
        blocks: Matrices that serve every step at first, where the curves came from a coarse level.
        refined: Which of them did, ``(n,)``.
    """

    points: Tensor
    squares: Tensor
    blocks: Blocks | None
    refined: Tensor

    @property
    def energy(self) -> Tensor:
        return self.squares.double().sum(-1)

    def take(self, rows: Tensor) -> _Curves:
        blocks = None if self.blocks is None else self.blocks.take(rows)
        return _Curves(self.points[rows], self.squares[rows], blocks, self.refined[rows])


@torch.no_grad()
def solve(
    structure: Structure,
    a: Tensor,
    b: Tensor,
    *,
    segments: int,
    graph: DataGraph | None,
    tolerance: float,
    max_steps: int,
) -> Geodesics:
    """Find geodesics between rows of a and b, ``(n, latent)``.

    The straight line, and the shortest way through the graph where there is one, are relaxed with few
    segments; refined by a cubic; and relaxed again, at first with the coarse level's matrices. The curve of
    least energy is kept.

    Arguments:
        structure: The structure.
        a: Starts.
        b: Ends.
        segments: T.
        graph: Over encoded data, or None.
        tolerance: Part of the energy that may be left to lose.
        max_steps: Steps at most on each level.
    """
    lines = straight(a, b, segments)
    line_squares = structure.squares(lines)
    starts = [_coarse(structure, lines, line_squares, tolerance, max_steps)]
    if graph is not None:
        ways = graph.paths(a, b, segments)
        starts.append(_coarse(structure, ways, structure.squares(ways), tolerance, max_steps))
    energies = torch.stack([start.energy for start in starts])
    order = energies.argsort(0)
    lead = order[0]
    best = _fine(structure, _select(starts, lead), tolerance, max_steps)
    if len(starts) > 1:
        least, most = energies.gather(0, order)
        rivals = ((most < RIVAL * least) & (most > (1 + SAME) * least)).nonzero().squeeze(-1)
        other = _fine(structure, _select(starts, order[1], rivals), tolerance, max_steps)
        shorter = other.squares.double().sum(-1) < best.squares[rivals].double().sum(-1)
        for name in ("points", "squares", "converged", "steps"):
            getattr(best, name)[rivals[shorter]] = getattr(other, name)[shorter]
    return _result(structure, best, lines, line_squares)


def _coarse(
    structure: Structure, start: Tensor, squares: Tensor, tolerance: float, max_steps: int
) -> _Curves:
    """Relax a start with few segments, where there are enough, unless that raises its energy."""
    T = start.shape[1] - 1
    as_given = torch.zeros(len(start), dtype=torch.bool, device=start.device)
    if T % COARSEN or T // COARSEN < LEAST_COARSE:
        return _Curves(start, squares, None, as_given)
    coarse = relax(
        structure, start[:, ::COARSEN], tolerance=max(tolerance, COARSE_TOLERANCE), max_steps=max_steps
    )
    fine = subdivided(coarse.points, _cubic(T // COARSEN, T).to(start))
    fine[:, ::COARSEN] = coarse.points
    fine_squares = structure.squares(fine)
    lower = fine_squares.double().sum(-1) < squares.double().sum(-1)
    assert coarse.segments is not None
    return _Curves(
        torch.where(lower[:, None, None], fine, start),
        torch.where(lower[:, None], fine_squares, squares),
        Blocks.of(refined(coarse.segments, COARSEN)),
        lower,
    )


@cache
def _cubic(coarse: int, fine: int) -> Tensor:
    """The linear map from a cubic spline's points to those at finer times, ``(fine + 1, coarse + 1)``."""
    spline = CubicSpline(np.linspace(0, 1, coarse + 1), np.eye(coarse + 1))
    return torch.as_tensor(spline(np.linspace(0, 1, fine + 1)))


def _select(starts: list[_Curves], which: Tensor, rows: Tensor | None = None) -> _Curves:
    """Take for each pair one of its curves."""
    rows = torch.arange(len(which), device=which.device) if rows is None else rows
    parts = [start.take(rows) for start in starts]
    if len(parts) == 1:
        return parts[0]
    second = which[rows] == 1
    (one, other) = parts

    def pick(u: Tensor, v: Tensor) -> Tensor:
        return torch.where(second.reshape(-1, *[1] * (u.dim() - 1)), v, u)

    blocks = None
    if one.blocks is not None and other.blocks is not None:
        blocks = Blocks(
            pick(one.blocks.diagonal, other.blocks.diagonal), pick(one.blocks.upper, other.blocks.upper)
        )
    return _Curves(
        pick(one.points, other.points),
        pick(one.squares, other.squares),
        blocks,
        pick(one.refined, other.refined),
    )


def _fine(structure: Structure, curves: _Curves, tolerance: float, max_steps: int) -> Relaxed:
    """Relax on the fine level: with the coarse matrices at first, and with their own where need be."""
    n = len(curves.points)
    points, squares = curves.points.clone(), curves.squares.clone()
    converged = torch.zeros(n, dtype=torch.bool, device=points.device)
    steps = torch.zeros(n, dtype=torch.long, device=points.device)

    def work(rows: Tensor, frozen: Blocks | None, most: int) -> None:
        if len(rows):
            found = relax(structure, points[rows], tolerance=tolerance, max_steps=most, frozen=frozen)
            points[rows], squares[rows] = found.points, found.squares
            converged[rows] = found.converged
            steps[rows] += found.steps

    if curves.blocks is not None:
        rows = curves.refined.nonzero().squeeze(-1)
        work(rows, curves.blocks.take(rows), FROZEN_STEPS)
    work((~converged).nonzero().squeeze(-1), None, max_steps)
    return Relaxed(points, squares, converged, steps)


def _result(structure: Structure, best: Relaxed, lines: Tensor, line_squares: Tensor) -> Geodesics:
    T = best.squares.shape[1]
    halves = T % 2 == 0 and T > 2
    coarse = structure.squares(torch.cat([best.points[:, ::2], lines[:, ::2]])) if halves else None
    half, half_line = (None, None) if coarse is None else coarse.chunk(2)
    length, line = curve_length(best.squares, half), curve_length(line_squares, half_line)
    longer = line / torch.where(length > 0, length, 1) - 1
    return Geodesics(
        points=best.points,
        length=length,
        energy=T * best.squares.sum(-1),
        converged=best.converged,
        straight_excess=torch.where(length > 0, longer.clamp(min=0), 0),
        steps=best.steps,
    )
