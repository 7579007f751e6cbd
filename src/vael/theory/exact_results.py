"""What the exact models return."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["JointSample", "NormalPosterior"]


@dataclass(frozen=True, eq=False)
class NormalPosterior:
    """Normals with one covariance.

    Attributes
    ----------
        mean: Of each row, ``(n, latent)``.
        covariance: The same for every row, ``(latent, latent)``.
    """

    mean: np.ndarray
    covariance: np.ndarray


@dataclass(frozen=True, eq=False)
class JointSample:
    """Draws from p(z) p(x|z).

    Attributes
    ----------
        x: Rows, ``(n, features)``.
        z: The latent of each, ``(n, latent)``.
    """

    x: np.ndarray
    z: np.ndarray
