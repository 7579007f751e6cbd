"""Geodesics for a picture: given, or between pairs of data points drawn at random."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from vael.errors import InputError
from vael.geometry import Geodesics, Manifold
from vael.plots.geometry.plane import as_array, data_of

__all__ = ["Ways", "even_points", "random_pairs", "read_ways"]

TIMES = 129  # at which a curve is drawn: a smooth line at the size of a page
TOLERANCE = 1e-5  # part of its energy that a drawn curve may have left to lose


@dataclass(frozen=True)
class Ways:
    """Curves and the straight lines between their ends.

    Attributes:
        curves: Points of the geodesics, ``(n, times, latent)``.
        lines: Points of the straight lines, of the same shape.
        lengths: Of the geodesics, ``(n,)``.
        line_lengths: Of the straight lines, ``(n,)``.
    """

    curves: np.ndarray
    lines: np.ndarray
    lengths: np.ndarray
    line_lengths: np.ndarray


def random_pairs(manifold: Manifold, number: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw rows of the data, two by two and all different, as starts and ends ``(number, latent)``."""
    data = data_of(manifold, "a random pair of points")
    if number < 1 or 2 * number > len(data):
        raise InputError(
            f"the number of geodesics must be 1 to {len(data) // 2}, half the data's points, got {number}"
        )
    rows = np.random.default_rng(seed).permutation(len(data))
    return data[rows[:number]], data[rows[number : 2 * number]]


def read_ways(manifold: Manifold, geodesics: Geodesics | int, seed: int) -> Ways:
    """Take geodesics of any batch shape, or find them between so many random pairs."""
    if isinstance(geodesics, int):
        geodesics = manifold.geodesic(*random_pairs(manifold, geodesics, seed), tolerance=TOLERANCE)
    latent = geodesics.points.shape[-1]
    if manifold.latent is not None and latent != manifold.latent:
        raise InputError(f"these geodesics have {latent} latents, but the manifold has {manifold.latent}")
    curves = as_array(geodesics(np.linspace(0.0, 1.0, TIMES))).reshape(-1, TIMES, latent)
    if not len(curves):
        raise InputError("there are no geodesics to draw: give one or more")
    times = np.linspace(0.0, 1.0, TIMES)[:, None]
    lines = curves[:, :1] + times * (curves[:, -1:] - curves[:, :1])
    lengths = as_array(geodesics.length).reshape(-1)
    excess = as_array(geodesics.straight_excess).reshape(-1)
    return Ways(curves, lines, lengths, lengths * (1 + excess))


def even_points(manifold: Manifold, curves: np.ndarray, steps: int) -> np.ndarray:
    """Give points at equal Riemannian lengths along curves ``(n, times, latent)``: ``(n, steps, latent)``."""
    n, times, latent = curves.shape
    with torch.no_grad():
        squares = manifold.structure.squares(manifold.read(curves, "curves").flat.reshape(n, times, latent))
    passed = np.concatenate([np.zeros((n, 1)), np.cumsum(np.sqrt(as_array(squares)), axis=1)], axis=1)
    shares = np.linspace(0.0, 1.0, steps)
    even = np.empty((n, steps, latent))
    for i, (curve, length) in enumerate(zip(curves, passed)):
        # a curve of no length stays where it is
        at = np.interp(shares * length[-1], length, np.arange(times)) if length[-1] > 0 else np.zeros(steps)
        for axis in range(latent):
            even[i, :, axis] = np.interp(at, np.arange(times), curve[:, axis])
    return even
