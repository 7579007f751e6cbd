r"""Geodesics with a given start and velocity: :math:`z'' = -J^+ D^2 F[z', z']`, by Runge-Kutta steps."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from vael.errors import InputError, VaelWarning
from vael.geometry.bending import refuse_piecewise_linear
from vael.geometry.immersion import Immersion
from vael.geometry.structure import Structure
from vael.geometry.tangents import read_tangents, told, tracing

if TYPE_CHECKING:
    from vael.geometry.manifold import Manifold

__all__ = ["Flow", "Shooting", "exp", "flow", "followed", "one_step", "shoot"]

STEPS = 32
DRIFT = 1e-3  # of the speed, which is constant along a geodesic: more, and the steps are too long
FIRST_DAMPING, MOST_DAMPING = 1e-3, 1e8


@dataclass(frozen=True, eq=False)
class Flow:
    """Geodesics as they were followed.

    Attributes:
        points: At even times from 0 to 1, ``(n, steps + 1, latent)``.
        velocities: There, of the same shape.
        reached: Steps after which point and velocity are still finite, ``(n,)``; where fewer than were
            asked for, point and velocity stay at their last finite values.
    """

    points: Tensor
    velocities: Tensor
    reached: Tensor


@dataclass(frozen=True, eq=False)
class Shooting:
    """Initial velocities that lead from points to others.

    Attributes:
        velocity: ``(n, latent)``.
        residual: Riemannian length of what is missing at the end, ``(n,)``.
        converged: Whether that is no more than the tolerance times the length of the velocity, ``(n,)``.
    """

    velocity: Tensor
    residual: Tensor
    converged: Tensor


def exp(manifold: Manifold, z: Any, v: Any, steps: int = STEPS) -> Tensor:
    """Follow geodesics to time 1: `Manifold.exp`."""
    read = read_tangents(manifold, z, v=v)
    z, v = read.z, read.vectors[0]
    refuse_piecewise_linear(manifold, z)
    with tracing(z, v):
        end, velocity, reached = _ends(manifold.structure, z, v, steps)
    if (reached < steps).any():
        row = int(torch.argwhere(reached < steps)[0])
        raise InputError(
            f"the geodesic of item {row} left the region where the metric is finite and has full rank after "
            f"{int(reached[row])} of {steps} steps, near {told(end, row)}: give a shorter velocity, or more "
            "steps"
        )
    _watch_speed(manifold.structure, (z, v), (end, velocity), steps)
    return read.shaped(end)


def flow(manifold: Manifold, z: Tensor, v: Tensor, steps: int = STEPS) -> Flow:
    """Follow geodesics and keep their way.

    Arguments:
        manifold: The manifold; whether its decoder bends at all is not asked.
        z: Starts, ``(n, latent)``.
        v: Velocities, ``(n, latent)``.
        steps: Even steps of the fourth order from time 0 to 1.
    """
    ways: list[tuple[Tensor, Tensor, Tensor]] = []
    for part in followed(manifold.structure, z):
        here, now = z[part], v[part]
        reached = torch.zeros(len(here), dtype=torch.long, device=z.device)
        points, velocities = [here], [now]
        for _ in range(steps):
            here, now, reached = _step_alive(manifold.structure, here, now, reached, len(points) - 1, steps)
            points.append(here)
            velocities.append(now)
        ways.append((torch.stack(points, 1), torch.stack(velocities, 1), reached))
    if not ways:
        empty = z.new_zeros(0, steps + 1, z.shape[1])
        return Flow(empty, empty, torch.zeros(0, dtype=torch.long, device=z.device))
    return Flow(*(torch.cat(part) for part in zip(*ways)))


def shoot(
    manifold: Manifold,
    a: Tensor,
    b: Tensor,
    v: Tensor,
    *,
    steps: int = STEPS,
    iterations: int = 20,
    tolerance: float | None = None,
) -> Shooting:
    """Correct initial velocities until ``exp(a, v) = b``, by damped Newton steps.

    A step that does not lower the residual is taken back and damped more (Levenberg and Marquardt); near
    conjugate points, where the derivative of the end by the velocity is singular, that is what keeps it from
    running away.

    Arguments:
        manifold: The manifold; whether its decoder bends at all is not asked.
        a: Starts, ``(n, latent)``.
        b: Ends.
        v: Velocities to begin with.
        steps: Of the integrator.
        iterations: Newton steps at most.
        tolerance: Part of the velocity's length that may be missing at the end; None: 1e-11 in double
            precision, 1e-5 in single.
    """
    if tolerance is None:
        tolerance = 1e-11 if v.dtype == torch.float64 else 1e-5
    parts = list(followed(manifold.structure, a, arrays=1 + a.shape[1]))
    found = [
        _shot(manifold.structure, a[part], b[part], v[part], steps, iterations, tolerance) for part in parts
    ]
    if not found:
        return Shooting(v, v.new_zeros(0), torch.zeros(0, dtype=torch.bool, device=v.device))
    return Shooting(
        torch.cat([one.velocity for one in found]),
        torch.cat([one.residual for one in found]),
        torch.cat([one.converged for one in found]),
    )


# -- steps -------------------------------------------------------------------------------------------------


def one_step(structure: Structure, z: Tensor, v: Tensor, h: float) -> tuple[Tensor, Tensor]:
    """Take one step of the fourth order."""
    a1 = structure.acceleration(z, v, v)
    v2 = v + h / 2 * a1
    a2 = structure.acceleration(z + h / 2 * v, v2, v2)
    v3 = v + h / 2 * a2
    a3 = structure.acceleration(z + h / 2 * v2, v3, v3)
    v4 = v + h * a3
    a4 = structure.acceleration(z + h * v3, v4, v4)
    return z + h / 6 * (v + 2 * v2 + 2 * v3 + v4), v + h / 6 * (a1 + 2 * a2 + 2 * a3 + a4)


def _step_alive(
    structure: Structure, z: Tensor, v: Tensor, reached: Tensor, done: int, steps: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Take one step with those that have come so far; the others stay."""
    alive = reached == done
    if not alive.any():
        return z, v, reached
    if alive.all():
        after, then = one_step(structure, z, v, 1 / steps)
    else:
        after, then = z.clone(), v.clone()
        after[alive], then[alive] = one_step(structure, z[alive], v[alive], 1 / steps)
    good = (alive & torch.isfinite(after).all(1) & torch.isfinite(then).all(1)).unsqueeze(-1)
    return torch.where(good, after, z), torch.where(good, then, v), reached + good.squeeze(-1)


def _ends(structure: Structure, z: Tensor, v: Tensor, steps: int) -> tuple[Tensor, Tensor, Tensor]:
    """Follow geodesics, chunk by chunk: end points, velocities there, and the steps that were made."""
    if steps < 1:
        raise InputError(f"steps must be >= 1, got {steps}")
    found: list[tuple[Tensor, Tensor, Tensor]] = []
    for part in followed(structure, z):
        here, now = z[part], v[part]
        reached = torch.zeros(len(here), dtype=torch.long, device=z.device)
        for done in range(steps):
            here, now, reached = _step_alive(structure, here, now, reached, done, steps)
        found.append((here, now, reached))
    if not found:
        return z, v, torch.zeros(0, dtype=torch.long, device=z.device)
    ends, velocities, reached = zip(*found)
    return torch.cat(ends), torch.cat(velocities), torch.cat(reached)


def followed(structure: Structure, z: Tensor, arrays: int = 1) -> Iterator[slice]:
    """Give slices of points that are moved together.

    As many as the memory holds, not the caches: a step of few points takes as long as one of many.
    """
    if isinstance(structure, Immersion) and len(z):
        structure.outputs(z)  # found by a call, and the cost is of so many
    return structure.parts(len(z), 3 * arrays * structure.cost(z.shape[1]))


@torch.no_grad()
def _watch_speed(
    structure: Structure, start: tuple[Tensor, Tensor], end: tuple[Tensor, Tensor], steps: int
) -> None:
    """Warn where the speed is not what it was."""
    if not len(start[0]):
        return
    squares = [torch.einsum("nij,ni,nj->n", structure.metric(z), v, v) for z, v in (start, end)]
    change = (squares[1] / torch.where(squares[0] > 0, squares[0], 1)).clamp(min=0).sqrt() - 1
    off = (squares[0] > 0) & (change.abs() > DRIFT)
    if off.any():
        row = int(change.abs().where(off, 0).argmax())
        warnings.warn(
            f"the speed of {int(off.sum())} of {len(off)} geodesics is not constant (that of item {row} "
            f"changed by {100 * float(change[row]):.2g} %): give more steps than {steps}, or "
            "shorter velocities",
            VaelWarning,
            stacklevel=4,
        )


# -- shooting ----------------------------------------------------------------------------------------------


def _shot(
    structure: Structure, a: Tensor, b: Tensor, v: Tensor, steps: int, iterations: int, tolerance: float
) -> Shooting:
    with torch.no_grad():
        a, b, v, latent = a.contiguous(), b.contiguous(), v.clone(), a.shape[1]
        L = torch.linalg.cholesky_ex(structure.metric(b))[0]
        missing, lead = _missing(structure, a, b, v, L, steps)
        size = missing.norm(dim=-1)
        length = torch.einsum("nij,ni,nj->n", structure.metric(a), v, v).clamp(min=0).sqrt()
        damping = torch.full_like(size, FIRST_DAMPING)
        for _ in range(iterations):
            go = (torch.isfinite(size) & (size > tolerance * length) & (damping < MOST_DAMPING)).nonzero()[
                :, 0
            ]
            if not len(go):
                break
            E = lead[go]
            normal = E.mT @ E
            scale = normal.diagonal(dim1=-2, dim2=-1).mean(-1)
            eye = torch.eye(latent, dtype=v.dtype, device=v.device)
            normal = normal + (damping[go] * scale)[:, None, None] * eye
            right = (E.mT @ missing[go].unsqueeze(-1)).squeeze(-1)
            trial = v[go] + torch.linalg.solve_ex(normal, right)[0]
            gap, slope = _missing(structure, a[go], b[go], trial, L[go], steps)
            left = gap.norm(dim=-1)
            better = left < size[go]
            won = go[better]
            v[won], missing[won], lead[won] = trial[better], gap[better], slope[better]
            damping[go] *= torch.where(better, 1e-2 * (left / size[go]).clamp(max=1), 10)
            size[won] = left[better]
        return Shooting(v, size, torch.isfinite(size) & (size <= tolerance * length))


def _missing(
    structure: Structure, a: Tensor, b: Tensor, v: Tensor, L: Tensor, steps: int
) -> tuple[Tensor, Tensor]:
    """Compute what is missing at the end, in an orthonormal frame there, and the end's derivative by v.

    The derivative is by differences, from neighbours that are followed along: exact ones cost one more level
    of forward mode, several times as much, and save no step.
    """
    n, latent = v.shape
    size = v.abs().amax(-1, keepdim=True)
    h = torch.finfo(v.dtype).eps ** 0.5 * torch.where(size > 0, size, 1).unsqueeze(-1)
    eye = torch.eye(latent, dtype=v.dtype, device=v.device)
    every = torch.cat([v.unsqueeze(1), v.unsqueeze(1) + h * eye], 1).reshape(-1, latent)
    z = a.repeat_interleave(1 + latent, 0)
    for _ in range(steps):
        z, every = one_step(structure, z, every, 1 / steps)
    ends = z.reshape(n, 1 + latent, latent)
    slopes = ((ends[:, 1:] - ends[:, :1]) / h).mT
    return (L.mT @ (b - ends[:, 0]).unsqueeze(-1)).squeeze(-1), L.mT @ slopes
