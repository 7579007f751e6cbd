"""Hamiltonian Monte Carlo for many chains at once, in a box or without."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Box", "Trace", "hamiltonian"]

Target = Callable[[Tensor], tuple[Tensor, Tensor]]

ACCEPTANCE = 0.8  # aimed at
FIRST_STEP = 0.3  # of the scale
MOST_STEP = 2.0  # of the scale: where the density is even, acceptance sets no bound
JITTER = 0.2  # of the step size, so that no trajectory closes on itself


@dataclass(frozen=True, eq=False)
class Box:
    """Walls that trajectories bounce off.

    Attributes:
        lower: ``(latent,)``.
        upper: ``(latent,)``.
    """

    lower: Tensor
    upper: Tensor

    def bounce(self, z: Tensor, momentum: Tensor) -> tuple[Tensor, Tensor]:
        """Fold positions back into the box; a momentum turns at each wall."""
        width = self.upper - self.lower
        turns = (z - self.lower) / width
        back = turns.floor().remainder(2) == 1
        place = turns.remainder(2)
        place = torch.where(place > 1, 2 - place, place)
        inside = torch.isfinite(z)
        folded = torch.where(inside, self.lower + place * width, z)
        return folded, torch.where(back & inside, -momentum, momentum)


@dataclass(frozen=True, eq=False)
class Trace:
    """What chains drew.

    Attributes:
        draws: ``(chains, draws, latent)``, of after the warm-up.
        acceptance: Mean probability of acceptance, of the same draws.
        step_size: Of the leapfrogs, in units of `scale`.
        scale: Of each latent, ``(latent,)``.
    """

    draws: Tensor
    acceptance: float
    step_size: float
    scale: Tensor


@torch.no_grad()
def hamiltonian(
    target: Target,
    start: Tensor,
    *,
    draws: int,
    warm_up: int,
    leapfrogs: int,
    scale: Tensor,
    box: Box | None = None,
    inside: Callable[[Tensor], Tensor] | None = None,
    generator: torch.Generator | None = None,
) -> Trace:
    """Draw from a density by Hamiltonian Monte Carlo with a diagonal mass matrix.

    The step size, one for all chains, is set in the warm-up by dual averaging (Hoffman & Gelman 2014, arXiv
    1111.4246, algorithm 5), and half-way through it the scale of each latent by the spread of the chains. The
    number of leapfrogs of a trajectory is drawn evenly from 1 to `leapfrogs`. Walls are bounced off, and
    trajectories turn back before they leave the region, which keeps volume and time's symmetry; for the step
    size, turning back counts as not accepted. What ends where the density is zero or not finite is rejected.

    Arguments:
        target: Maps ``(chains, latent)`` to the logarithm of the density, but for a constant, ``(chains,)``,
            and its gradient.
        start: Of each chain, ``(chains, latent)``, where the density is not zero.
        draws: Of each chain, after the warm-up.
        warm_up: Draws that are thrown away.
        leapfrogs: Of a trajectory, at most.
        scale: Of each latent, to begin with, ``(latent,)``.
        box: Walls.
        inside: Says of points, ``(chains, latent)``, whether they are in the region, ``(chains,)``; a step
            that would leave it turns the momentum round in place of moving.
        generator: Of the random numbers.
    """
    z, (log_p, slope) = start, target(start)
    tuning = _DualAveraging(FIRST_STEP)
    kept: list[Tensor] = []
    early: list[Tensor] = []
    accepted: list[Tensor] = []
    for number in range(warm_up + draws):
        warming = number < warm_up
        step = (tuning.step if warming else tuning.average) * float(1 + JITTER * (2 * _even(generator) - 1))
        momentum = _normal(z, generator)
        count = 1 + int(_even(generator) * leapfrogs)
        state = (z, momentum, log_p, slope)
        new, then, log_p_new, slope_new, stayed = _trajectory(target, state, step * scale, count, box, inside)
        gain = log_p_new - log_p + 0.5 * (momentum.square() - then.square()).sum(-1)
        chance = torch.where(torch.isfinite(gain), gain, -torch.inf).clamp(max=0).exp()
        taken = (
            torch.rand(len(z), generator=generator, dtype=z.dtype, device=_device(z, generator)).to(z)
            < chance
        )
        z = torch.where(taken.unsqueeze(-1), new, z)
        slope = torch.where(taken.unsqueeze(-1), slope_new, slope)
        log_p = torch.where(taken, log_p_new, log_p)
        if warming:
            tuning.learn(float((chance * stayed).mean()))
            early.append(z)
            if number == warm_up // 2 and len(early) * len(z) >= 10 * z.shape[1]:
                spread = torch.cat(early[len(early) // 2 :]).std(0)
                scale = torch.where(spread > 1e-3 * scale, spread, scale)
                tuning = _DualAveraging(tuning.average)
        else:
            kept.append(z)
            accepted.append(chance.mean())
    return Trace(torch.stack(kept, 1), float(torch.stack(accepted).mean()), tuning.average, scale)


def _trajectory(
    target: Target,
    state: tuple[Tensor, ...],
    step: Tensor,
    count: int,
    box: Box | None,
    inside: Callable[[Tensor], Tensor] | None,
) -> tuple[Tensor, ...]:
    """Make leapfrogs, in units in which the mass is one; positions in their own."""
    z, momentum, log_p, slope = state
    stayed = torch.zeros_like(log_p)
    momentum = momentum + 0.5 * step * slope
    for left in reversed(range(count)):
        z, momentum, stays = _drifted(z, momentum, step, box, inside)
        stayed = stayed + stays / count
        log_p, slope = target(z)
        momentum = momentum + (step if left else 0.5 * step) * slope
    return z, momentum, log_p, slope, stayed


def _drifted(
    z: Tensor, momentum: Tensor, step: Tensor, box: Box | None, inside: Callable[[Tensor], Tensor] | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Move; bounce off walls, and turn back before leaving a region of any shape."""
    after, then = z + step * momentum, momentum
    if box is not None:
        after, then = box.bounce(after, then)
    if inside is None:
        return after, then, torch.ones_like(z[:, 0])
    stays = inside(after).unsqueeze(-1)
    return torch.where(stays, after, z), torch.where(stays, then, -momentum), stays.squeeze(-1).to(z)


class _DualAveraging:
    """Step sizes that bring the acceptance to what is aimed at; constants of Hoffman & Gelman 2014."""

    def __init__(self, step: float) -> None:
        self.step = self.average = step
        self._shrink = math.log(10 * step)
        self._missing, self._count, self._log_average = 0.0, 0, 0.0

    def learn(self, acceptance: float) -> None:
        """Take in the acceptance at the present step."""
        self._count += 1
        t = self._count
        weight = 1 / (t + 10)
        self._missing = (1 - weight) * self._missing + weight * (ACCEPTANCE - acceptance)
        log_step = min(self._shrink - t**0.5 / 0.05 * self._missing, math.log(MOST_STEP))
        self._log_average += t**-0.75 * (log_step - self._log_average)
        self.step = math.exp(log_step)
        self.average = math.exp(self._log_average)


def _even(generator: torch.Generator | None) -> float:
    device = "cpu" if generator is None else generator.device
    return float(torch.rand((), generator=generator, device=device))


def _normal(like: Tensor, generator: torch.Generator | None) -> Tensor:
    device = _device(like, generator)
    return torch.randn(like.shape, generator=generator, dtype=like.dtype, device=device).to(like)


def _device(like: Tensor, generator: torch.Generator | None) -> torch.device:
    return like.device if generator is None else generator.device
