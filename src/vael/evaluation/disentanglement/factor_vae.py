"""The score of the FactorVAE paper."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from vael.errors import InputError
from vael.evaluation.disentanglement.code import Code
from vael.evaluation.disentanglement.score import Score, at_least

__all__ = ["FactorVAEResult", "FactorVAEScore"]

_BLOCK = 1 << 15  # images looked up together


@dataclass(frozen=True)
class FactorVAEScore:
    """Accuracy of a vote: the latent that varies least among images with one factor in common names it.

    A factor k is drawn, then `batch` images that agree in k. Of each latent the variance among them is
    divided by its variance among all images; the latent of the least ratio casts a vote for k. Each latent
    is then taken to stand for the factor that it had most training votes for.

    Identity code: 1. Constant code: chance, about 1 / factors, with a `why` (disentanglement_lib reports 0).
    Rotated code: lower (0.62 to 1.00, median 0.86, over 20 random rotations of the sprites' factors brought
    to variance 1), though not by much, since a latent need only be nearer to one factor than the others are.
    The order and sign of the latents do not matter, nor does their scale unless it takes one below
    `least_deviation`.

    Defaults are those of disentanglement_lib.

    Source: Kim and Mnih 2018, "Disentangling by Factorising", arXiv 1802.05983, section 4; settings:
    Locatello et al. 2019, arXiv 1811.12359.

    Attributes
    ----------
    batch : images that one vote is of
    train, evaluation : votes that decide what a latent stands for, and votes that are judged
    variance_images : images that the latents' variances are estimated from
    least_deviation : standard deviation over all images below which a latent takes no part, on the latents'
        own scale; one that does not vary never does
    """

    batch: int = 64
    train: int = 10000
    evaluation: int = 5000
    variance_images: int = 10000
    least_deviation: float = 0.05

    def measure(self, code: Code, rng: np.random.Generator) -> FactorVAEResult:
        """Score a code; `rng` draws the factors."""
        at_least(self, batch=2, train=1, evaluation=1, variance_images=2)
        if not 0 <= self.least_deviation < math.inf:
            raise InputError(f"least_deviation must be 0 or more, got {self.least_deviation}")
        start = time.perf_counter()
        latents = code.sample(self.variance_images, rng)[1]
        variances = latents.var(axis=0, ddof=1, dtype=np.float64)
        varies = (latents != latents[0]).any(axis=0)
        active = varies & (np.sqrt(variances) >= self.least_deviation)
        votes = self._votes(code, self.train, variances, active, rng)
        votes_new = self._votes(code, self.evaluation, variances, active, rng)
        return FactorVAEResult(
            self, code.names, votes, votes_new, variances, active, time.perf_counter() - start
        )

    def _votes(
        self, code: Code, n: int, variances: np.ndarray, active: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Count votes, (factors, latents); where no latent is active, all go to the first."""
        fixed = rng.integers(0, len(code.sizes), n)
        votes = np.zeros((len(code.sizes), code.latents), dtype=np.int64)
        block = max(1, _BLOCK // self.batch)
        for start in range(0, n, block):
            which = fixed[start : start + block]
            factors = code.ground_truth.sample_factors(len(which) * self.batch, rng)
            sets = factors.reshape(len(which), self.batch, -1).copy()
            draws = np.arange(len(which))
            sets[draws, :, which] = sets[draws, :1, which]
            winner = np.zeros(len(which), dtype=np.int64)
            if active.any():
                latents = code(sets.reshape(factors.shape))[:, active].reshape(len(which), self.batch, -1)
                ratio = latents.var(axis=1, ddof=1, dtype=np.float64) / variances[active]
                winner = np.flatnonzero(active)[ratio.argmin(axis=1)]
            np.add.at(votes, (which, winner), 1)
        return votes


@dataclass(frozen=True, eq=False)
class FactorVAEResult:
    """What `FactorVAEScore` found.

    Attributes
    ----------
    settings : of the score
    factors : names
    votes, votes_new : of training and of evaluation, shape (factors, latents)
    variances : of each latent among all images
    active : which latents take part
    seconds : drawing and encoding included
    """

    settings: FactorVAEScore
    factors: tuple[str, ...]
    votes: np.ndarray
    votes_new: np.ndarray
    variances: np.ndarray
    active: np.ndarray
    seconds: float

    @property
    def stands_for(self) -> np.ndarray:
        """Index of the factor that each latent had most training votes for."""
        return self.votes.argmax(axis=0)

    @property
    def train_accuracy(self) -> float:
        """Share of the training votes that are for the factor that the latent stands for."""
        return self._accuracy(self.votes)

    @property
    def accuracy(self) -> float:
        """Share of the evaluation votes that are for the factor that the latent stands for."""
        return self._accuracy(self.votes_new)

    @property
    def chance(self) -> float:
        """Accuracy of always naming the factor that was fixed most often in training."""
        most = int(self.votes.sum(axis=1).argmax())
        return float(self.votes_new[most].sum() / self.votes_new.sum())

    @property
    def scores(self) -> tuple[Score, ...]:
        """One number."""
        used = self.settings
        count, value, why = int(self.active.sum()), self.accuracy, None
        if len(self.factors) == 1:
            value, why = math.nan, "not defined: with one factor there is nothing to tell apart"
        elif count == 0:
            why = (
                f"chance: no latent has a standard deviation of {used.least_deviation:g} or more "
                "(disentanglement_lib reports 0)"
            )
        return (
            Score(
                "FactorVAE score",
                value,
                self.chance,
                1.0,
                f"accuracy of a majority vote; {used.train} + {used.evaluation} votes of {used.batch} "
                f"images, variances from {used.variance_images}; {count} of {len(self.active)} latents vote",
                self.seconds,
                why,
            ),
        )

    def _accuracy(self, votes: np.ndarray) -> float:
        return float(votes[self.stands_for, np.arange(votes.shape[1])].sum() / votes.sum())

    def to_dict(self) -> dict[str, Any]:
        """Everything, in types that `json.dumps` takes."""
        return self.scores[0].to_dict() | {
            "train_accuracy": self.train_accuracy,
            "factors": list(self.factors),
            "votes": self.votes.tolist(),
            "votes_new": self.votes_new.tolist(),
            "variances": self.variances.tolist(),
            "active": self.active.tolist(),
        }
