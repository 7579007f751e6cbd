"""The score of the beta-VAE paper."""

from __future__ import annotations

import math
import time
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from vael.errors import InputError, VaelWarning
from vael.evaluation.disentanglement.code import Code
from vael.evaluation.disentanglement.score import Score, at_least

__all__ = ["BetaVAEResult", "BetaVAEScore"]

_BLOCK = 1 << 15  # images looked up together


@dataclass(frozen=True)
class BetaVAEScore:
    """Accuracy of a linear classifier that tells which factor two sets of images have in common.

    A factor k is drawn, then `batch` pairs of images that agree in k and in nothing else but by chance. The
    classifier sees the mean over the pairs of the absolute difference of each latent, and names k.

    Identity code: 1. Constant code: chance, about 1 / factors. Rotated code: a little lower (0.80 to 1.00,
    median 0.95, over 20 random rotations of the sprites' factors brought to variance 1), since the classifier
    may weigh all latents at once: a high score is no sign that a factor has a latent of its own. The scale,
    sign and order of the latents do not matter.

    Defaults are those of disentanglement_lib, but for one thing: features are standardised on the training
    draws before the logistic regression (L2, C = 1), without which the score depends on the latents' scale.

    Source: Higgins et al. 2017, "beta-VAE", ICLR, section 3; settings: Locatello et al. 2019, arXiv
    1811.12359.

    Attributes
    ----------
    batch : pairs that one draw averages over
    train, evaluation : draws that the classifier learns from, and is judged on
    standardise : the features
    """

    batch: int = 64
    train: int = 10000
    evaluation: int = 5000
    standardise: bool = True

    def measure(self, code: Code, rng: np.random.Generator) -> BetaVAEResult:
        """Score a code; `rng` draws the factors."""
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        at_least(self, batch=1, train=1, evaluation=1)
        start = time.perf_counter()
        X, fixed = self._draws(code, self.train, rng)
        X_new, fixed_new = self._draws(code, self.evaluation, rng)
        counts = np.bincount(fixed, minlength=len(code.sizes))
        if not counts.all():
            raise InputError(
                f"BetaVAEScore: {self.train} training draws never fixed "
                f"{code.names[int(counts.argmin())]!r}: raise train"
            )
        chance = float((fixed_new == counts.argmax()).mean())
        if len(code.sizes) == 1:
            return BetaVAEResult(self, math.nan, math.nan, chance, time.perf_counter() - start)
        regression = LogisticRegression(max_iter=1000)
        classifier = make_pipeline(StandardScaler(), regression) if self.standardise else regression
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ConvergenceWarning)
            classifier.fit(X, fixed)
        if caught:
            warnings.warn(
                "the logistic regression of the beta-VAE score did not converge in 1000 steps: the accuracy "
                "is a lower bound; standardise=True helps",
                VaelWarning,
                stacklevel=2,
            )
        accuracies = float(classifier.score(X, fixed)), float(classifier.score(X_new, fixed_new))
        return BetaVAEResult(self, *accuracies, chance, time.perf_counter() - start)

    def _draws(self, code: Code, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        fixed = rng.integers(0, len(code.sizes), n)
        features = np.empty((n, code.latents))
        block = max(1, _BLOCK // self.batch)
        for start in range(0, n, block):
            which = fixed[start : start + block]
            one = code.ground_truth.sample_factors(len(which) * self.batch, rng)
            other = code.ground_truth.sample_factors(len(which) * self.batch, rng).copy()
            rows, columns = np.arange(len(one)), np.repeat(which, self.batch)
            other[rows, columns] = one[rows, columns]
            apart = np.abs(code(one).astype(np.float64) - code(other))
            features[start : start + block] = apart.reshape(len(which), self.batch, -1).mean(axis=1)
        return features, fixed


@dataclass(frozen=True)
class BetaVAEResult:
    """What `BetaVAEScore` found.

    Attributes
    ----------
    settings : of the score
    train_accuracy, accuracy : of the classifier, on its training draws and on new ones; nan for one factor
    chance : accuracy of always naming the factor that was fixed most often in training
    seconds : drawing and encoding included
    """

    settings: BetaVAEScore
    train_accuracy: float
    accuracy: float
    chance: float
    seconds: float

    @property
    def scores(self) -> tuple[Score, ...]:
        """One number."""
        used = self.settings
        scaled = " on standardised features" if used.standardise else ""
        return (
            Score(
                "beta-VAE score",
                self.accuracy,
                self.chance,
                1.0,
                f"accuracy of logistic regression{scaled}; {used.train} + {used.evaluation} draws "
                f"of {used.batch} pairs",
                self.seconds,
                "not defined: with one factor there is nothing to tell apart"
                if math.isnan(self.accuracy)
                else None,
            ),
        )

    def to_dict(self) -> dict[str, Any]:
        """Everything, in types that `json.dumps` takes."""
        return self.scores[0].to_dict() | {
            "train_accuracy": None if math.isnan(self.train_accuracy) else self.train_accuracy
        }
