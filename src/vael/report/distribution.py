"""Measure what a model learned of the distribution: what its latents carry, and how good its samples are."""

from __future__ import annotations

import math

import numpy as np

from vael.datasets import Dataset
from vael.errors import InputError
from vael.estimators import VAE, Autoencoder
from vael.estimators.run_data import RunData
from vael.evaluation.latents import LatentUse, diagnose, use_of_latents
from vael.evaluation.samples import ClassifierFeatures, sample_quality
from vael.models import Bernoulli
from vael.report.held_out import HeldOut, validation_rows
from vael.report.records import LatentMeasures, Number, SampleMeasures

__all__ = ["measure_latents", "measure_samples"]

LEAST_HELD_OUT = 50  # rows: below, halves of them tell nothing
MOST_TRAIN = 10_000
LEAST_A_CLASS = 20  # training rows, for the classifier whose features samples are compared in


def measure_latents(estimator: VAE | Autoencoder, X: np.ndarray, seed: int) -> LatentMeasures | str:
    """Measure what the latents of a fitted estimator carry over rows; a string says why not."""
    try:
        use = use_of_latents(estimator, X, random_state=seed)
    except InputError as error:
        return str(error)
    return LatentMeasures(tuple(_numbers(use)), diagnose(use).findings, use.n)


def _numbers(use: LatentUse) -> list[Number]:
    known = use.active
    numbers = [
        Number(
            "Active latents", float(known.count), None, f"of {known.latents}",
            f"the posterior mean varies by more than {known.threshold:g} (Burda 2016)",
        )
    ]  # fmt: skip
    if use.kl is not None:
        numbers.append(
            Number("KL of q(z|x) from p(z)", use.kl.mean, use.kl.standard_error, "nats", use.kl.estimator)
        )
    if use.information is not None:
        found = use.information
        how = (
            f"mixture of the posteriors of all rows, {found.samples} draws a row; at most ln n = "
            f"{found.ceiling:.2f}"
        )
        numbers.append(
            Number("Mutual information I(x; z)", found.estimate, found.standard_error, "nats", how)
        )
        upper = found.upper if math.isfinite(found.upper) else None
        numbers.append(Number("I(x; z) at most", upper, None, "nats", "each row left out of its own mixture"))
    if use.aggregate is not None:
        numbers += _against_the_prior(use)
    numbers += [Number(name, None, None, "", reason) for name, reason in use.why.items()]
    return numbers


def _against_the_prior(use: LatentUse) -> list[Number]:
    known = use.aggregate
    assert known is not None
    numbers: list[Number] = []
    if known.kl is not None:
        numbers.append(
            Number(
                "KL of q(z) from p(z)", known.kl.estimate, known.kl.standard_error, "nats",
                "mean KL less I(x; z) (Hoffman & Johnson 2016); too high where I(x; z) is at its ceiling",
            )
        )  # fmt: skip
    numbers.append(
        Number(
            "KL of q(z) from p(z), at least", known.least_kl, None, "nats",
            "rows left out, or mean and covariance; less two standard errors",
        )
    )  # fmt: skip
    found = known.mmd
    chance = "not defined" if found.p_value is None else f"{found.p_value:.3f}"
    numbers.append(
        Number(
            "MMD² of q(z) and p(z)", found.estimate, None, "",
            f"{found.n} codes, {found.m} draws of the prior; p-value {chance}, "
            f"{found.permutations} permutations",
        )
    )  # fmt: skip
    return numbers


def measure_samples(
    estimator: VAE | Autoencoder,
    dataset: Dataset,
    held: HeldOut,
    run_data: RunData | None,
    seed: int,
    most: int,
) -> SampleMeasures | str:
    """Measure samples against held-out rows; a string says why not.

    Rows are compared as the model sees them: scaled, and binarised where its law is of 0 and 1, since those
    are the rows whose distribution it learned.
    """
    if not isinstance(estimator, VAE) or estimator.model_.prior is None:
        return "the model has no prior to draw samples from"
    if held.trained_on:
        return "no rows were held out that samples could be compared with"
    if len(held.X) < LEAST_HELD_OUT:
        return f"{len(held.X)} held-out rows are too few: {LEAST_HELD_OUT} are needed"
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.permutation(len(held.X))[: 2 * most])
    train = np.setdiff1d(np.arange(len(dataset.X)), validation_rows(estimator, dataset, run_data))
    train = np.sort(rng.permutation(train)[:MOST_TRAIN])
    samples = estimator.sample(min(most, len(chosen) // 2), random_state=seed)
    try:
        drawn, unseen, seen = (
            estimator.scored_rows(rows) for rows in (samples, held.X[chosen], dataset.X[train])
        )
        features = _features(estimator, dataset, seen, train, seed)
        found = sample_quality(drawn, unseen, seen, features=features, most=most, random_state=seed)
    except InputError as error:
        return str(error)
    likelihood = getattr(estimator.model_.decoder, "likelihood", None)
    binary = isinstance(likelihood, Bernoulli) and likelihood.binarise is not None
    as_seen = (
        ", all binarised: the model is of black and white pixels" if binary else ", on the model's scale"
    )
    return SampleMeasures(
        scores=found.scores,
        n=found.n,
        n_train=found.n_train,
        of=f"draws from p(x|z) with z from the prior, against {held.name.split(',')[0]}{as_seen}",
        notes=found.notes,
    )


def _features(
    estimator: VAE, dataset: Dataset, seen: np.ndarray, train: np.ndarray, seed: int
) -> ClassifierFeatures | None:
    """Train a classifier of images whose features samples are compared in, where there are labels for it."""
    shape, y = estimator.image_shape_, dataset.y
    if shape is None or y is None or y.dtype.kind == "f":
        return None
    counts = np.unique(y[train], return_counts=True)[1]
    if len(counts) < 2 or counts.min() < LEAST_A_CLASS:
        return None
    return ClassifierFeatures.fit(seen, y[train], shape, random_state=seed)
