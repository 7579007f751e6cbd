"""All measures of samples in one table, held-out rows beside them as the floor."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from vael.errors import InputError
from vael.evaluation.mmd import MMDResult, mmd
from vael.evaluation.samples.features import FeatureExtractor, extract, space_of
from vael.evaluation.samples.frechet import FrechetDistance, frechet_of_features
from vael.evaluation.samples.manifold import ManifoldScores, ball_radii, overlap
from vael.evaluation.samples.memorisation import NearestTrainingRows, nearest_training_rows
from vael.evaluation.samples.rows import as_rows, check_width, draw_rows
from vael.evaluation.samples.two_sample import LEAST_ROWS, ClassifierTwoSample, classifier_two_sample
from vael.evaluation.tables import text_table

__all__ = ["SampleQuality", "Score", "sample_quality"]


@dataclass(frozen=True)
class Score:
    """One measure of samples, and the same of held-out rows.

    Attributes
    ----------
    name : of the measure
    value : of the samples; None where it is not defined
    floor : of held-out rows in the place of the samples: what sampling alone leaves
    p_value, floor_p_value : chance of a value as bad where samples have the law of the data; None where the
        measure is no test
    better : "high", "low", or "floor" where the best value is that of held-out rows
    estimator : how it was computed, in words
    space : what distances are measured in, in words
    n : samples; as many held-out rows stand against them
    unit : of value and floor
    """

    name: str
    value: float | None
    floor: float | None
    p_value: float | None
    floor_p_value: float | None
    better: Literal["high", "low", "floor"]
    estimator: str
    space: str
    n: int
    unit: str


@dataclass(frozen=True, eq=False)
class SampleQuality:
    """Measures of samples beside those of held-out rows.

    Attributes
    ----------
    scores : one a measure
    n : samples; held-out rows they are compared with; and held-out rows in their place for the floor
    n_train : training rows
    space : what all but the classifier and the nearest training rows are measured in, in words
    nearest : the training rows nearest to the samples
    sample_indices : of the samples that were used, in the order of `nearest`, shape (n,)
    notes : what a reader must know beside the numbers
    """

    scores: tuple[Score, ...]
    n: int
    n_train: int
    space: str
    nearest: NearestTrainingRows
    sample_indices: np.ndarray
    notes: tuple[str, ...]

    def score(self, name: str) -> Score:
        """Find a measure by its name."""
        for score in self.scores:
            if score.name == name:
                return score
        raise KeyError(f"no score {name!r}: there are {', '.join(score.name for score in self.scores)}")

    def to_rows(self) -> list[dict[str, Any]]:
        """Flat dictionaries, one a measure."""
        return [asdict(score) for score in self.scores]

    def to_dict(self) -> dict[str, Any]:
        """All numbers, in types that `json.dumps` takes."""
        return {
            "n": self.n,
            "n_train": self.n_train,
            "space": self.space,
            "scores": self.to_rows(),
            "nearest": self.nearest.to_dict(),
            "notes": list(self.notes),
        }

    def _how(self) -> str:
        lines: list[str] = []
        for space in dict.fromkeys(score.space for score in self.scores):
            lines.append(f"On {space}:")
            lines += [
                f"  {score.name}, {score.n} rows a side: {score.estimator}"
                for score in self.scores
                if score.space == space
            ]
        return "\n".join(lines)

    def __str__(self) -> str:
        """Text: the measures, then how each was computed."""
        body = [
            [
                score.name,
                _number(score.value),
                _number(score.floor),
                _chance(score.p_value),
                _chance(score.floor_p_value),
                "near held-out" if score.better == "floor" else score.better,
                score.unit,
            ]
            for score in self.scores
        ]
        header = ["measure", "samples", "held-out", "p", "p held-out", "better", "unit"]
        return "\n\n".join(
            [
                text_table(header, body),
                f"{self.n} samples against {self.n} held-out rows; held-out: {self.n} others in the place "
                f"of the samples;\n{self.n_train} training rows for neighbours",
                self._how(),
                *self.notes,
            ]
        )


def sample_quality(
    samples: ArrayLike,
    held_out: ArrayLike,
    train: ArrayLike,
    *,
    features: FeatureExtractor | None = None,
    classifier: Any = None,
    k: int = 5,
    neighbours: int = 3,
    most: int = 5000,
    most_mmd: int = 2000,
    permutations: int = 200,
    random_state: int | np.random.Generator | None = 0,
) -> SampleQuality:
    """Measure samples against held-out rows, and held-out rows against each other as the floor.

    Held-out rows are split at random into a reference and as many stand-ins, which take the place of
    the samples for the floor. All measures use n = min(samples, held_out // 2, most) rows a side.
    Precision, recall, density, coverage, MMD and the Frechet distance are of the features; the classifier
    test and the nearest training rows are of the rows themselves.

    Parameters
    ----------
    samples, held_out, train : array-like of shape (s, ...), (h, ...) and (t, ...)
        In the same units. `held_out` of the law of the data, seen by no one: 20 rows or more.
    features : callable, default=None
        As for `frechet_distance`.
    classifier : scikit-learn classifier, default=None
        As for `classifier_two_sample`.
    k : int, default=5
        Neighbour that the balls of precision, recall, density and coverage reach.
    neighbours : int, default=3
        Nearest training rows to give for each sample.
    most : int, default=5000
        Rows a side.
    most_mmd : int, default=2000
        Rows a side for the MMD, whose time grows with their square times the permutations.
    permutations : int, default=200
        For the p-value of the MMD.
    random_state : int, Generator or None, default=0
        Draws the rows, the split, and what the tests draw.
    """
    x, h, t = as_rows(samples, "samples"), as_rows(held_out, "held_out"), as_rows(train, "train")
    check_width(x, h, "samples", "held_out")
    check_width(t, h, "train", "held_out")
    n = min(len(x), len(h) // 2, most)
    if n < max(LEAST_ROWS, k + 1):
        least = max(LEAST_ROWS, k + 1)
        raise InputError(
            f"sample quality with k = {k} needs {least} samples and {2 * least} held-out rows at least, got "
            f"{len(x)} and {len(h)} (most = {most})"
        )
    rng = np.random.default_rng(random_state)
    chosen, halves = draw_rows(len(x), n, rng), draw_rows(len(h), 2 * n, rng)
    x, stand_in, reference = x[chosen], h[halves[:n]], h[halves[n:]]
    seeds = [int(seed) for seed in rng.integers(2**31, size=3)]
    tests = [
        classifier_two_sample(side, reference, classifier=classifier, random_state=seeds[0])
        for side in (x, stand_in)
    ]
    copies = [
        nearest_training_rows(side, t, reference, k=min(neighbours, len(t)), random_state=seeds[1])
        for side in (x, stand_in)
    ]
    f_x, f_stand_in, f_reference = (
        extract(features, side, name)
        for side, name in ((x, "samples"), (stand_in, "held_out"), (reference, "held_out"))
    )
    check_width(f_x, f_reference, "the features of samples", "the features of held_out")
    centre = f_reference.mean(axis=0)
    balls = ball_radii(f_reference - centre, k, "held_out")
    manifolds = [overlap(balls, ball_radii(side - centre, k, name), k) for side, name in
                 ((f_x, "samples"), (f_stand_in, "held_out"))]  # fmt: skip
    space = space_of(features)
    frechet = [frechet_of_features(side, f_reference, space) for side in (f_x, f_stand_in)]
    few = slice(0, most_mmd)
    kernels = [
        mmd(side[few], f_reference[few], permutations=permutations, random_state=seeds[2])
        for side in (f_x, f_stand_in)
    ]
    singular = next((f.why_singular for f in frechet if f.why_singular), None)
    return SampleQuality(
        scores=(
            *_manifold_scores(*manifolds, space),
            _mmd_score(*kernels, space),
            *_classifier_scores(*tests, n),
            _frechet_score(*frechet),
            *_copying_scores(*copies),
        ),
        n=n,
        n_train=len(t),
        space=space,
        nearest=copies[0],
        sample_indices=chosen,
        notes=(f"Frechet distance of singular Gaussians: {singular}",) if singular else (),
    )


def _manifold_scores(own: ManifoldScores, floor: ManifoldScores, space: str) -> list[Score]:
    sources = {
        "precision": "Kynkaanniemi 2019",
        "recall": "Kynkaanniemi 2019",
        "density": "Naeem 2020",
        "coverage": "Naeem 2020",
    }
    return [
        Score(
            name, getattr(own, name), getattr(floor, name), None, None, "high",
            f"{source}, k = {own.k}", space, own.n_fake, "balls / k" if name == "density" else "share",
        )
        for name, source in sources.items()
    ]  # fmt: skip


def _mmd_score(own: MMDResult, floor: MMDResult, space: str) -> Score:
    return Score(
        "MMD^2", own.estimate, floor.estimate, own.p_value, floor.p_value, "low",
        f"unbiased, {own.kernel}; {own.permutations} permutations", space, own.n, "none",
    )  # fmt: skip


def _classifier_scores(own: ClassifierTwoSample, floor: ClassifierTwoSample, n: int) -> list[Score]:
    how = f"{own.classifier}, tested on {own.n_test} rows that it was not fitted on"
    return [
        Score(
            "classifier accuracy", own.accuracy, floor.accuracy, own.p_value, floor.p_value, "low",
            f"{how}; exact binomial", "rows as given", n, "share",
        ),
        Score("classifier AUC", own.auc, floor.auc, None, None, "low", how, "rows as given", n, "share"),
    ]  # fmt: skip


def _frechet_score(own: FrechetDistance, floor: FrechetDistance) -> Score:
    return Score(
        "Frechet distance", own.value, floor.value, None, None, "low",
        f"Gaussians fitted to {own.features} features", own.space, own.n_x, "squared, of the features",
    )  # fmt: skip


def _copying_scores(own: NearestTrainingRows, floor: NearestTrainingRows) -> list[Score]:
    space, n = "rows as given", own.n
    against = f"distance to the nearest of {own.n_train} training rows"
    return [
        Score(
            "distance ratio", own.ratio, floor.ratio, None, None, "floor",
            f"median {against}, over that of held-out rows", space, n, "ratio",
        ),
        Score(
            f"nearer than {own.percentile:g} %", own.share_nearer, floor.share_nearer, None, None, "floor",
            f"samples whose {against} is below that percentile of held-out rows", space, n, "share",
        ),
        Score(
            "data-copying z", own.copying_z, floor.copying_z, own.copying_p_value, floor.copying_p_value,
            "floor", f"Meehan 2020, global: Mann-Whitney on {against}; below 0 copies", space, n,
            "standard deviations",
        ),
        Score(
            "training share", own.training_share, floor.training_share, own.training_p_value,
            floor.training_p_value, "floor",
            f"samples nearest to a training row among {own.n_train} training and {own.n_held_out} held-out "
            f"rows; {own.expected_training_share:.4f} expected; permutations",
            space, n, "share",
        ),
    ]  # fmt: skip


def _number(value: float | None) -> str:
    return "not defined" if value is None else f"{value:.4g}"


def _chance(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.2g}" if value > 0 else "< 1e-300"
