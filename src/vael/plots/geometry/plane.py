"""The plane of two latents that a map shows: its limits, its grid, the way into latent space and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from vael.errors import InputError
from vael.geometry import Manifold

__all__ = ["Limits", "Plane", "as_array", "data_of", "plane_of"]

Limits = tuple[tuple[float | int, float | int], tuple[float | int, float | int]]

MARGIN = 0.05  # of the data's extent, on each side
TAIL = 0.002  # part of the data on each side that may stretch the map no more than by a few margins


def as_array(values: Any) -> np.ndarray:
    """Bring a tensor, or what NumPy can read, to an array of double precision."""
    tensor = values.detach().cpu() if isinstance(values, Tensor) else values
    return np.asarray(tensor, dtype=np.float64)


@dataclass(frozen=True)
class Plane:
    """Two latents that vary, while the others stay where they are.

    Attributes:
        latents: The two, across and up.
        held: A point of latent space, ``(latent,)``; its coordinates of the two latents are not used.
        limits: ``((left, right), (bottom, top))``.
    """

    latents: tuple[int, int]
    held: np.ndarray
    limits: Limits

    def drop(self, points: Any) -> np.ndarray:
        """Project points ``(..., latent)`` into the plane, ``(..., 2)``."""
        return as_array(points)[..., list(self.latents)]

    def lift(self, points: np.ndarray) -> np.ndarray:
        """Give the points of latent space, ``(..., latent)``, at places ``(..., 2)`` of the plane."""
        lifted = np.broadcast_to(self.held, (*points.shape[:-1], len(self.held))).copy()
        lifted[..., list(self.latents)] = points
        return lifted

    def ticks(self, resolution: int) -> tuple[np.ndarray, np.ndarray]:
        """Give the middles of square cells, across and up; `resolution` of them along the longer side."""
        spans = np.array([high - low for low, high in self.limits])
        counts = np.maximum(1, np.rint(resolution * spans / spans.max())).astype(int)
        (left, right), (bottom, top) = self.limits
        across, up = ((np.arange(count) + 0.5) / count for count in counts)
        return left + across * (right - left), bottom + up * (top - bottom)

    def grid(self, resolution: int) -> np.ndarray:
        """Give the cells' middles in latent space, ``(rows, columns, latent)``, from the bottom upwards."""
        return self.lift(np.stack(np.meshgrid(*self.ticks(resolution)), axis=-1))

    @property
    def names(self) -> tuple[str, str]:
        """What the axes are called."""
        across, up = self.latents
        return f"$z_{{{across + 1}}}$", f"$z_{{{up + 1}}}$"


def data_of(manifold: Manifold, what: str) -> np.ndarray:
    """Give the manifold's data, ``(n, latent)``, or say that `what` needs some."""
    if manifold.data is None or not len(manifold.data):
        raise InputError(f"{what} needs encoded data: make the manifold with data, as vae.manifold(X) does")
    return as_array(manifold.data)


def plane_of(
    manifold: Manifold, latents: tuple[int, int], at: Any, limits: Limits | None, resolution: int
) -> Plane:
    """Choose the plane of a map: by default through the data's mean, as large as the data."""
    if resolution < 2:
        raise InputError(f"the grid must have 2 or more points along its longer side, got {resolution}")
    data = None if manifold.data is None or not len(manifold.data) else as_array(manifold.data)
    count = _latents(manifold, data, at)
    if latents[0] == latents[1] or not all(0 <= latent < count for latent in latents):
        raise InputError(f"latents must be two different ones of 0 to {count - 1}, got {latents}")
    held = np.zeros(count) if data is None else data.mean(axis=0)
    if at is not None:
        held = as_array(manifold.read(at, "at").flat)
        if held.shape != (1, count):
            raise InputError(f"at must be one point of {count} latents, got shape {np.shape(at)}")
        held = held[0]
    if limits is None:
        if data is None:
            raise InputError(
                "the manifold has no data to tell how large its map must be: "
                "give limits=((left, right), (bottom, top)), or make it with data, as vae.manifold(X) does"
            )
        limits = _extent(data[:, list(latents)])
    if not all(np.isfinite(pair).all() and pair[0] < pair[1] for pair in limits):
        raise InputError(f"limits must be ((left, right), (bottom, top)), each rising, got {limits}")
    return Plane(latents, held, limits)


def _latents(manifold: Manifold, data: np.ndarray | None, at: Any) -> int:
    known = manifold.latent
    if known is None:
        known = data.shape[1] if data is not None else 2 if at is None else len(np.ravel(at))
    if known < 2:
        raise InputError(f"a map needs two latents or more, this manifold has {known}")
    return known


def _extent(points: np.ndarray) -> Limits:
    """The data's extent and a margin, less what few outliers stretch."""
    low, high = points.min(axis=0), points.max(axis=0)
    inner_low, inner_high = np.quantile(points, [TAIL, 1 - TAIL], axis=0)
    spread = np.where(inner_high > inner_low, inner_high - inner_low, 1.0)
    low = np.maximum(low, inner_low - 3 * MARGIN * spread) - MARGIN * spread
    high = np.minimum(high, inner_high + 3 * MARGIN * spread) + MARGIN * spread
    return (float(low[0]), float(high[0])), (float(low[1]), float(high[1]))
