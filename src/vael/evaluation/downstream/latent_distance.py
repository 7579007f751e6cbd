"""How far latents lie from a cloud of others, in the cloud's own standard deviations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from vael.errors import InputError

__all__ = ["LatentDistance"]

_LEAST_SHARE = 1e-8  # of the greatest variance: below it a direction holds rounding errors


@dataclass(frozen=True, eq=False)
class LatentDistance:
    """Mahalanobis distance sqrt((z - m)^T C^-1 (z - m)) from rows of mean m and covariance C.

    Directions whose variance is below 1e-8 of the greatest are left out: they hold rounding errors.

    Attributes
    ----------
    mean : m, shape (latents,)
    whitening : maps z - m to `directions` numbers of variance 1, shape (latents, directions)

    References
    ----------
    Mahalanobis 1936.
    """

    mean: np.ndarray
    whitening: np.ndarray

    @classmethod
    def fit(cls, Z: Float[np.ndarray, "n latents"]) -> LatentDistance | str:
        """Learn mean and covariance; a string says why there is no distance."""
        n, latents = Z.shape
        if not np.isfinite(Z).all():
            row, column = np.argwhere(~np.isfinite(Z))[0]
            raise InputError(f"latents hold {Z[row, column]} in row {row}, column {column}")
        if n <= latents:
            return f"{n} training rows are too few for the covariance of {latents} latents: give more"
        mean = Z.mean(axis=0)
        centred = Z - mean
        variance, axes = np.linalg.eigh(centred.T @ centred / (n - 1))
        if not variance[-1] > np.square(1e-12 * (1.0 + np.abs(mean).max())):
            return "the latents of the training rows do not vary: the posterior has collapsed"
        kept = variance > _LEAST_SHARE * variance[-1]
        return cls(mean, axes[:, kept] / np.sqrt(variance[kept]))

    def __call__(self, Z: Float[np.ndarray, "n latents"]) -> Float[np.ndarray, " n"]:
        """Distance of each row."""
        return np.sqrt(np.square((Z - self.mean) @ self.whitening).sum(axis=1))
