"""Annealed importance sampling: ln p(x) by a walk from an easy law to the posterior."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Generator, Tensor

from vael.distributions import draw
from vael.errors import InputError
from vael.evaluation.likelihood.annealing import (
    WARM_UP,
    Annealing,
    Scales,
    deviations,
    ladder,
    stream,
    stretched,
    tuned_steps,
    walking,
)
from vael.evaluation.likelihood.annealing_path import AnnealingPath
from vael.evaluation.likelihood.blocks import MEMORY, Rows, bytes_a_point, like_of, padded_blocks
from vael.evaluation.likelihood.statistics import RowStatistics, collect, row_statistics
from vael.models import LatentVariableModel, log_weights

__all__ = ["AIS"]

WALK, START, TUNING, BACK = range(4)  # purposes of noise
CACHE = 2**22  # bytes of activations that are walked together: in the processor's cache they are fastest
POINTS = 512  # walked together where they are small: padding costs little


@dataclass(frozen=True)
class AIS:
    r"""Annealed importance sampling with Hamiltonian Monte Carlo (Neal 2001; Wu 2017, arXiv 1611.04273).

    A chain starts at a draw of :math:`q_0`, walks through :math:`f_b(z) = q_0(z)^{1-b} p(x, z)^b`, b from 0
    to 1, by one trajectory at each temperature, and gathers the weight

    .. math:: \ln w = \sum_t (b_t - b_{t-1}) \ln \frac{p(x, z_{t-1})}{q_0(z_{t-1})}

    whose exponential has the mean p(x), for any number of temperatures and any transitions that leave their
    f_b as it is. The mean over chains is taken before the logarithm, whose mean is a lower bound. Two
    temperatures are importance sampling from q0.

    Step sizes, one for each row and temperature, are tuned to the wanted acceptance on a run before, with
    noise of its own, and then stay: the weights' mean is exact.

    Attributes
    ----------
    temperatures : values of b, 0 and 1 among them
    chains : for each row, the samples of the mean
    start : q0 is the "prior", or the "encoder": q(z|x), which is nearer but whose tails may be too thin
    leapfrog : steps of a trajectory; each costs a pass through the decoder and one back
    preconditioned : step lengths follow the encoder's standard deviations of each latent, blended with the
        start's as b rises; without it, and from the prior, no encoder is asked
    acceptance : share of trajectories to be accepted
    steepness : of the schedule, b = logistic(steepness * (2 t / T - 1)) brought to [0, 1]: small steps at
        both ends; 0 for equal steps

    References
    ----------
    Neal 2001, "Annealed importance sampling"; Wu et al. 2017, "On the quantitative analysis of decoder-based
    generative models", arXiv 1611.04273.
    """

    temperatures: int = 1000
    chains: int = 16
    start: Literal["prior", "encoder"] = "encoder"
    leapfrog: int = 2
    preconditioned: bool = True
    acceptance: float = 0.65
    steepness: float = 4.0

    advice: ClassVar[str] = "use more temperatures"

    def __post_init__(self) -> None:
        for name, least in (("temperatures", 2), ("chains", 1), ("leapfrog", 1)):
            if getattr(self, name) < least:
                raise InputError(f"{name} must be >= {least}, got {getattr(self, name)}")
        if self.start not in ("prior", "encoder"):
            raise InputError(f"start must be 'prior' or 'encoder', got {self.start!r}")
        if not 0 < self.acceptance < 1:
            raise InputError(f"acceptance must lie between 0 and 1, got {self.acceptance}")
        if not 0 <= self.steepness < np.inf:
            raise InputError(f"steepness must be >= 0 and finite, got {self.steepness}")

    def __str__(self) -> str:
        """In words."""
        return (
            f"annealed importance sampling from the {self.start}, {self.chains} chains, "
            f"{self.temperatures} temperatures, {self.leapfrog} leapfrog steps"
        )

    @property
    def samples(self) -> int:
        """What is averaged in each row: chains."""
        return self.chains

    @property
    def tuning_temperatures(self) -> int:
        """Temperatures of the run that tunes the steps."""
        return min(self.temperatures, max(50, self.temperatures // 10))

    @property
    def gradients(self) -> int:
        """Gradients of the decoder that a row takes, tuning among them: each a pass there and one back."""
        if self.temperatures == 2:
            return self.chains
        walked = self.temperatures - 2 + WARM_UP + self.tuning_temperatures - 2
        return self.chains * (2 + self.leapfrog * walked)

    def run(
        self, model: LatentVariableModel, rows: Rows, n: int, *, seed: int, memory: int = MEMORY
    ) -> RowStatistics:
        """Weigh n rows, on the model's scale; the noise of a chain follows from the seed and its number.

        Arguments:
            model: The model, in evaluation mode.
            rows: Gives the rows of a slice.
            n: How many there are.
            seed: Of the noise, which is the same for every row.
            memory: Bytes to take beside the model and the rows; one row at a time is the least.
        """
        parts: list[RowStatistics] = []
        size = self.rows_together(model, rows(slice(0, 1)).shape[1], memory)
        with walking(model, size * self.chains):
            for part, x in padded_blocks(rows, n, size, like_of(model)):
                walk, z = self.prepare(model, x, seed)
                log_w = walk.forwards(z, stream(seed, WALK, z.device))
                parts.append(row_statistics(log_w, part=part))
        return collect(parts)

    def rows_together(self, model: LatentVariableModel, features: int, memory: int) -> int:
        """How many rows are walked at once: as many as the cache and the memory hold."""
        a_point = bytes_a_point(model, features)
        return max(1, min(POINTS, min(CACHE, memory) // a_point) // self.chains)

    def prepare(
        self, model: LatentVariableModel, x: Float[Tensor, "rows features"], seed: int
    ) -> tuple[Annealing, Float[Tensor, "chains rows latent"]]:
        """Tune the walk of some rows; returns it, and draws of q0 to start it from."""
        z, path = self._start(model, x, stream(seed, START, x.device))
        scales = self._scales(model, path, z)
        betas = ladder(self.temperatures, self.steepness)
        steps = torch.ones(2, len(x), dtype=z.dtype, device=z.device)
        if self.temperatures > 2:
            generator = stream(seed, TUNING, x.device)
            few = ladder(self.tuning_temperatures, self.steepness)
            others, _ = self._start(model, x, generator)
            steps = tuned_steps(
                path,
                others,
                few,
                scales,
                self.leapfrog,
                acceptance=self.acceptance,
                generator=generator,
            )
        return Annealing(path, betas, stretched(steps, self.temperatures), scales, self.leapfrog), z

    def _start(
        self, model: LatentVariableModel, x: Tensor, generator: Generator
    ) -> tuple[Tensor, AnnealingPath]:
        if self.start == "encoder":
            drawn = log_weights(model, x, self.chains, generator=generator, common_noise=True)
            return drawn.z, AnnealingPath(model, x, drawn.q_z)
        assert model.prior is not None
        z = draw(model.prior(), (self.chains, 1), generator)
        return z.expand(-1, len(x), -1).contiguous(), AnnealingPath(model, x, None)

    def _scales(self, model: LatentVariableModel, path: AnnealingPath, z: Tensor) -> Scales:
        assert model.prior is not None
        first = deviations(path.start or model.prior(), z).expand(z.shape[1:])
        if self.start == "encoder" or not self.preconditioned:
            return Scales(first, first)
        return Scales(first, deviations(model.encoder(path.x), z))
