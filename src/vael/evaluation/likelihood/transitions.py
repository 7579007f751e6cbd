"""Hamiltonian Monte Carlo on many chains of many rows at once."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from vael.evaluation.likelihood.annealing_path import AnnealingPath, Position

__all__ = ["Noise", "transition"]

FAR = 1e6  # a trajectory that goes there has diverged, and is refused
JITTER = 0.2  # of the step, so that no orbit closes


@dataclass(frozen=True)
class Noise:
    """What one transition draws; every row gets the same.

    Attributes
    ----------
        momentum: Standard normal, ``(chains, 1, latent)``.
        step: Factors of the step size, ``(chains, 1)``.
        uniform: In (0, 1), ``(chains, 1)``.
    """

    momentum: Tensor
    step: Tensor
    uniform: Tensor

    @classmethod
    def draw(cls, chains: int, like: Tensor, generator: Generator) -> Noise:
        """Draw it, with the last axis, dtype and device of a tensor."""
        dtype, device = like.dtype, like.device
        shape = (chains, 1, like.shape[-1])
        momentum = torch.randn(shape, generator=generator, dtype=dtype, device=device)
        step, uniform = torch.rand((2, chains, 1), generator=generator, dtype=dtype, device=device)
        return cls(momentum, 1 + JITTER * (2 * step - 1), uniform)


def transition(
    path: AnnealingPath,
    here: Position,
    b: float,
    step: Float[Tensor, " rows"],
    scale: Float[Tensor, "rows latent"],
    leapfrog: int,
    noise: Noise,
) -> tuple[Position, Float[Tensor, "chains rows"]]:
    """Move points by one trajectory that leaves f_b as it is, and is reversible (Neal 2011, section 5.3.2).

    Returns the new points, and the probability with which each move was accepted.

    Arguments:
        path: The densities.
        here: The points.
        b: Place on the path.
        step: Step size of each row, in units of `scale`.
        scale: Roughly the standard deviations of f_b: the mass matrix is their inverse square.
        leapfrog: Steps of a trajectory, each of which costs one gradient.
        noise: What is random about it.

    """
    velocity = noise.momentum.expand_as(here.z)
    kinetic = 0.5 * noise.momentum.square().sum(-1)
    stride = (step * noise.step).unsqueeze(-1) * scale
    velocity = torch.addcmul(velocity, 0.5 * stride, here.slope(b))
    z = here.z
    lost = torch.zeros_like(kinetic, dtype=torch.bool).expand(z.shape[:-1])
    for i in range(leapfrog):
        z = torch.addcmul(z, stride, velocity)
        lost = lost | ~(z.abs().amax(-1) < FAR)
        z = torch.where(lost.unsqueeze(-1), here.z, z)
        if i < leapfrog - 1:
            velocity = torch.addcmul(velocity, stride, path.slope(z, b))
    there = path.at(z)
    velocity = torch.addcmul(velocity, 0.5 * stride, there.slope(b))
    change = there.log_density(b) - here.log_density(b) + kinetic - 0.5 * velocity.square().sum(-1)
    change = torch.where(torch.isnan(change) | lost, -torch.inf, change)
    return there.where(noise.uniform.log() < change, here), change.clamp(max=0).exp()
