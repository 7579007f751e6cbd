"""All scores of one code."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vael.datasets import GroundTruth
from vael.errors import InputError
from vael.evaluation.disentanglement.beta_vae import BetaVAEScore
from vael.evaluation.disentanglement.code import Code
from vael.evaluation.disentanglement.dci import DCI
from vael.evaluation.disentanglement.factor_vae import FactorVAEScore
from vael.evaluation.disentanglement.mutual_information import MutualInformationGap
from vael.evaluation.disentanglement.score import DisentanglementScore, Measured, Score
from vael.evaluation.tables import text_table

__all__ = ["DEFAULT_SCORES", "Disentanglement", "disentanglement_scores"]

DEFAULT_SCORES: tuple[DisentanglementScore, ...] = (
    BetaVAEScore(),
    FactorVAEScore(),
    MutualInformationGap(),
    DCI(),
)


def disentanglement_scores(
    represent: Callable[[Any], Any],
    ground_truth: GroundTruth,
    *,
    scores: Sequence[DisentanglementScore] = DEFAULT_SCORES,
    random_state: int | np.random.Generator | None = 0,
) -> Disentanglement:
    """Score how well single latents stand for the single factors that made the images.

    Parameters
    ----------
    represent : callable
        From images (n, ...), as `ground_truth.images` makes them, to latents (n, latents), the same for the
        same image: `transform` of a fitted estimator.
    ground_truth : GroundTruth
        Images made from known factors: `vael.datasets.Sprites()`, or your own.
    scores : sequence of DisentanglementScore
        Settings of each score; by default all, with the settings of disentanglement_lib.
    random_state : int, Generator or None, default=0
        Draws the factors. Each score has draws of its own, which do not depend on the other scores.

    Returns
    -------
    Disentanglement

    Notes
    -----
    With default settings nearly all 737280 sprites are encoded once, and DCI takes minutes; a quick look:
    `scores=(FactorVAEScore(train=1000, evaluation=500), MutualInformationGap(), DCI(trees="boosted
    regression"))`. A model may score high or low by the seed of its training alone (Locatello et al. 2019):
    compare several.
    """
    if not scores:
        raise InputError("give at least one score")
    code = Code(represent, ground_truth)
    seed = int(np.random.default_rng(random_state).integers(2**63))
    found = tuple(
        each.measure(code, np.random.default_rng([seed, zlib.crc32(type(each).__name__.encode())]))
        for each in scores
    )
    return Disentanglement(found, code.names, code.sizes, code.latents, code.encoded)


@dataclass(frozen=True, eq=False)
class Disentanglement:
    """Scores of one code, each with its details.

    Attributes
    ----------
    results : one a score asked for: votes, mutual information, importances
    factors, sizes : names and numbers of values of the factors
    latents : how many
    encoded : images that were made and encoded for all scores together
    """

    results: tuple[Measured, ...]
    factors: tuple[str, ...]
    sizes: tuple[int, ...]
    latents: int
    encoded: int

    @property
    def scores(self) -> tuple[Score, ...]:
        """All numbers."""
        return tuple(score for result in self.results for score in result.scores)

    def score(self, name: str) -> Score:
        """Give the number of that name."""
        for score in self.scores:
            if score.name == name:
                return score
        raise KeyError(f"no score {name!r}: there are {', '.join(score.name for score in self.scores)}")

    def to_rows(self) -> list[dict[str, Any]]:
        """One flat dictionary a number."""
        return [score.to_dict() for score in self.scores]

    def to_dict(self) -> dict[str, Any]:
        """Everything, in types that `json.dumps` takes."""
        return {
            "scores": self.to_rows(),
            "details": [result.to_dict() for result in self.results],
            "factors": dict(zip(self.factors, self.sizes, strict=True)),
            "latents": self.latents,
            "encoded": self.encoded,
        }

    def __str__(self) -> str:
        """Text: the numbers with what chance and the factors themselves get, then how they were found."""
        body = [
            [score.name, *map(_number, (score.value, score.chance, score.identity)), f"{score.seconds:.1f}"]
            for score in self.scores
        ]
        table = text_table(["score", "value", "chance", "factors as code", "seconds"], body)
        made = ", ".join(f"{name} ({size})" for name, size in zip(self.factors, self.sizes, strict=True))
        notes = [f"{self.latents} latents; factors (values): {made}; {self.encoded} images encoded"]
        notes += [f"{score.name}: {score.why or score.estimator}" for score in self.scores]
        return "\n".join([table, "", *notes])


def _number(value: float) -> str:
    return "not defined" if np.isnan(value) else f"{value:.3f}"
