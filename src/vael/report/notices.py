"""What a reader of a report must know before trusting it, and what to do about it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from vael.datasets import Dataset
from vael.estimators import VAE, Autoencoder
from vael.models import Bernoulli, ContinuousBernoulli, FeatureGaussian, Likelihood, SharedGaussian
from vael.report.blocks import Notice
from vael.report.records import RunMeasures
from vael.training import EpochMetrics

__all__ = ["latent_notices", "likelihood_notices", "still_improving", "training_notices"]

LEAST_GAIN = 0.05  # nats
LEAST_SHARE = 0.005  # of all that training gained
LEAST_TRUSTED = 0.5  # share of the rows whose importance weights are even enough
MOST_ROWS = 5_000  # looked at to tell what the values are


def training_notices(estimator: VAE | Autoencoder) -> list[Notice]:
    """Say where training was cut short."""
    epochs = estimator.n_iter_
    if estimator.stopped_ == "interrupted":
        return [
            Notice(
                "warning",
                f"Training was interrupted in epoch {epochs + 1}. The best weights until then, of epoch "
                f"{estimator.best_epoch_}, are what this report shows.",
                action="Go on with `resume=True` (`vael fit ... --resume`) where the run has a folder.",
            )
        ]
    if estimator.stopped_ == "max_epochs" and still_improving(estimator.history_):
        return [
            Notice(
                "warning",
                f"Training was cut short: the bound was still improving when `max_epochs={epochs}` ended "
                "it. The model can be better than this report shows.",
                action=f"Fit with `max_epochs={max(2 * epochs, 20)}` or more: training stops by itself "
                "once the bound no longer improves.",
            )
        ]
    return []


def still_improving(history: Sequence[EpochMetrics]) -> bool:
    """Whether the last tenth of the epochs gained nats worth having, at a learning rate not yet spent.

    Worth having are both 0.05 nats and half a percent of what the epochs after the first gained. One
    epoch alone is never enough.
    """
    if len(history) < 2:
        return True
    if history[-1].learning_rate < 0.02 * max(row.learning_rate for row in history):
        return False
    values = [row.train_bound if row.validation_bound is None else row.validation_bound for row in history]
    bounds = np.maximum.accumulate(values)
    last = bounds[-1] - bounds[-1 - max(1, len(bounds) // 10)]
    return bool(last > max(LEAST_GAIN, LEAST_SHARE * (bounds[-1] - bounds[0])))


def latent_notices(measures: RunMeasures) -> list[Notice]:
    """Say what is wrong with the latents: collapse, and codes that lie elsewhere than the prior."""
    if measures.latents is None:
        return []
    return [Notice(found.level, found.text, found.action) for found in measures.latents.findings]


def likelihood_notices(estimator: VAE | Autoencoder, dataset: Dataset, measures: RunMeasures) -> list[Notice]:
    """Say where the likelihood does not fit the data."""
    if measures.likelihood is None:
        return []
    likelihood = getattr(estimator.model_.decoder, "likelihood", None)
    found: list[Notice] = []
    if not measures.likelihood.proper:
        found.append(
            Notice(
                "warning",
                "The likelihood does not fit the data: a Bernoulli is a law of 0 and 1, and the values "
                "are greys. The number below is *not a likelihood* and compares with no other model's.",
                action="`likelihood='continuous-bernoulli'` for greys, or `'bernoulli'`, which draws each "
                "pixel as 0 or 1.",
            )
        )
    if measures.likelihood.trusted < LEAST_TRUSTED:
        found.append(
            Notice(
                "warning",
                "The estimate of ln p(x) means little: a few of the "
                f"{measures.likelihood.samples} importance weights decide for "
                f"{100 * (1 - measures.likelihood.trusted):.0f} % of the rows (median effective sample size "
                f"{measures.likelihood.effective_sample_size:.1f}), so that it is too low by an amount that "
                "the weights do not show.",
                action="Take more samples (`vael evaluate RUN --samples 5000`), or anneal: "
                "`vael.evaluation.log_likelihood(vae, X, AIS())`.",
            )
        )
    gaussian = isinstance(likelihood, (FeatureGaussian, SharedGaussian))
    shown = dataset.X[:: -(-len(dataset.X) // MOST_ROWS)]
    whole = bool((shown == np.floor(shown)).all()) and float(shown.min()) >= 0
    binary = whole and len(np.unique(shown)) <= 2
    if binary and (gaussian or isinstance(likelihood, ContinuousBernoulli)):
        found.append(_misfit(likelihood, "take two values only", "`likelihood='bernoulli'`, on 0 and 1"))
    elif whole and gaussian:
        fitting = "`likelihood='discretised-logistic'`, or `'categorical'` where the values are few"
        found.append(_misfit(likelihood, "are whole numbers", fitting))
    constant = _constant_columns(estimator, dataset) if gaussian else np.empty(0, int)
    if len(constant):
        names = ", ".join(dataset.feature_names[i] for i in constant[:6]) + ", ..." * (len(constant) > 6)
        found.append(
            Notice(
                "warning",
                f"{len(constant)} {'columns have' if len(constant) > 1 else 'column has'} one value only "
                f"({names}). Their density is held at a floor: ln p(x) is too high by an amount that says "
                "nothing.",
                action="Drop them before comparing likelihoods.",
            )
        )
    if measures.likelihood.mean != measures.likelihood.mean or math.isinf(measures.likelihood.mean):
        found.append(
            Notice(
                "error",
                "Some held-out rows have no probability under the model: ln p(x) is not finite.",
                action="Look for values in them that the training rows do not have.",
            )
        )
    return found


def _misfit(likelihood: Likelihood | None, what: str, fitting: str) -> Notice:
    name = "continuous Bernoulli" if isinstance(likelihood, ContinuousBernoulli) else "Gaussian"
    return Notice(
        "warning",
        f"The likelihood does not fit the data: the values {what}, and a {name} gives them a density that "
        "can grow without bound on such points.",
        action=f"Choose {fitting}.",
    )


def _constant_columns(estimator: VAE | Autoencoder, dataset: Dataset) -> np.ndarray:
    scaling = estimator.schema_.scaling
    if scaling.kind == "standardise":
        return np.array(scaling.constant, int)
    return np.flatnonzero(dataset.X.max(axis=0) == dataset.X.min(axis=0))


def is_binarised(estimator: VAE | Autoencoder) -> bool:
    """Whether the likelihood makes greys into 0 and 1."""
    likelihood = getattr(estimator.model_.decoder, "likelihood", None)
    return isinstance(likelihood, Bernoulli) and likelihood.binarise is not None
