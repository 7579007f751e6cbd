"""The latent map: where the encoder puts the data."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure

from vael.datasets.classes import Classes, Values, read_labels
from vael.plots.checks import check_matrix
from vael.plots.projections import Projector, project
from vael.plots.ridges import draw_ridges
from vael.plots.scatter import (
    MARKERS,
    class_handles,
    local_density,
    name_classes,
    point_look,
    shuffled,
)
from vael.plots.style import LIGHT, Theme

__all__ = ["latent_map"]


def latent_map(
    Z: np.ndarray,
    y: np.ndarray | None = None,
    *,
    projection: Projector | None = None,
    label_name: str = "",
    theme: Theme = LIGHT,
) -> Figure:
    """Draw latents (n, k) as a map, coloured by label.

    One latent gives a histogram for each class, two a map; more are projected by PCA, or by
    ``projection``, any transformer with ``fit_transform`` that gives two columns (given, it is used
    for two latents too). ``y`` holds n classes (legend, and names at the medians) or n values
    (colour bar); without it points are shaded by their density. ``label_name`` titles the legend.

    Raises ``InputError`` on shapes that do not fit.
    """
    check_matrix(Z, "Z")
    labels = None if y is None else read_labels(y, len(Z))
    if Z.shape[1] == 1 and projection is None:
        return draw_ridges(Z[:, 0], labels, label_name, theme)
    drawn = project(Z, 2, projection)
    figure = theme.figure(5.6)
    axes = theme.dress(figure.add_subplot())
    axes.set_xlabel(drawn.axis_names[0])
    axes.set_ylabel(drawn.axis_names[1])
    if labels is None:
        _draw_density(axes, drawn.points, theme)
    elif isinstance(labels, Values):
        _draw_values(figure, axes, drawn.points, labels, label_name, theme)
    else:
        _draw_classes(figure, axes, drawn.points, labels, label_name, theme)
    return figure


def _frame(axes: Axes, points: np.ndarray) -> None:
    """Leave a margin around the cloud; keep one scale for both axes unless that wastes the page."""
    axes.margins(0.04)
    span = np.ptp(points, axis=0)
    if span.min() > 0 and span.max() / span.min() < 2.5:
        axes.set_aspect("equal", adjustable="datalim")


def _draw_density(axes: Axes, points: np.ndarray, theme: Theme) -> None:
    area, _ = point_look(len(points))
    density = local_density(points)
    order = np.argsort(density, kind="stable")  # the crowded on top, so that ridges show
    axes.scatter(
        *points[order].T,
        c=density[order],
        cmap=theme.density,
        norm=PowerNorm(0.6, 0.0, 1.0),
        s=area,
        linewidths=0,
        rasterized=True,
    )
    _frame(axes, points)


def _draw_values(
    figure: Figure, axes: Axes, points: np.ndarray, labels: Values, name: str, theme: Theme
) -> None:
    area, opacity = point_look(len(points))
    order = shuffled(len(points))
    cloud = axes.scatter(
        *points[order].T,
        c=labels.values[order],
        cmap=theme.values,
        s=area,
        alpha=opacity,
        linewidths=0,
        rasterized=True,
    )
    _frame(axes, points)
    bar = figure.colorbar(cloud, ax=axes, shrink=0.7, aspect=28, pad=0.02, label=name)
    bar.solids.set(alpha=1.0)  # pyright: ignore[reportOptionalMemberAccess]
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
    bar.ax.tick_params(colors=theme.muted, labelsize=theme.small_size, length=0)
    bar.ax.yaxis.label.set(color=theme.text, fontsize=theme.text_size)


def _draw_classes(
    figure: Figure, axes: Axes, points: np.ndarray, labels: Classes, name: str, theme: Theme
) -> None:
    area, opacity = point_look(len(points))
    order = shuffled(len(points))
    colours = np.array(theme.class_colours(len(labels.names)))
    for i, marker in enumerate(MARKERS):
        rows = order[labels.codes[order] // 10 == i]
        if len(rows):
            axes.scatter(
                *points[rows].T,
                c=colours[labels.codes[rows]].tolist(),
                s=area,
                alpha=opacity,
                marker=marker,
                linewidths=0,
                rasterized=True,
            )
    _frame(axes, points)
    name_classes(axes, points, labels, theme)
    legend = figure.legend(
        handles=class_handles(labels, theme),
        loc="outside right upper",
        title=name or None,
        ncols=1 if len(labels.names) <= 20 else 2,
        handletextpad=0.3,
    )
    theme.dress_legend(legend)
