"""The applications' numbers: few labels, clusters, denoising; sized to the data at hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from vael.datasets import Dataset
from vael.estimators import VAE, Autoencoder
from vael.estimators.run_data import RunData
from vael.evaluation import DenoisingResult, compare_representations, denoise
from vael.evaluation.downstream.probe import DEFAULT_METHODS
from vael.evaluation.downstream.probe_methods import Transductive, method
from vael.report.held_out import HeldOut, split_for_labels
from vael.report.records import ApplicationMeasures, DenoisingMeasure

__all__ = [
    "CORRUPTION_AMOUNTS",
    "denoised",
    "fit_pca",
    "label_counts",
    "measure_applications",
    "measure_denoising",
    "model_values",
]

CORRUPTION_AMOUNTS = {"gaussian": 0.3, "salt-and-pepper": 0.2, "masking": 0.3}
MOST_VALUES = 50_000_000  # in one float32 matrix: 200 MB
GRAPH_NEIGHBOURS = 10


def model_values(estimator: VAE | Autoencoder, X: np.ndarray) -> np.ndarray:
    """Bring rows to the model's scale, float32: greys to [0, 1], columns of tables to unit deviation."""
    return estimator.schema_.scaling.to_model(X)


def label_counts(y: np.ndarray) -> tuple[int | None, ...]:
    """Choose from 10, 100, 1000 labels what the smallest class can meet in balance; then all (None)."""
    classes, sizes = np.unique(y, return_counts=True)
    k, smallest = len(classes), int(sizes.min())

    def possible(count: int) -> bool:
        return k <= count < len(y) and -(-count // k) <= smallest

    counts = [count for count in (10, 100, 1000) if possible(count)]
    if not counts and possible(k):
        counts = [k]
    return (*counts, None)


def fit_pca(
    estimator: VAE | Autoencoder, X: np.ndarray, rows: np.ndarray, rng: np.random.Generator
) -> tuple[Any, int]:
    """Fit PCA of the model's size to training rows on the model's scale; also how many rows it saw."""
    from sklearn.decomposition import PCA

    features = X.shape[1]
    most = max(1000, MOST_VALUES // features)
    chosen = rows if len(rows) <= most else np.sort(rng.permutation(rows)[:most])
    axes = min(estimator.n_components_, features, len(chosen))
    solver = "covariance_eigh" if features <= 1000 else "randomized"
    pca = PCA(axes, svd_solver=solver, random_state=0)
    values = model_values(estimator, X[chosen])
    with np.errstate(invalid="ignore"):  # shares of the variance of rows that do not vary
        pca.fit(np.repeat(values, 2, axis=0) if len(values) == 1 else values)
    if len(values) == 1:  # has no direction: what is left of PCA is the row
        pca.components_ = np.zeros_like(pca.components_)
    return pca, len(chosen)


def measure_applications(
    estimator: VAE | Autoencoder,
    dataset: Dataset,
    run_data: RunData | None,
    pca: Any,
    *,
    draws: int,
    most_train: int,
    most_test: int,
    rng: np.random.Generator,
) -> ApplicationMeasures | str:
    """Compare latents with raw features and PCA on the same draws of labels; a string says why not."""
    most_train = min(most_train, max(1000, MOST_VALUES // dataset.X.shape[1]))
    split = split_for_labels(estimator, dataset, run_data, most_train, most_test, rng)
    if isinstance(split, str):
        return split
    X_test, y_test = (dataset.X_test, dataset.y_test) if split.test_split else (dataset.X, dataset.y)
    assert dataset.y is not None
    assert X_test is not None
    assert y_test is not None
    raw = model_values(estimator, dataset.X[split.train]), model_values(estimator, X_test[split.test])
    latents = estimator.transform(dataset.X[split.train]), estimator.transform(X_test[split.test])
    y = dataset.y[split.train]
    table = compare_representations(
        {
            "latents": latents,
            f"PCA ({pca.n_components_})": (pca.transform(raw[0]), pca.transform(raw[1])),
            "pixels" if dataset.image_shape else "features": raw,
        },
        y,
        y_test[split.test],
        labels=label_counts(y),
        draws=draws,
        methods=_methods(len(split.train) + len(split.test)),
        unlabelled=None,
        random_state=rng,
    )
    return ApplicationMeasures(table, split.train_name, split.test_name)


def _methods(nodes: int) -> Sequence[str]:
    if nodes > GRAPH_NEIGHBOURS:
        return DEFAULT_METHODS
    return [name for name in DEFAULT_METHODS if not isinstance(method(name), Transductive)]


def denoised(
    estimator: VAE | Autoencoder, held: HeldOut, kind: str, rows: int, examples: int = 10
) -> DenoisingResult:
    """Reconstruct the first held-out rows after damage of one kind.

    Images are damaged in their own units; the columns of a table each on their own range over the
    held-out rows, constant ones left out, so that noise weighs the same in each.
    """
    X = held.X[:rows]
    amount = CORRUPTION_AMOUNTS[kind]
    if estimator.image_shape_ is not None:
        span = image_range(estimator, held.X)
        again = _flat(estimator.reconstruct)
        return denoise(again, X, kind=kind, amount=amount, value_range=span, examples=examples)
    low, high = held.X.min(axis=0).astype(np.float64), held.X.max(axis=0).astype(np.float64)
    varying = np.flatnonzero(high > low)
    low, width = low[varying], (high - low)[varying]

    def reconstruct(unit: np.ndarray) -> np.ndarray:
        full = X.copy()
        values = low + unit * width
        full[:, varying] = np.rint(values) if X.dtype.kind in "iu" else values
        return (_flat(estimator.reconstruct)(full)[:, varying] - low) / width

    unit = (X[:, varying] - low) / width
    return denoise(reconstruct, unit, kind=kind, amount=amount, value_range=(0.0, 1.0), examples=examples)


def measure_denoising(estimator: VAE | Autoencoder, held: HeldOut, rows: int) -> list[DenoisingMeasure]:
    """Measure each kind of damage before and after."""
    if estimator.image_shape_ is None and (held.X.max(axis=0) == held.X.min(axis=0)).all():
        return []
    found = (denoised(estimator, held, kind, rows).to_dict() for kind in CORRUPTION_AMOUNTS)
    return [DenoisingMeasure(**{k: v for k, v in each.items() if k != "value_range"}) for each in found]


def image_range(estimator: VAE | Autoencoder, X: np.ndarray) -> tuple[float, float]:
    scaling = estimator.schema_.scaling
    if scaling.kind == "unit":
        return 0.0, float(scaling.scale)
    low, high = float(X.min()), float(X.max())
    return (0.0, 1.0) if low >= 0 and high <= 1 else (low, high if high > low else low + 1.0)


def _flat(function: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    def call(X: np.ndarray) -> np.ndarray:
        return np.asarray(function(X)).reshape(len(X), -1)

    return call
