"""Rows and parameters checked at the door, and the spectrum of rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from vael.errors import InputError
from vael.theory._inputs import Numbers, finite

__all__ = ["Spectrum", "covariance_spectrum", "finite_rows", "of_axes"]


def of_axes(values: Numbers, name: str, axes: int) -> np.ndarray:
    """As an array of float64, finite, not empty and of so many axes."""
    array = finite(values, name)
    if array.ndim != axes:
        raise InputError(f"{name} must have {axes} axes, got shape {array.shape}")
    if array.size == 0:
        raise InputError(f"{name} is empty: it has shape {array.shape}")
    return array


def finite_rows(X: ArrayLike, features: int | None = None) -> np.ndarray:
    """Return rows as float64, ``(n, features)``; NaN or another width is an `InputError`."""
    rows = of_axes(X, "X", 2)
    if features is not None and rows.shape[1] != features:
        raise InputError(f"X must have {features} features, got {rows.shape[1]}")
    return rows


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Mean and covariance of rows, the covariance by its eigenvalues; all divide by n.

    Attributes
    ----------
        mean: Of shape ``(features,)``.
        eigenvalues: From the largest to the smallest, never negative, ``(features,)``.
        eigenvectors: In the columns; the largest entry of each is positive, ``(features, features)``.
    """

    mean: np.ndarray
    eigenvalues: np.ndarray
    eigenvectors: np.ndarray


def covariance_spectrum(X: np.ndarray) -> Spectrum:
    """Return the mean of rows, and the eigenvalues of their covariance from the largest down."""
    mean = X.mean(0)
    centred = X - mean
    values, vectors = np.linalg.eigh(centred.T @ centred / len(X))
    values, vectors = values[::-1].clip(min=0), vectors[:, ::-1]
    largest = vectors[np.abs(vectors).argmax(0), np.arange(len(values))]
    return Spectrum(mean, values, vectors * np.sign(largest))
