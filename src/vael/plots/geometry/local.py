"""Local quantities of a manifold as arrays, on grids of points."""

from __future__ import annotations

import numpy as np

from vael.geometry import Manifold
from vael.plots.geometry.plane import as_array

__all__ = ["curvatures", "log_volumes", "metrics"]

SINGULAR = 1e-12  # a metric with less than this of itself left in some direction has no curvature


def metrics(manifold: Manifold, points: np.ndarray) -> np.ndarray:
    """Compute metric tensors at points ``(..., latent)``: ``(..., latent, latent)``."""
    return as_array(manifold.metric(points))


def log_volumes(manifold: Manifold, points: np.ndarray) -> np.ndarray:
    """Compute the log volume at points ``(..., latent)``; NaN, a hole in a map, at a singular metric."""
    sign, logarithm = np.linalg.slogdet(metrics(manifold, points))
    return np.where(sign > 0, 0.5 * logarithm, np.nan)


def curvatures(manifold: Manifold, points: np.ndarray) -> np.ndarray:
    """Compute the Gaussian curvature at points ``(..., 2)``; NaN where the metric is all but singular."""
    G = metrics(manifold, points)
    diagonal = np.diagonal(G, axis1=-2, axis2=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = np.linalg.det(G) / diagonal.prod(axis=-1)  # the squared sine between the coordinates
        even = diagonal.min(axis=-1) / diagonal.max(axis=-1)
    sound = (apart > SINGULAR) & (even > SINGULAR)
    found = np.full(points.shape[:-1], np.nan)
    if sound.any():
        found[sound] = as_array(manifold.curvature(points[sound]))
    return found
