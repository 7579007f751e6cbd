"""Many latents on a page: which coordinates are drawn, and what they are called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from sklearn.decomposition import PCA

from vael.errors import InputError

__all__ = ["Projected", "Projector", "project"]


@runtime_checkable
class Projector(Protocol):
    """Anything with scikit-learn's ``fit_transform``: PCA, t-SNE, UMAP, ..."""

    def fit_transform(self, X: Any, /) -> Any:
        """Fit to ``X`` of shape (n, latents) and return its projection."""
        ...


@dataclass(frozen=True)
class Projected:
    """Points to draw, shape (n, dimensions), with a name for each axis."""

    points: np.ndarray
    axis_names: tuple[str, ...]


def project(Z: np.ndarray, dimensions: int, projection: Projector | None) -> Projected:
    """Bring latents (n, k) to ``dimensions`` coordinates: as they are, by PCA, or as told."""
    if projection is None and Z.shape[1] <= dimensions:
        names = tuple(f"$z_{{{i + 1}}}$" for i in range(Z.shape[1]))
        return Projected(Z, names)
    if projection is None:
        if len(Z) < dimensions:
            raise InputError(
                f"{len(Z)} point(s) of {Z.shape[1]} latents cannot be projected to {dimensions} "
                "axes by PCA: give more points"
            )
        projection = PCA(n_components=dimensions, svd_solver="full")
    points = np.asarray(projection.fit_transform(Z), dtype=np.float64)
    if points.shape != (len(Z), dimensions):
        raise InputError(
            f"{type(projection).__name__} gave shape {points.shape} for {len(Z)} points: this map "
            f"has {dimensions} axes, so make it with n_components={dimensions}"
        )
    return Projected(points, _axis_names(projection, dimensions))


def _axis_names(projection: Projector, dimensions: int) -> tuple[str, ...]:
    kind = type(projection).__name__
    shares = getattr(projection, "explained_variance_ratio_", None)
    if shares is None:
        return tuple(f"{kind} {i + 1}" for i in range(dimensions))
    return tuple(f"{kind} {i + 1} ({shares[i]:.0%} of variance)" for i in range(dimensions))
