"""Measure what lies between and around codes: the ways between rows, and who stays whose neighbour."""

from __future__ import annotations

import numpy as np

from vael.datasets import Dataset
from vael.errors import InputError
from vael.estimators import VAE, Autoencoder
from vael.evaluation.reconstruction import interpolation_realism
from vael.evaluation.smoothness import SmoothnessTable, smoothness
from vael.report.applications import model_values
from vael.report.records import InterpolationMeasures

__all__ = ["measure_interpolation", "measure_smoothness"]

MOST_TRAIN = 10_000


def measure_interpolation(
    estimator: VAE | Autoencoder,
    dataset: Dataset,
    X: np.ndarray,
    training: np.ndarray,
    rng: np.random.Generator,
) -> InterpolationMeasures | str:
    """Decode the lines between pairs of held-out rows X, beside lines between the rows; or say why not."""
    train = dataset.X[np.sort(rng.permutation(training)[:MOST_TRAIN])]
    try:
        found = interpolation_realism(
            estimator.transform,
            lambda Z: np.asarray(estimator.inverse_transform(Z)).reshape(len(Z), -1),
            train,
            X,
            features=lambda rows: model_values(estimator, rows),
            random_state=rng,
        )
    except InputError as error:
        return str(error)
    lines = {
        name: tuple(found.percentile(distances).mean(axis=0).tolist())
        for name, distances in (("decoded", found.decoded), ("blended", found.blended))
    }
    return InterpolationMeasures(
        t=tuple(found.t.tolist()),
        **lines,
        decoded_ratio=found.middle_over_ends(found.decoded),
        blended_ratio=found.middle_over_ends(found.blended),
        reconstruction=float(found.percentile(found.reconstructed).mean()),
        pairs=len(found.pairs),
        n_train=found.n_train,
        n_test=len(found.held_out),
    )


def measure_smoothness(estimator: VAE | Autoencoder, X: np.ndarray, seed: int) -> SmoothnessTable | str:
    """Measure whether neighbours among rows are neighbours among codes, beside PCA; or say why not."""
    try:
        codes = {"latents": estimator.transform(X)}
        return smoothness(model_values(estimator, X), codes, random_state=seed)
    except InputError as error:
        return str(error)
