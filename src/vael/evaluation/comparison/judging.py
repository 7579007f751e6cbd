"""What is measured of one model: values of rows, latents, and samples."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from vael.errors import InputError
from vael.evaluation.comparison.contestants import Contestant
from vael.evaluation.comparison.evidence import RowEvidence, row_evidence
from vael.evaluation.comparison.neighbours import neighbours_right
from vael.evaluation.samples import FeatureExtractor, Score, sample_quality

__all__ = ["NEIGHBOURS", "Judged", "Setting", "judge"]

NEIGHBOURS = (1, 5)


@dataclass(frozen=True, eq=False)
class Setting:
    """What all models of a comparison are judged on.

    Attributes
    ----------
    X : held-out rows ``(n, ...)``, as given
    coins : the same, with greys made 0 or `top` for binary laws
    top : see `top_of`
    y : their labels, or None
    train, y_train : training rows, or None
    samples : of z for each row
    generated : rows to make; 0 for none
    drawn : whether they have the noise of p(x|z), or are its means
    features : for the scores of samples
    seeds : for the evidence, the generated rows and their scores
    """

    X: np.ndarray
    coins: np.ndarray
    top: float | None
    y: np.ndarray | None
    train: np.ndarray | None
    y_train: np.ndarray | None
    samples: int
    generated: int
    drawn: bool
    features: FeatureExtractor | None
    seeds: tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class Judged:
    """One model. A text in the place of numbers says why there are none."""

    evidence: RowEvidence | str
    squared_error: np.ndarray
    latents: np.ndarray
    right: Mapping[int, np.ndarray]
    generated: np.ndarray | str
    scores: Mapping[str, Score] | str
    seconds: float


def judge(model: Contestant, setting: Setting, said: Callable[[str], None]) -> Judged:
    """Measure one model; `said` is told each part before it starts."""
    start = time.perf_counter()
    said("likelihood")
    X, samples = setting.X, setting.samples
    found = row_evidence(model, setting.coins if model.law == "binary" else X, samples, setting.seeds[0])
    evidence: RowEvidence | str = model.no_evidence if found is None else found
    said("reconstruction")
    latents = model.means(X)
    again = _in_units(model.decode(latents), X)
    error = ((again - X.reshape(len(X), -1).astype(np.float64)) ** 2).mean(axis=1)
    right: dict[int, np.ndarray] = {}
    if setting.train is not None and setting.y_train is not None and setting.y is not None:
        said("neighbours")
        known = model.means(setting.train)
        right = {k: neighbours_right(known, setting.y_train, latents, setting.y, k) for k in NEIGHBOURS}
    generated: np.ndarray | str = "none were asked for"
    scores: Mapping[str, Score] | str = generated
    if setting.generated:
        said("samples")
        generated = _generate(model, setting)
        scores = generated if isinstance(generated, str) else _score(generated, setting)
    return Judged(evidence, error, latents, right, generated, scores, time.perf_counter() - start)


def _generate(model: Contestant, setting: Setting) -> np.ndarray | str:
    """Rows ``(n, features)`` of the model, in the data's units."""
    if model.no_samples:
        return model.no_samples
    n, seed = setting.generated, setting.seeds[1]
    if not setting.drawn:
        return _in_units(model.decode(model.prior(n, seed)), setting.X)
    drawn = model.draw_rows(n, seed)
    if drawn is None and model.law == "binary" and setting.top is not None:
        means = model.decode(model.prior(n, seed)) / setting.top
        drawn = setting.top * (np.random.default_rng(seed).random(means.shape) < means)
    if drawn is None:
        return "means of p(x|z) are no draws of such rows: give it sample_rows"
    return _in_units(drawn, setting.X)


def _score(generated: np.ndarray, setting: Setting) -> Mapping[str, Score] | str:
    if setting.train is None:
        return "no training rows were given"
    held_out, train = (rows.reshape(len(rows), -1) for rows in (setting.X, setting.train))
    try:
        found: Any = sample_quality(
            generated, held_out, train, features=setting.features, random_state=setting.seeds[2]
        )
    except InputError as error:
        return str(error)
    return {score.name: score for score in found.scores}


def _in_units(rows: np.ndarray, X: np.ndarray) -> np.ndarray:
    """Decoded rows as the data can hold them: bytes are whole numbers from 0 to 255."""
    if rows.shape[1] != X[0].size:
        raise InputError(f"it decodes to {rows.shape[1]} features, but X_test has {X[0].size}")
    return np.rint(rows.clip(0, 255)) if X.dtype == np.uint8 else rows
