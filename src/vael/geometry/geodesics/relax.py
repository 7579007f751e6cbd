"""Lower the energy of many discrete curves at once: Gauss and Newton's step with Levenberg's damping."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vael.geometry.geodesics.blocks import Blocks
from vael.geometry.structure import Segments, Structure

__all__ = ["Relaxed", "relax"]

LEAST_DAMPING, MOST_DAMPING = 1e-7, 1e4
TRUSTED_DAMPING = 0.1  # a step damped more promises less than there is to gain


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

    Each step solves the Gauss-Newton equations of half the sum of squared chords; a step that does not lower
    it is taken back and damped more. Curves that are done take no more part.

    Arguments:
        structure: The structure.
        curves: ``(curves, T + 1, latent)``.
        tolerance: Part of the energy.
        max_steps: Steps at most, those that were taken back among them.
        frozen: Matrices to be used at every step, in place of those at each step's curves: a step then costs
            one value and one gradient.
    """
    points = curves.clone()
    c = len(points)
    squares, gradient, blocks, kept = _evaluate(structure, points, frozen)
    damping = points.new_full((c,), 1e-4 * (3.14 / curves.shape[1]) ** 2, dtype=torch.float64)
    converged = torch.zeros(c, dtype=torch.bool, device=points.device)
    steps = torch.zeros(c, dtype=torch.long, device=points.device)
    active = torch.isfinite(squares).all(-1).nonzero().squeeze(-1)
    for _ in range(max_steps + 1):
        if not len(active):
            break
        step = blocks.take(active).solve(-gradient[active], damping[active])
        promised = -(step.double() * gradient[active].double()).sum((-2, -1))
        total = squares[active].double().sum(-1)
        done = (promised <= tolerance * total) & (damping[active] < TRUSTED_DAMPING)
        converged[active[done]] = True
        going = active[~done & (steps[active] < max_steps)]
        if not len(going):
            break
        trial = points[going]
        trial[:, 1:-1] += step[~done & (steps[active] < max_steps)]
        new_squares, new_gradient, new_blocks, new_kept = _evaluate(
            structure, trial, None if frozen is None else frozen.take(going)
        )
        steps[going] += 1
        better = new_squares.double().sum(-1) < squares[going].double().sum(-1)
        better &= torch.isfinite(new_gradient).all(-1).all(-1)
        chosen = going[better]
        points[chosen], squares[chosen] = trial[better], new_squares[better]
        gradient[chosen] = new_gradient[better]
        if frozen is None:
            blocks.put(chosen, new_blocks.take(better))
            _put(kept, chosen, new_kept, better)
        factor = torch.where(better, 0.2, 10.0).double()
        damping[going] = (damping[going] * factor).clamp(LEAST_DAMPING, MOST_DAMPING)
        active = going[damping[going] < MOST_DAMPING]
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
