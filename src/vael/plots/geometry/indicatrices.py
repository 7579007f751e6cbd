"""The field of indicatrices: how far one step reaches, in every direction, all over the map."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.collections import EllipseCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from vael.datasets.classes import Classes, read_labels
from vael.errors import InputError
from vael.geometry import Manifold
from vael.plots.geometry.layers import add_legends, draw_data, map_figure
from vael.plots.geometry.local import metrics
from vael.plots.geometry.plane import Limits, plane_of
from vael.plots.style import LIGHT, Theme

__all__ = ["indicatrix_field"]

FILL = 0.47  # of a cell, that all but the longest tenth of the half axes keep within
LONGEST = 0.9


def indicatrix_field(
    manifold: Manifold,
    y: np.ndarray | None = None,
    *,
    radius: float | int | None = None,
    latents: tuple[int, int] = (0, 1),
    at: Any = None,
    limits: Limits | None = None,
    resolution: int = 15,
    label_name: str = "",
    theme: Theme = LIGHT,
) -> Figure:
    r"""Draw the circles of one Riemannian radius on a grid over the data.

    An ellipse is :math:`\{z + v : v^T G(z) v = r^2\}`: small where the decoder changes fast, long in the
    direction in which it changes slowly. Of more than two latents, two vary, and G is that of their plane.

    Arguments:
        manifold: With data, or give `limits`.
        y: A class or a value for each row of the manifold's data.
        radius: r, in units of the manifold's distance; None: so that the ellipses do not touch.
        latents: The two that vary, across and up.
        at: A point of latent space at which the others are held; None: the data's mean.
        limits: ``((left, right), (bottom, top))``; None: the data's extent.
        resolution: Ellipses along the longer side.
        label_name: What y is.
        theme: The look.

    Raises ``InputError`` on shapes that do not fit, and where the metric is singular all over the grid.
    """
    if radius is not None and not radius > 0:
        raise InputError(f"radius must be more than 0, got {radius}")
    plane = plane_of(manifold, latents, at, limits, resolution)
    points = None if manifold.data is None else plane.drop(manifold.data)
    labels = None if y is None else read_labels(y, 0 if points is None else len(points))
    grid = plane.grid(resolution).reshape(-1, len(plane.held))
    G = metrics(manifold, grid)[:, list(latents)][:, :, list(latents)]
    half_axes, angles = unit_ellipses(G)
    sound = np.isfinite(half_axes).all(axis=1)
    if not sound.any():
        raise InputError("the metric is singular all over the map: its circles have no end")
    half_axes, angles, places = half_axes[sound], angles[sound], plane.drop(grid[sound])
    if radius is None:
        cell = max(high - low for low, high in plane.limits) / resolution
        radius = _round(FILL * cell / float(np.quantile(half_axes[:, 0], LONGEST)))
    figure, axes = map_figure(plane, theme, legend=isinstance(labels, Classes))
    if points is not None:
        draw_data(figure, axes, points, labels, label_name, theme)
    axes.add_collection(
        EllipseCollection(
            2 * radius * half_axes[:, 0],
            2 * radius * half_axes[:, 1],
            angles,
            units="xy",
            offsets=places,
            transOffset=axes.transData,
            facecolors=[to_rgba(theme.text, 0.07)],
            edgecolors=theme.text,
            linewidths=0.9,
            zorder=3,
        )
    )
    theme.dress(axes, title=f"circles of Riemannian radius {radius:g}", grid=False)
    add_legends(figure, axes, points, labels, label_name, [], theme)
    return figure


def unit_ellipses(G: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give half axes ``(n, 2)``, the longer first, and the longer one's angle in degrees, of unit circles."""
    values, vectors = np.linalg.eigh(G)
    with np.errstate(divide="ignore", invalid="ignore"):
        half_axes = np.where(values > 0, 1 / np.sqrt(np.abs(values)), np.inf)
    longer = vectors[:, :, 0]
    return half_axes, np.degrees(np.arctan2(longer[:, 1], longer[:, 0]))


def _round(value: float) -> float:
    """Bring a radius to the next lower number of one digit and a half, for the title's sake."""
    unit = 10 ** np.floor(np.log10(value))
    return float(unit * np.floor(value / unit * 2) / 2)
