"""Local quantities of a manifold as arrays, on grids of points."""

from __future__ import annotations

import numpy as np
import torch

from vael.geometry import Manifold
from vael.plots.geometry.plane import as_array

__all__ = ["log_volumes", "metrics"]


def metrics(manifold: Manifold, points: np.ndarray) -> np.ndarray:
    """Compute metric tensors at points ``(..., latent)``: ``(..., latent, latent)``."""
    read = manifold.read(points, "points")
    with torch.no_grad():
        return as_array(read.shaped(manifold.structure.metric(read.flat)))


def log_volumes(manifold: Manifold, points: np.ndarray) -> np.ndarray:
    """Compute the log volume at points ``(..., latent)``; NaN where the metric is singular."""
    sign, logarithm = np.linalg.slogdet(metrics(manifold, points))
    return np.where(sign > 0, 0.5 * logarithm, np.nan)
