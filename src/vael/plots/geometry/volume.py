"""The volume map: how much of data space a piece of latent space stands for."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vael.datasets.classes import Classes, read_labels
from vael.geometry import Geodesics, Manifold
from vael.plots.geometry.curves import read_ways
from vael.plots.geometry.layers import (
    add_bar,
    add_legends,
    draw_data,
    draw_ground,
    draw_ways,
    map_figure,
    quiet,
    robust_limits,
    way_handles,
)
from vael.plots.geometry.local import log_volumes
from vael.plots.geometry.plane import Limits, Plane, plane_of
from vael.plots.style import LIGHT, Theme

__all__ = ["draw_volume", "volume_map"]

LEVELS = 9  # lines of equal volume


def volume_map(
    manifold: Manifold,
    y: np.ndarray | None = None,
    *,
    geodesics: Geodesics | int | None = None,
    latents: tuple[int, int] = (0, 1),
    at: Any = None,
    limits: Limits | None = None,
    resolution: int = 80,
    label_name: str = "",
    seed: int = 0,
    theme: Theme = LIGHT,
) -> Figure:
    """Draw the log volume over the data's extent, with the data and geodesics on it.

    The shade is half the logarithm of the metric's determinant, the magnification factor: where it is
    strong, much of data space lies in a small piece of the map. Geodesics need not avoid that: volume is an
    area, and in some direction a way through may be short.
    Of more than two latents, two vary and the others are held; data and curves are projected.

    Arguments:
        manifold: With data, or give `limits`.
        y: A class or a value for each row of the manifold's data.
        geodesics: Geodesics to draw beside the straight lines between their ends; or the number of random
            pairs of data points to join.
        latents: The two that vary, across and up.
        at: A point of latent space at which the others are held; None: the data's mean.
        limits: ``((left, right), (bottom, top))``; None: the data's extent.
        resolution: Points of the grid along its longer side.
        label_name: What y is.
        seed: Of the random pairs.
        theme: The look.

    Raises ``InputError`` on shapes that do not fit.

    Source: Bishop, Svensén and Williams 1997, "Magnification factors for the SOM and GTM algorithms".
    """
    plane = plane_of(manifold, latents, at, limits, resolution)
    points = None if manifold.data is None else plane.drop(manifold.data)
    labels = None if y is None else read_labels(y, 0 if points is None else len(points))
    ways = None if geodesics is None else read_ways(manifold, geodesics, seed)
    figure, axes = map_figure(
        plane, theme, bar=True, legend=isinstance(labels, Classes), below=ways is not None
    )
    draw_volume(figure, axes, manifold, plane, resolution, theme)
    if points is not None:
        draw_data(figure, axes, points, labels, label_name, theme)
    if ways is not None:
        draw_ways(axes, plane, ways, theme)
    add_legends(figure, axes, points, labels, label_name, way_handles(theme) if ways else [], theme)
    return figure


def draw_volume(
    figure: Figure, axes: Axes, manifold: Manifold, plane: Plane, resolution: int, theme: Theme
) -> None:
    """Draw the log volume as a map's ground, with its bar."""
    volumes = log_volumes(manifold, plane.grid(resolution))
    low, high = robust_limits(volumes)
    ground = draw_ground(axes, plane, volumes, cmap=quiet(theme), vmin=low, vmax=high)
    levels = np.linspace(low, high, LEVELS + 2)[1:-1]
    look: dict[str, Any] = {"colors": theme.background, "linewidths": 0.6, "alpha": 0.7, "zorder": 1}
    axes.contour(*plane.ticks(resolution), volumes, levels=levels, **look)
    add_bar(figure, axes, ground, r"log volume, $\frac{1}{2}\ln\,\det G$ (nats)", theme)
