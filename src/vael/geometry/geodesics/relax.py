"""Lower the energy of many discrete curves at once: Gauss and Newton's step with Levenberg's damping."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vael.geometry.geodesics.blocks import Blocks
from vael.geometry.geodesics.secants import Secants
from vael.geometry.structure import Segments, Structure

__all__ = ["Relaxed", "relax"]

FIRST_DAMPING = 1e-3  # times the lowest mode's part of the matrix's diagonal, about
LEAST_DAMPING, MOST_DAMPING = 1e-7, 1e4
TRUSTED_DAMPING = 0.1  # a step damped more promises less than there is to gain
FIRST_RATE, LEAST_RATE = 0.3, 0.02  # by which the promise falls with a step
NEAR = 0.05  # secants are of use where a step changes this part of the energy at most
LAST = 0.5  # a step is the last where the next would promise this part of the tolerance


@dataclass(frozen=True, eq=False)
class Relaxed:
    """Curves as they came out.

    Attributes:
        points: ``(curves, T + 1, latent)``.
        squares: Squared chords, ``(curves, T)``.
        converged: Whether the energy had no more than `tolerance` of itself to lose, ``(curves,)``.
        steps: Steps that were taken, ``(curves,)``.
        segments: Of the points, where Jacobians were computed at them.
    """

    points: Tensor
    squares: Tensor
    converged: Tensor
    steps: Tensor
    segments: Segments | None = None


def relax(
    structure: Structure,
    curves: Tensor,
    *,
    tolerance: float,
    max_steps: int,
    frozen: Blocks | None = None,
) -> Relaxed:
    """Lower the energy of curves between their ends until a step promises less than `tolerance` of it.

    Each step solves the Gauss-Newton equations of half the sum of squared chords, corrected by the secants of
    the last steps; a step that does not lower it is taken back and damped more. Curves that are done take no
    more part. Where the rate at which the promises fall says that a step will be the last, no gradient is
    computed after it.

    Arguments:
        structure: The structure.
        curves: ``(curves, T + 1, latent)``.
        tolerance: Part of the energy.
        max_steps: Steps at most, those that were taken back among them.
        frozen: Matrices to be used at every step, in place of those at each step's curves: a step then costs
            one value and one gradient.
    """
    c = len(curves)
    points = curves.clone()
    squares, gradient, blocks, kept = _evaluate(structure, points, frozen)
    damping = points.new_full((c,), FIRST_DAMPING / curves.shape[1] ** 2, dtype=torch.float64)
    rate = points.new_full((c,), FIRST_RATE, dtype=torch.float64)
    before = points.new_full((c,), torch.nan, dtype=torch.float64)
    converged = torch.zeros(c, dtype=torch.bool, device=points.device)
    steps = torch.zeros(c, dtype=torch.long, device=points.device)
    secants = Secants(c, points)
    active = torch.isfinite(squares).all(-1).nonzero().squeeze(-1)
    while len(active):
        own, held = blocks.take(active), damping[active]
        step = -secants.apply(active, gradient[active], lambda q, own=own, held=held: own.solve(q, held))
        total = squares[active].double().sum(-1).clamp(min=1e-300)
        promised = -(step * gradient[active].double()).sum((-2, -1)) / total
        trusted = held < TRUSTED_DAMPING
        done = (promised <= tolerance) & trusted
        converged[active[done]] = True
        seen = torch.isfinite(before[active])
        rate[active[seen]] = (promised / before[active])[seen].clamp(LEAST_RATE, 1)
        before[active] = promised
        going = ~done & (steps[active] < max_steps)
        last = going & trusted & (promised * rate[active] <= LAST * tolerance)
        steps[active[going]] += 1
        trial = points[active]
        trial[:, 1:-1] += step.to(points.dtype)
        better = torch.zeros_like(done)
        if last.any():
            rows = active[last]
            found = structure.squares(trial[last])
            lower = found.double().sum(-1) < squares[rows].double().sum(-1)
            points[rows[lower]], squares[rows[lower]] = trial[last][lower], found[lower]
            converged[rows[lower]] = True
            going[last.nonzero().squeeze(-1)[lower]] = False
        more = going & ~last
        if more.any():
            rows = active[more]
            new_squares, new_gradient, new_blocks, new_kept = _evaluate(
                structure, trial[more], None if frozen is None else frozen.take(rows)
            )
            lower = new_squares.double().sum(-1) < squares[rows].double().sum(-1)
            lower &= torch.isfinite(new_gradient).flatten(1).all(-1)
            chosen = rows[lower]
            near = (promised < NEAR)[more][lower]
            change = new_gradient[lower] - gradient[chosen]
            secants.remember(chosen[near], step[more][lower][near], change[near])
            secants.forget(chosen[~near])
            points[chosen], squares[chosen] = trial[more][lower], new_squares[lower]
            gradient[chosen] = new_gradient[lower]
            if frozen is None:
                blocks.put(chosen, new_blocks.take(lower))
                _put(kept, chosen, new_kept, lower)
            better[more.nonzero().squeeze(-1)[lower]] = True
        rows, better = active[going], better[going]
        secants.forget(rows[~better])
        before[rows[~better]] = torch.nan
        factor = torch.where(better, 0.2, 10.0).double()
        damping[rows] = (damping[rows] * factor).clamp(LEAST_DAMPING, MOST_DAMPING)
        active = rows[damping[rows] < MOST_DAMPING]
    return Relaxed(points, squares, converged, steps, kept)


def _evaluate(
    structure: Structure, curves: Tensor, frozen: Blocks | None
) -> tuple[Tensor, Tensor, Blocks, Segments | None]:
    if frozen is not None:
        squares, gradient = structure.gradient(curves)
        return squares, gradient, frozen, None
    found = structure.segments(curves)
    return found.squares, found.gradient, Blocks.of(found), found


def _put(kept: Segments | None, rows: Tensor, other: Segments | None, chosen: Tensor) -> None:
    if kept is not None and other is not None:
        for name in ("squares", "gradient", "start", "cross", "end"):
            getattr(kept, name)[rows] = getattr(other, name)[chosen]
