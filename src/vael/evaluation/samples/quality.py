"""All measures of samples in one table, held-out rows beside them as the floor."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from vael.errors import InputError
from vael.evaluation.mmd import MMDResult, mmd
from vael.evaluation.samples.distances import nearest
from vael.evaluation.samples.features import FeatureExtractor, extract, space_of
from vael.evaluation.samples.frechet import FrechetDistance, frechet_of_features
from vael.evaluation.samples.manifold import ManifoldScores, ball_radii, overlap
from vael.evaluation.samples.memorisation import NearestTrainingRows, compare_neighbours
from vael.evaluation.samples.rows import as_rows, check_width, draw_rows
from vael.evaluation.samples.scores import SampleQuality, Score
from vael.evaluation.samples.two_sample import LEAST_ROWS, ClassifierTwoSample, classifier_two_sample

__all__ = ["sample_quality"]


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
    k_train = min(neighbours, len(t))
    found = [nearest(side, t, k_train) for side in (x, stand_in)]
    other = nearest(reference, t, 1).distances[:, 0]
    copies = [
        compare_neighbours(
            near, nearest(side, reference, 1), other, len(t), 5.0, 499, np.random.default_rng(seeds[1])
        )
        for near, side in zip(found, (x, stand_in), strict=True)
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
            *_manifold_scores(manifolds[0], manifolds[1], space),
            _mmd_score(kernels[0], kernels[1], space),
            *_classifier_scores(tests[0], tests[1], n),
            _frechet_score(frechet[0], frechet[1]),
            *_copying_scores(copies[0], copies[1]),
        ),
        n=n,
        n_train=len(t),
        space=space,
        nearest=copies[0],
        sample_indices=chosen,
        stand_in_indices=halves[:n],
        reference_indices=halves[n:],
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
