"""Measure a fitted model: how likely it makes unseen rows, how well it rebuilds them, what it is good for."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from vael.datasets import Dataset
from vael.distributions import Delta
from vael.errors import InputError, VaelWarning
from vael.estimators import VAE, Autoencoder
from vael.estimators.inference import module_device
from vael.estimators.run_data import RunData
from vael.evaluation.likelihood import ImportanceSampling, log_likelihood
from vael.evaluation.reconstruction import reconstruction_error, ssim
from vael.models import Bernoulli, Categorical, DiscretisedLogistic
from vael.models.binarising import binarise_by_content
from vael.objectives import ELBO, Reconstruction
from vael.report.applications import (
    fit_pca,
    image_range,
    measure_applications,
    measure_denoising,
    model_values,
)
from vael.report.distribution import measure_latents, measure_samples
from vael.report.geometry import measure_geometry
from vael.report.held_out import held_out, unnamed, validation_rows
from vael.report.neighbourhoods import measure_interpolation, measure_smoothness
from vael.report.records import (
    BoundMeasure,
    LikelihoodMeasure,
    ReconstructionMeasure,
    RunMeasures,
)
from vael.training import Rows
from vael.training.metrics import ACTIVE_VARIANCE, CHUNK, measure

__all__ = ["RunMeasures", "has_evidence", "measure_run"]

MOST_BOUND_VALUES = 25_000_000  # decoded at once, over a chunk of rows and all samples
BOUND_SAMPLES = 8
LEAST_SIDE = 3  # pixels, for structural similarity
OPTIONAL = ("latents", "samples", "interpolation", "smoothness", "geometry", "applications")


def measure_run(
    estimator: VAE | Autoencoder,
    dataset: Dataset,
    run_data: RunData | None = None,
    *,
    samples: int = 500,
    random_state: int = 0,
    progress: Callable[[str], None] | None = None,
    rows: int = 1000,
    draws: int = 5,
    most_train: int = 10_000,
    most_test: int = 5_000,
    most_samples: int = 2_000,
    applications: bool = True,
    distribution: bool = True,
    geometry: bool = True,
) -> RunMeasures:
    """Measure a fitted estimator on the data that it was fitted to.

    Parameters
    ----------
    estimator : VAE or Autoencoder
        Fitted to the rows of `dataset.X`, or loaded.
    dataset : Dataset
        Its test rows are measured on; without them the rows that training held out, which the
        estimator knows after `fit` and `run_data` after a load; without those the training rows,
        and the measures say so.
    run_data : RunData, default=None
        What the run kept of its data.
    samples : int, default=500
        Importance samples a row for ln p(x).
    random_state : int, default=0
        Draws rows, labels and damage.
    progress : callable, default=None
        Is told the name of each part before it starts.
    rows : int, default=1000
        Held-out rows, drawn at random, for all but the applications.
    draws : int, default=5
        Draws of labels.
    most_train, most_test : int, default=10000, 5000
        Rows that the applications learn from and are tested on at most.
    most_samples : int, default=2000
        Samples that are drawn to be compared with held-out rows, at most.
    applications : bool, default=True
        Whether to measure classification with few labels: the part that takes longest.
    distribution : bool, default=True
        Whether to measure samples, interpolations and neighbourhoods.
    geometry : bool, default=True
        Whether to measure the geometry of the latent space.

    Returns
    -------
    RunMeasures
    """
    if samples < 1 or rows < 1:
        raise InputError(f"samples and rows must be >= 1, got {samples} and {rows}")
    seconds: dict[str, float] = {}

    @contextmanager
    def part(name: str) -> Generator[None]:
        if progress is not None:
            progress(name)
        start = time.perf_counter()
        yield
        seconds[name] = time.perf_counter() - start

    rng = np.random.default_rng(random_state)
    held = held_out(estimator, dataset, run_data)
    chosen = np.sort(rng.permutation(len(held.X))[:rows])
    X = held.X[chosen]
    held_rows = validation_rows(estimator, dataset, run_data)
    with unnamed():
        with part("bound"):
            bound = measure_bound(estimator, X, random_state)
        likelihood = None
        if has_evidence(estimator):
            with part("likelihood"):
                likelihood = measure_likelihood(estimator, X, samples)
        with part("reconstruction"):
            training = np.setdiff1d(np.arange(len(dataset.X)), held_rows)
            pca, _ = fit_pca(estimator, dataset.X, training, rng)
            reconstruction = measure_reconstruction(estimator, X, pca)
        with part("denoising"):
            denoising = measure_denoising(estimator, held, rows)
        parts: dict[str, Callable[[], Any]] = {"latents": lambda: measure_latents(estimator, X, random_state)}
        if distribution:
            parts["samples"] = lambda: measure_samples(
                estimator, dataset, held, run_data, random_state, most_samples
            )
            parts["interpolation"] = lambda: measure_interpolation(estimator, dataset, X, training, rng)
            parts["smoothness"] = lambda: measure_smoothness(estimator, X, random_state)
        if geometry:
            parts["geometry"] = lambda: measure_geometry(
                estimator, dataset, run_data, random_state=random_state
            )
        if applications:
            parts["applications"] = lambda: measure_applications(
                estimator, dataset, run_data, pca,
                draws=draws, most_train=most_train, most_test=most_test, rng=rng,
            )  # fmt: skip
        found: dict[str, Any] = dict.fromkeys(OPTIONAL, "it was not asked for")
        for name, made in parts.items():
            with part(name):
                found[name] = made()
    return RunMeasures(
        held_out=held.name,
        on_training_rows=held.trained_on,
        rows=len(X),
        rows_available=len(held.X),
        likelihood=likelihood,
        bound=bound,
        reconstruction=reconstruction,
        denoising=tuple(denoising),
        **{name: None if isinstance(each, str) else each for name, each in found.items()},
        skipped={name: each for name, each in found.items() if isinstance(each, str)},
        seconds=seconds,
        random_state=random_state,
    )


def has_evidence(estimator: VAE | Autoencoder) -> bool:
    """Whether ln p(x) can be asked for: there is a prior, and a posterior with a density."""
    if not isinstance(estimator, VAE) or estimator.model_.prior is None:
        return False
    model = estimator.model_
    x = torch.zeros(1, estimator.schema_.features, device=module_device(model))
    with torch.inference_mode():
        return not isinstance(model.encoder(x), Delta)


def measure_likelihood(estimator: VAE | Autoencoder, X: np.ndarray, samples: int) -> LikelihoodMeasure:
    """Estimate ln p(x) of rows by importance sampling."""
    assert isinstance(estimator, VAE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", VaelWarning)  # of rows that rest on few weights: `trusted` says so
        found = log_likelihood(estimator, X, ImportanceSampling(samples), random_state=estimator.seed_)
    proper, density_of = _what_kind(estimator, X)
    bits = found.bits_per_dimension
    return LikelihoodMeasure(
        mean=found.mean,
        standard_error=0.0 if len(X) == 1 else found.mean_standard_error,
        sampling_error=found.mean_sampling_error if samples > 1 else None,
        estimator="importance sampling from q(z|x)",
        samples=samples,
        effective_sample_size=float(np.median(found.effective_sample_size)),
        trusted=float(found.trusted.mean()),
        bits_per_dimension=None if bits is None else float(bits.mean()),
        proper=proper,
        density_of=density_of,
    )


def measure_bound(estimator: VAE | Autoencoder, X: np.ndarray, seed: int) -> BoundMeasure:
    """Average the ELBO and its parts over rows.

    Greys under a binary likelihood are binarised as `score_samples` does it, so that the two compare.
    """
    model = estimator.model_
    model.eval()
    likelihood = getattr(model.decoder, "likelihood", None)
    values = torch.from_numpy(model_values(estimator, X))
    if isinstance(likelihood, Bernoulli) and likelihood.binarise is not None:
        values = binarise_by_content(values, estimator.seed_)
    width = X.shape[1] * getattr(likelihood, "blocks", 1)
    samples = int(np.clip(MOST_BOUND_VALUES // (min(CHUNK, len(X)) * width), 1, BOUND_SAMPLES))
    evidence = has_evidence(estimator)
    objective = ELBO(samples=samples) if evidence else Reconstruction()
    device = module_device(model)
    generator = torch.Generator(device).manual_seed(seed)
    found = measure(model, objective, Rows(values).to(device), generator)
    active = found.active_latents
    if active is None:  # a posterior that does not know its mean: the estimator's is an average of draws
        active = int((np.asarray(estimator.transform(X)).var(axis=0) > ACTIVE_VARIANCE).sum())
    change = estimator.schema_.scaling.log_jacobian
    return BoundMeasure(
        bound=found.bound + change,
        log_likelihood=found.log_likelihood + change,
        kl=found.kl,
        kl_per_latent=tuple(found.kl_per_latent or ()),
        active_latents=active,
        active_variance=ACTIVE_VARIANCE,
        samples=samples if evidence else 1,
    )


def measure_reconstruction(estimator: VAE | Autoencoder, X: np.ndarray, pca: Any) -> ReconstructionMeasure:
    """Measure squared errors on the model's scale, beside PCA's and those of the mean row."""
    x, given = model_values(estimator, X).astype(np.float64), X.reshape(len(X), -1)
    back = np.asarray(estimator.reconstruct(X)).reshape(len(X), -1)
    again = model_values(estimator, back)
    errors = reconstruction_error(given, back).to_dict()
    shape = estimator.image_shape_
    low, high = image_range(estimator, given)
    small = shape is None or min(shape[:2]) < LEAST_SIDE
    alike = None if small else ssim(given, back, shape, high - low)
    projected = pca.inverse_transform(pca.transform(x.astype(np.float32)))
    mean = pca.mean_
    standardised = estimator.schema_.scaling.kind == "standardise"
    return ReconstructionMeasure(
        error=float(((again - x) ** 2).mean()),
        pca_error=float(((projected - x) ** 2).mean()),
        mean_error=float(((mean - x) ** 2).mean()),
        unit="standard deviations of the feature" if standardised else estimator.schema_.scaling.density_of,
        pca_axes=int(pca.n_components_),
        absolute=errors["mae"],
        absolute_spread=errors["mae_standard_error"],
        similarity=None if alike is None else alike.mean,
        similarity_spread=None if alike is None else alike.standard_error,
        window=0 if alike is None else alike.window,
    )


def _what_kind(estimator: VAE, X: np.ndarray) -> tuple[bool, str]:
    """Whether a score is a likelihood, and what of."""
    likelihood = getattr(estimator.model_.decoder, "likelihood", None)
    of_what = estimator.schema_.scaling.density_of
    if isinstance(likelihood, Bernoulli):
        values = model_values(estimator, X)
        if bool(((values == 0) | (values == 1)).all()):
            return True, "a probability, of values that are 0 or 1"
        if likelihood.binarise is None:
            return False, "no probability: the cross-entropy of greys, as in old papers"
        return True, "a probability, of each value made 0 or 1 once by a coin with that chance of a 1"
    if isinstance(likelihood, (DiscretisedLogistic, Categorical)):
        return True, "a probability, of whole numbers"
    return True, f"a density, of {of_what}"
