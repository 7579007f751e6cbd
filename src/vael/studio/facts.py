"""What a page must know of a run before it shows anything."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import numpy as np

from vael.datasets.classes import Classes
from vael.estimators import VAE, Autoencoder
from vael.studio.columns import jsonable
from vael.studio.loaded import Loaded
from vael.studio.services import SERVICES
from vael.studio.services.values import offered

__all__ = ["facts"]


def facts(loaded: Loaded) -> dict[str, Any]:
    """Return the facts of a run, as JSON has them: `studio/PROTOCOL.md` lists them."""
    estimator = loaded.estimator
    return jsonable(
        {
            "version": version("vael"),
            "run": {"name": loaded.folder.resolve().name, "folder": str(loaded.folder), "id": loaded.id},
            "data": _data(loaded),
            "model": _model(loaded),
            "latent": _latent(loaded),
            "values": offered(loaded),
            "services": list(SERVICES),
            "can": {
                "sample": isinstance(estimator, VAE) and estimator.model_.prior is not None,
                "score": isinstance(estimator, VAE) and estimator.model_.prior is not None,
                "geometry": _no_geometry(loaded),
            },
        }
    )


def _data(loaded: Loaded) -> dict[str, Any]:
    run_data, dataset = loaded.run_data, loaded.dataset
    images = loaded.image_shape is not None
    labels = loaded.labels
    label: dict[str, Any] | None = None
    if isinstance(labels, Classes):
        label = {"names": labels.names, "low": None, "high": None}
    elif labels is not None:
        low, high = np.quantile(labels.values, (0.01, 0.99))
        label = {"names": None, "low": low, "high": high}
    return {
        "name": run_data.name,
        "source": run_data.source,
        "rows": len(dataset.X),
        "test_rows": 0 if dataset.X_test is None else len(dataset.X_test),
        "features": dataset.X.shape[1],
        "feature_names": None if images else run_data.feature_names,
        "image_shape": loaded.image_shape,
        "value_range": loaded.value_range if images else None,
        "feature_quantiles": None if images else np.quantile(dataset.X, (0.01, 0.5, 0.99), axis=0).T,
        "label": label,
    }


def _model(loaded: Loaded) -> dict[str, Any]:
    estimator: VAE | Autoencoder = loaded.estimator
    return {
        "preset": getattr(estimator, "preset", "autoencoder"),
        "likelihood": estimator.likelihood_,
        "latents": estimator.n_components_,
        "coordinates": loaded.coordinates,
        "latent_space": getattr(estimator, "latent_space", "euclidean"),
        "prior": _one_line(estimator.model_.prior),
        "parameters": sum(p.numel() for p in estimator.model_.parameters()),
        "bound": estimator.bound_,
        "autoencoder": isinstance(estimator, Autoencoder),
    }


def _one_line(module: object) -> str:
    text = " ".join(repr(module).split())
    return text if len(text) <= 120 else f"{text[:117]}..."


def _latent(loaded: Loaded) -> dict[str, Any]:
    Z = loaded.latents.astype(np.float64)
    low, high = np.quantile(Z, (0.01, 0.99), axis=0)
    centred = Z - Z.mean(0)
    variances, axes = np.linalg.eigh(centred.T @ centred / len(Z))
    axes = axes.T[::-1]
    largest = np.abs(axes).argmax(1)  # signs are chosen so that the largest entry is positive
    axes *= np.sign(axes[np.arange(len(axes)), largest])[:, None]
    return {
        "low": low,
        "high": high,
        "mean": Z.mean(0),
        "scale": Z.std(0),
        "axes": axes,
        "variances": np.maximum(variances[::-1], 0),
    }


def _no_geometry(loaded: Loaded) -> str:
    """Say why the latent space has no manifold here; empty where it has."""
    if loaded.coordinates != loaded.estimator.n_components_:
        return "geodesics are drawn for flat coordinates, and this model's latents are points of a sphere"
    return ""
