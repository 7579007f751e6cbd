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
COARSE_TOLERANCE = 1e-3
FROZEN_STEPS = 5
FOLLOWED = (
    1.2  # a way through the graph is followed unless it is longer than the straight line by this factor
)
SAME = 2e-3  # energies nearer than this part are of one curve
RIVAL = 1.3  # a second curve that may become the shorter one is refined too
DOUBTED = 1.5  # a coarse curve jumped over something where its energy grows by this factor when it is refined


def default_tolerance(dtype: torch.dtype) -> float:
    """The part of the energy that a geodesic may have left to lose: twice the error of its length."""
    return 1e-12 if dtype == torch.float64 else 2e-5


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

    The straight line, and the shortest way through the graph where it may be shorter, are relaxed with few
    segments; refined by a cubic; and relaxed again, at first with the coarse level's matrices. The curve of
    least energy is kept. Where a coarse curve turns out to have jumped over something, the starts are
    relaxed anew on the fine level alone.

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
    line_length = _line_length(structure, lines)
    ways, followed = lines[:0], torch.arange(0, device=a.device)
    if graph is not None:
        found, lengths = graph.paths(a, b, segments)
        followed = (lengths < FOLLOWED * line_length).nonzero().squeeze(-1)
        ways = found[followed]
    solver = _Solver(structure, tolerance, max_steps)
    if segments % COARSEN or segments // COARSEN < LEAST_COARSE:
        best = solver.fine(lines)
        _keep_shorter(best, followed, solver.fine(ways))
    else:
        best = _two_levels(solver, lines, ways, followed)
    return _result(structure, best, line_length)


def _two_levels(solver: _Solver, lines: Tensor, ways: Tensor, followed: Tensor) -> Relaxed:
    """Relax lines, and the ways that are followed, on both levels; keep the better of each pair."""
    line, way = solver.coarse(lines), solver.coarse(ways)
    of_line, of_way = _energy(line)[followed], _energy(way)
    better = of_way < of_line
    rival = (torch.maximum(of_line, of_way) < RIVAL * torch.minimum(of_line, of_way)) & (
        (of_line - of_way).abs() > SAME * of_line
    )
    coarse_energy = _energy(line).clone()
    coarse_energy[followed] = torch.minimum(of_line, of_way)
    take_line = torch.ones(len(lines), dtype=torch.bool, device=lines.device)
    take_line[followed] = ~better | rival
    rows, others = take_line.nonzero().squeeze(-1), better | rival
    best = solver.refine(line, rows, len(lines))
    _keep_shorter(best, followed[others], solver.refine(way, others.nonzero().squeeze(-1)))
    doubted = COARSEN * _energy(best) > DOUBTED * coarse_energy
    rows = doubted.nonzero().squeeze(-1)
    if len(rows):
        _keep_shorter(best, rows, solver.fine(lines[rows]))
        again = doubted[followed]
        _keep_shorter(best, followed[again], solver.fine(ways[again]))
    return best


@dataclass(frozen=True)
class _Solver:
    """The two levels of relaxation."""

    structure: Structure
    tolerance: float
    max_steps: int

    def coarse(self, start: Tensor) -> Relaxed:
        """Relax curves with a few of their segments."""
        tolerance = max(self.tolerance, COARSE_TOLERANCE)
        return relax(self.structure, start[:, ::COARSEN], tolerance=tolerance, max_steps=self.max_steps)

    def refine(self, coarse: Relaxed, rows: Tensor, total: int | None = None) -> Relaxed:
        """Go on from some of the coarse curves on the fine level; at first with the coarse matrices.

        With `total` the result has that many rows; those that were not refined have infinite energy.
        """
        points = coarse.points[rows]
        segments = COARSEN * (points.shape[1] - 1)
        fine = subdivided(points, _cubic(points.shape[1] - 1, segments).to(points))
        fine[:, ::COARSEN] = points
        assert coarse.segments is not None
        blocks = Blocks.of(refined(coarse.segments.take(rows), COARSEN))
        found = relax(
            self.structure,
            fine,
            tolerance=self.tolerance,
            max_steps=min(FROZEN_STEPS, self.max_steps),
            frozen=blocks,
        )
        left = (~found.converged).nonzero().squeeze(-1)
        if len(left):
            more = self.fine(found.points[left])
            for name in ("points", "squares", "converged"):
                getattr(found, name)[left] = getattr(more, name)
            found.steps[left] += more.steps
        return found if total is None or total == len(rows) else _spread(found, rows, total)

    def fine(self, start: Tensor) -> Relaxed:
        """Relax curves with all their segments and their own matrices."""
        return relax(self.structure, start, tolerance=self.tolerance, max_steps=self.max_steps)


def _energy(found: Relaxed) -> Tensor:
    """The sum of squared chords, ``(curves,)``."""
    return found.squares.double().sum(-1)


def _spread(found: Relaxed, rows: Tensor, total: int) -> Relaxed:
    """Put some rows' curves at their places among all."""

    def place(values: Tensor, empty: float) -> Tensor:
        every = values.new_full((total, *values.shape[1:]), empty)
        every[rows] = values
        return every

    return Relaxed(
        place(found.points, 0.0),
        place(found.squares, torch.inf),
        place(found.converged, 0.0),
        place(found.steps, 0.0),
    )


def _keep_shorter(best: Relaxed, rows: Tensor, other: Relaxed) -> None:
    """Replace those rows of `best` for which another curve has less energy."""
    if not len(rows):
        return
    shorter = _energy(other) < _energy(best)[rows]
    for name in ("points", "squares", "converged", "steps"):
        getattr(best, name)[rows[shorter]] = getattr(other, name)[shorter]


@cache
def _cubic(coarse: int, fine: int) -> Tensor:
    """The linear map from a cubic spline's points to those at finer times, ``(fine + 1, coarse + 1)``."""
    spline = CubicSpline(np.linspace(0, 1, coarse + 1), np.eye(coarse + 1))
    return torch.as_tensor(spline(np.linspace(0, 1, fine + 1)))


def _line_length(structure: Structure, lines: Tensor) -> Tensor:
    """Lengths of straight lines; half the segments are enough, as the extrapolation is of fourth order."""
    halves = lines[:, ::2] if lines.shape[1] % 4 == 1 and lines.shape[1] > 16 else lines
    return _length(structure, halves, structure.squares(halves))


def _length(structure: Structure, curves: Tensor, squares: Tensor) -> Tensor:
    T = squares.shape[1]
    return curve_length(squares, structure.squares(curves[:, ::2]) if T % 2 == 0 and T > 2 else None)


def _result(structure: Structure, best: Relaxed, line_length: Tensor) -> Geodesics:
    moved = (best.points[:, 0] != best.points[:, -1]).any(1)  # else rounding would be its length
    best.points[~moved] = best.points[~moved, :1]
    length = _length(structure, best.points, best.squares) * moved
    longer = line_length / torch.where(length > 0, length, 1) - 1
    return Geodesics(
        points=best.points,
        length=length,
        energy=best.squares.shape[1] * best.squares.sum(-1) * moved,
        converged=best.converged,
        straight_excess=torch.where((length > 0) & torch.isfinite(length), longer.clamp(min=0), 0),
        steps=best.steps,
    )
