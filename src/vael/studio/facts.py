"""What a page must know of a run before it shows anything."""

from __future__ import annotations

from importlib.metadata import version
from itertools import pairwise
from typing import Any

import numpy as np
from torch import nn

from vael.datasets.classes import Classes
from vael.estimators import VAE, Autoencoder
from vael.models import LatentVariableModel
from vael.studio.columns import jsonable
from vael.studio.loaded import Loaded
from vael.studio.services import SERVICES
from vael.studio.services.sampling import NO_TEMPERATURE, tempered
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
                "temperature": _no_temperature(loaded),
                "geometry": _no_geometry(loaded),
                "train": True,
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
        "network": _network(estimator.model_),
        "parameters": sum(p.numel() for p in estimator.model_.parameters()),
        "bound": estimator.bound_,
        "autoencoder": isinstance(estimator, Autoencoder),
    }


def _network(model: LatentVariableModel) -> str:
    """Name the networks in one line, linear layers by their widths: "encoder MLP 64-500-4, ..."."""
    return ", ".join(f"{name} {_layers(part)}" for name, part in model.named_children() if name != "prior")


def _layers(part: nn.Module) -> str:
    net = getattr(part, "net", part)
    linear = [layer for layer in net.modules() if isinstance(layer, nn.Linear)]
    chain = all(one.out_features == next_.in_features for one, next_ in pairwise(linear))
    other = any(isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) for layer in net.modules())
    if not linear or not chain or other:
        return type(net).__name__
    widths = [linear[0].in_features, *(layer.out_features for layer in linear)]
    return f"{type(net).__name__} {'-'.join(map(str, widths))}"


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
        "kl": _kl(loaded),
    }


def _kl(loaded: Loaded) -> list[float] | None:
    """Mean nats of each latent at the epoch that was kept; None where the KL does not split."""
    history, best = loaded.estimator.history_, loaded.estimator.best_epoch_
    return next((epoch.kl_per_latent for epoch in history if epoch.epoch == best), None)


def _no_geometry(loaded: Loaded) -> str:
    """Say why the latent space has no manifold here; empty where it has."""
    if loaded.coordinates != loaded.estimator.n_components_:
        return "geodesics are drawn for flat coordinates, and this model's latents are points of a sphere"
    return ""


def _no_temperature(loaded: Loaded) -> str:
    """Say why samples are drawn at temperature 1 only; empty where they are not."""
    estimator = loaded.estimator
    return "" if isinstance(estimator, VAE) and tempered(estimator) else NO_TEMPERATURE
