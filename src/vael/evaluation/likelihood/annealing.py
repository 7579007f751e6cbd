"""A walk of many chains along an annealing path, forwards or backwards, and the tuning of its steps."""

from __future__ import annotations

from collections import abc
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Generator, Tensor
from torch.distributions import Distribution

from vael.evaluation.likelihood.annealing_path import AnnealingPath, Position
from vael.evaluation.likelihood.transitions import Noise, transition
from vael.models import LatentVariableModel
from vael.nn.products import fast_products
from vael.nn.steady import SteadyProducts

__all__ = [
    "WARM_UP",
    "Annealing",
    "Scales",
    "deviations",
    "ladder",
    "stream",
    "stretched",
    "tuned_steps",
    "walking",
]

WARM_UP = 20  # transitions at the first temperature, in which the tuning finds the size of the steps
RATE = 0.7  # what the logarithm of a step gains for each unit of acceptance too much


def ladder(temperatures: int, steepness: float) -> np.ndarray:
    """Inverse temperatures from 0 to 1, ``(temperatures,)``: a logistic function, brought to [0, 1].

    Grosse et al. 2015, arXiv 1511.02543, section 6.1, with steepness 4.
    """
    place = np.linspace(-1, 1, temperatures)
    if steepness == 0:
        return (1 + place) / 2
    curve = np.tanh(steepness * place / 2)  # 2 logistic(steepness place) - 1
    betas = (1 + curve / curve[-1]) / 2
    betas[0], betas[-1] = 0.0, 1.0
    return betas


def stream(seed: int, purpose: int, device: torch.device) -> Generator:
    """Return a generator for one purpose, independent of those for others."""
    state = np.random.SeedSequence([seed, purpose]).generate_state(1, np.uint64)[0]
    return Generator(device).manual_seed(int(state >> np.uint64(1)))


@contextmanager
def walking(model: LatentVariableModel, points: int) -> abc.Generator[None]:
    """Inside this context no gradient is kept, and products are fast and the same at every place.

    Arguments:
        model: The model.
        points: Latent points that pass through it together.
    """
    with torch.no_grad(), fast_products(model, points), SteadyProducts():
        yield


def deviations(law: Distribution, like: Tensor) -> Tensor:
    """Standard deviations of a law over latents, ones where it does not know them."""
    try:
        found = law.variance.sqrt()
    except NotImplementedError:
        return torch.ones(*law.batch_shape, *law.event_shape, dtype=like.dtype, device=like.device)
    return torch.where(torch.isfinite(found) & (found > 0), found, 1.0)


@dataclass(frozen=True)
class Scales:
    """Rough standard deviations along the path: those of a product of powers of two normals.

    Attributes
    ----------
        first: Of q0, ``(rows, latent)``.
        last: Of the posterior, ``(rows, latent)``.
    """

    first: Tensor
    last: Tensor

    def at(self, b: float) -> Float[Tensor, "rows latent"]:
        """Standard deviations at a place on the path."""
        return ((1 - b) / self.first.square() + b / self.last.square()).rsqrt()


@dataclass(frozen=True, eq=False)
class Annealing:
    """A walk with everything frozen but the noise.

    Attributes
    ----------
        path: The densities.
        betas: Inverse temperatures, 0 first and 1 last.
        steps: Step sizes at each, ``(temperatures, rows)``.
        scales: Units of the steps.
        leapfrog: Steps of a trajectory.
    """

    path: AnnealingPath
    betas: np.ndarray
    steps: Tensor
    scales: Scales
    leapfrog: int

    def forwards(self, z: Float[Tensor, "chains rows latent"], generator: Generator) -> Tensor:
        """Walk from draws of q0; the weights' mean is p(x). Returns ln w, ``(chains, rows)``, float64."""
        here = self.path.at(z)
        log_w = torch.zeros(z.shape[:-1], dtype=torch.float64, device=z.device)
        last = len(self.betas) - 1
        for t in range(1, last + 1):
            log_w += (self.betas[t] - self.betas[t - 1]) * here.log_ratio.double()
            if t < last:
                here = self._moved(here, t, generator)
        return log_w

    def backwards(self, z: Float[Tensor, "chains rows latent"], generator: Generator) -> Tensor:
        """Walk from draws of the posterior; the weights' mean is 1 / p(x) (Grosse 2015, section 3)."""
        here = self.path.at(z)
        log_w = torch.zeros(z.shape[:-1], dtype=torch.float64, device=z.device)
        for t in range(len(self.betas) - 1, 0, -1):
            log_w += (self.betas[t - 1] - self.betas[t]) * here.log_ratio.double()
            if t > 1:
                here = self._moved(here, t - 1, generator)
        return log_w

    def _moved(self, here: Position, t: int, generator: Generator) -> Position:
        b = float(self.betas[t])
        noise = Noise.draw(len(here.z), here.z, generator)
        return transition(self.path, here, b, self.steps[t], self.scales.at(b), self.leapfrog, noise)[0]


def tuned_steps(
    path: AnnealingPath,
    z: Float[Tensor, "chains rows latent"],
    betas: np.ndarray,
    scales: Scales,
    leapfrog: int,
    *,
    acceptance: float,
    generator: Generator,
) -> Float[Tensor, "temperatures rows"]:
    """Walk once while the step of each row grows or shrinks towards an acceptance; returns where it was.

    The acceptance of a row is the mean over its chains.
    """
    here = path.at(z)
    log_step = torch.full((z.shape[1],), -0.25 * np.log(z.shape[-1]), dtype=z.dtype, device=z.device)
    places = [1] * WARM_UP + list(range(1, len(betas) - 1))
    found: dict[int, Tensor] = {}
    for t in places:
        b = float(betas[t])
        noise = Noise.draw(len(z), z, generator)
        here, accepted = transition(path, here, b, log_step.exp(), scales.at(b), leapfrog, noise)
        log_step = log_step + RATE * (accepted.mean(0) - acceptance)
        found[t] = log_step
    inner = torch.stack([found[t] for t in sorted(found)])
    return torch.cat([inner[:1], inner, inner[-1:]]).exp()


def stretched(values: Float[Tensor, "few rows"], to: int) -> Float[Tensor, "many rows"]:
    """Interpolate between the values of a coarse ladder at the places of a finer one of the same schedule."""
    place = torch.linspace(0, len(values) - 1, to, dtype=torch.float64, device=values.device)
    below = place.floor().long().clamp(max=max(0, len(values) - 2))
    above = (below + 1).clamp(max=len(values) - 1)
    return torch.lerp(values[below], values[above], (place - below).to(values.dtype).unsqueeze(-1))
