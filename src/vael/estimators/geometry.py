"""The manifold of a fitted estimator's latent space."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch

from vael.errors import InputError
from vael.estimators.base import LatentEstimator
from vael.estimators.inference import decoded_means, scored_rows
from vael.geometry import LatentManifold, RadialPrecision
from vael.geometry.structure import MEMORY

__all__ = ["manifold", "radial_precision"]

PRECISIONS = {"float32": torch.float32, "float64": torch.float64}


def manifold(
    estimator: LatentEstimator,
    X: Any,
    *,
    uncertainty: str | None,
    metric: str,
    precision: str,
    memory: int | None,
) -> LatentManifold:
    """Make the manifold of a fitted estimator: `LatentEstimator.manifold`."""
    if precision not in PRECISIONS:
        raise InputError(f"precision must be one of {', '.join(PRECISIONS)}, got {precision!r}")
    if uncertainty not in (None, "radial"):
        raise InputError(f"uncertainty must be None or 'radial', got {uncertainty!r}")
    if uncertainty is not None and X is None:
        raise InputError(f"uncertainty={uncertainty!r} is fitted to data: give X")
    if estimator.space_.coordinates != estimator.n_components_:
        raise InputError(
            "the manifold is made of decoders of flat coordinates, and this model's latents are points of a "
            "sphere: use the sphere's own distances, vael.distributions.Sphere(dim), or another latent_space"
        )
    dtype = PRECISIONS[precision]
    decoder = copy.deepcopy(estimator.model_.decoder).to(dtype=dtype).requires_grad_(False).eval()
    Z = None if X is None else np.asarray(estimator.transform(X))
    radial = None if uncertainty is None else radial_precision(estimator, X).to(dtype)
    return LatentManifold(
        decoder,
        latent=estimator.n_components_,
        data=None if Z is None else torch.as_tensor(Z, dtype=dtype),
        uncertainty=radial,
        metric=metric,
        memory=MEMORY if memory is None else memory,
    )


def radial_precision(estimator: LatentEstimator, X: Any) -> RadialPrecision:
    """Fit one standard deviation of the whole row to what the decoder misses of X, in the law's own scale."""
    Z = np.asarray(estimator.transform(X))
    flat = estimator._flat(X)  # pyright: ignore[reportPrivateUsage]
    x = scored_rows(estimator.model_, estimator._rows(flat), len(flat), estimator.seed_)  # pyright: ignore[reportPrivateUsage]
    missed = torch.as_tensor(x - decoded_means(estimator.model_, Z))
    scale = getattr(getattr(estimator.model_.decoder, "likelihood", None), "log_scale", None)
    if scale is not None:
        missed = missed / scale(missed[:1]).exp().detach()
    return RadialPrecision.fit(torch.as_tensor(Z), missed.square().sum(1, keepdim=True))
