"""The latent map in three dimensions, seen from one side."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from mpl_toolkits.mplot3d import proj3d

from vael.datasets.classes import Classes, Values, read_labels
from vael.errors import InputError
from vael.plots.checks import check_matrix
from vael.plots.projections import Projector, project
from vael.plots.scatter import MARKERS, class_handles, point_look, push_apart
from vael.plots.style import LIGHT, Theme

__all__ = ["add_axes_3d", "add_side_bar", "add_side_legend", "latent_map_3d", "projected"]

_WIDE = (0.0, 0.02, 0.97, 0.97)
_WITH_LEGEND = (0.0, 0.02, 0.86, 0.97)


def latent_map_3d(
    Z: np.ndarray,
    y: np.ndarray | None = None,
    *,
    projection: Projector | None = None,
    label_name: str = "",
    elevation: float = 20.0,
    azimuth: float = -58.0,
    theme: Theme = LIGHT,
) -> Figure:
    """Draw latents (n, 3 or more) in space, coloured as in ``latent_map``.

    More than three latents are projected by PCA, or by ``projection``. ``elevation`` and
    ``azimuth`` are the eye's angles in degrees. Nearer points are more opaque.
    """
    check_matrix(Z, "Z")
    if Z.shape[1] < 3 and projection is None:
        raise InputError(f"a map in space needs three latents or more, got {Z.shape[1]}: use latent_map")
    labels = None if y is None else read_labels(y, len(Z))
    drawn = project(Z, 3, projection)
    figure = theme.figure(5.8, constrained=False)
    axes = add_axes_3d(figure, _WIDE if labels is None else _WITH_LEGEND, theme, elevation, azimuth)
    axes.set(xlabel=drawn.axis_names[0], ylabel=drawn.axis_names[1], zlabel=drawn.axis_names[2])
    area, opacity = point_look(len(Z))
    look = {"s": 1.5 * area, "alpha": opacity, "linewidths": 0, "rasterized": True}
    if labels is None:
        # the distance from the median says where a point lies within the cloud
        away = np.linalg.norm(drawn.points - np.median(drawn.points, axis=0), axis=1)
        axes.scatter(*drawn.points.T, c=-away, cmap=theme.density, **look)
    elif isinstance(labels, Values):
        cloud = axes.scatter(*drawn.points.T, c=labels.values, cmap=theme.values, **look)
        add_side_bar(figure, cloud, label_name, theme)
    else:
        _scatter_classes(axes, drawn.points, labels, look, theme)
        add_side_legend(figure, labels, label_name, theme)
    return figure


def _scatter_classes(
    axes: Any, points: np.ndarray, labels: Classes, look: dict[str, Any], theme: Theme
) -> None:
    colours = np.array(theme.class_colours(len(labels.names)))
    for i, marker in enumerate(MARKERS):
        rows = np.flatnonzero(labels.codes // 10 == i)
        if len(rows):
            shown = colours[labels.codes[rows]].tolist()
            axes.scatter(*points[rows].T, c=shown, marker=marker, **look)
    present = [i for i in range(len(labels.names)) if np.any(labels.codes == i)]
    medians = np.array([np.median(points[labels.codes == i], axis=0) for i in present])
    # Names are placed on the page, not in space, so that they can be kept apart.
    flat = np.stack(projected(axes, medians)[:2], axis=1)
    corners = np.stack(projected(axes, points)[:2], axis=1)
    # the cloud takes about half of the page that push_apart thinks of
    low, span = corners.min(axis=0), 2.0 * np.maximum(np.ptp(corners, axis=0), 1e-12)
    letters = np.array([len(labels.names[i]) for i in present])
    for i, place in zip(present, push_apart((flat - low) / span, letters) * span + low):
        axes.text2D(
            *place,
            labels.names[i],
            ha="center",
            va="center",
            color=theme.text,
            fontsize=theme.text_size + 1.5,
            fontweight="bold",
            path_effects=theme.halo(3.0),
            zorder=1000,
        )


def projected(axes: Any, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Project points (n, 3) to the page: across, up, and depth, larger for what is farther."""
    across, up, depth = proj3d.proj_transform(points[:, 0], points[:, 1], points[:, 2], axes.get_proj())
    return np.asarray(across), np.asarray(up), np.asarray(depth)


def add_axes_3d(
    figure: Figure,
    place: tuple[float, float, float, float],
    theme: Theme,
    elevation: float,
    azimuth: float,
) -> Any:
    """Add axes in space at ``place`` (left, bottom, width, height), with room for their labels."""
    axes: Any = figure.add_axes(place, projection="3d")
    theme.dress_3d(axes)
    axes.view_init(elev=elevation, azim=azimuth)
    axes.set_box_aspect((1, 1, 0.9), zoom=1.04)
    return axes


def add_side_legend(figure: Figure, labels: Classes, title: str, theme: Theme) -> None:
    """Put the classes' legend at the right edge, beside axes in space."""
    legend = figure.legend(
        handles=class_handles(labels, theme),
        loc="upper right",
        bbox_to_anchor=(0.99, 0.97),
        title=title or None,
        handletextpad=0.3,
    )
    theme.dress_legend(legend)


def add_side_bar(figure: Figure, cloud: Any, label: str, theme: Theme) -> None:
    """Put a colour bar at the right edge, beside axes in space."""
    bar = figure.colorbar(cloud, cax=figure.add_axes((0.885, 0.22, 0.018, 0.56)), label=label)
    bar.solids.set(alpha=1.0)  # pyright: ignore[reportOptionalMemberAccess]
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
    bar.ax.tick_params(colors=theme.muted, labelsize=theme.small_size, length=0)
    bar.ax.yaxis.label.set(color=theme.text, fontsize=theme.text_size)
