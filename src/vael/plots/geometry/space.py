"""Geodesics among the data of three latents, seen from one side."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from vael.datasets.classes import Classes, Values, read_labels
from vael.errors import InputError
from vael.geometry import Geodesics, Manifold
from vael.plots.geometry.curves import read_ways
from vael.plots.geometry.layers import DASHES, way_handles
from vael.plots.geometry.plane import data_of
from vael.plots.maps_3d import add_axes_3d, add_side_bar, add_side_legend
from vael.plots.scatter import MARKERS, point_look
from vael.plots.style import LIGHT, Theme

__all__ = ["geodesics_3d"]

WIDE = (0.0, 0.05, 0.97, 0.94)
WITH_LEGEND = (0.0, 0.05, 0.86, 0.94)


def geodesics_3d(
    manifold: Manifold,
    geodesics: Geodesics | int,
    y: np.ndarray | None = None,
    *,
    latents: tuple[int, int, int] = (0, 1, 2),
    label_name: str = "",
    elevation: float | int = 20.0,
    azimuth: float | int = -58.0,
    seed: int = 0,
    theme: Theme = LIGHT,
) -> Figure:
    """Draw the data in space, with geodesics and the straight lines between their ends.

    Arguments:
        manifold: With data, of three latents or more.
        geodesics: One or more; or the number of random pairs of data points to join.
        y: A class or a value for each row of the manifold's data.
        latents: The three that are drawn.
        label_name: What y is.
        elevation: Of the eye, degrees.
        azimuth: Of the eye, degrees.
        seed: Of the random pairs.
        theme: The look.

    Raises ``InputError`` on shapes that do not fit.
    """
    data = data_of(manifold, "a map in space")
    count = data.shape[1]
    if count < 3:
        raise InputError(f"a map in space needs three latents or more, got {count}: use volume_map")
    if len(set(latents)) < 3 or not all(0 <= latent < count for latent in latents):
        raise InputError(f"latents must be three different ones of 0 to {count - 1}, got {latents}")
    points = data[:, list(latents)]
    labels = None if y is None else read_labels(y, len(points))
    ways = read_ways(manifold, geodesics, seed)
    figure = theme.figure(5.8, constrained=False)
    place = WIDE if labels is None else WITH_LEGEND
    axes = add_axes_3d(figure, place, theme, float(elevation), float(azimuth))
    axes.set(**{f"{axis}label": f"$z_{{{latent + 1}}}$" for axis, latent in zip("xyz", latents)})
    axes.computed_zorder = False  # the lines stay on top of the points
    drawn = np.concatenate([points, ways.curves[..., list(latents)].reshape(-1, 3)])
    axes.set(**{f"{axis}lim": ends for axis, ends in zip("xyz", zip(drawn.min(axis=0), drawn.max(axis=0)))})
    area, opacity = point_look(len(points))
    look: dict[str, Any] = {"s": area, "alpha": 0.85 * opacity, "linewidths": 0, "rasterized": True}
    if labels is None:
        axes.scatter(*points.T, color=theme.accent, **look)
    elif isinstance(labels, Values):
        add_side_bar(
            figure, axes.scatter(*points.T, c=labels.values, cmap=theme.values, **look), label_name, theme
        )
    else:
        _draw_classes(axes, points, labels, look, theme)
        add_side_legend(figure, labels, label_name, theme)
    for curve, line in zip(ways.curves[..., list(latents)], ways.lines[..., list(latents)]):
        axes.plot(
            *line[[0, -1]].T, color=theme.text, lw=1.0, ls=DASHES, path_effects=theme.halo(2.2), zorder=3
        )
        axes.plot(*curve.T, color=theme.text, lw=1.8, path_effects=theme.halo(3.4), zorder=4)
        axes.scatter(*curve[[0, -1]].T, s=16, color=theme.text, depthshade=False, zorder=5)
    below = figure.legend(handles=way_handles(theme), loc="lower center", ncols=2)
    theme.dress_legend(below)
    return figure


def _draw_classes(axes: Any, points: np.ndarray, labels: Classes, look: dict[str, Any], theme: Theme) -> None:
    colours = np.array(theme.class_colours(len(labels.names)))
    for i, marker in enumerate(MARKERS):
        rows = np.flatnonzero(labels.codes // 10 == i)
        if len(rows):
            axes.scatter(*points[rows].T, c=colours[labels.codes[rows]].tolist(), marker=marker, **look)
