"""Samples above the training rows nearest to them: whether they are copies, at a glance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from vael.datasets.shades import value_range
from vael.errors import InputError
from vael.plots.checks import check_matrix
from vael.plots.images import colour_images, draw_mosaic, mosaic_height, tile
from vael.plots.numbers import same_digits
from vael.plots.parallel import draw_lines, feature_ticks, standardise
from vael.plots.style import LIGHT, Theme

__all__ = ["nearest_rows"]

_SIDE = 1.05  # inches left of the images, for the names of their rows
_LINES = 6  # samples of a table that are drawn


def nearest_rows(
    samples: np.ndarray,
    neighbours: np.ndarray,
    distances: np.ndarray,
    image_shape: tuple[int, ...] | None,
    *,
    sample_distances: np.ndarray | None = None,
    held_out_distances: np.ndarray | None = None,
    columns: int = 12,
    value_limits: tuple[float, float] | None = None,
    feature_names: Sequence[str] | None = None,
    theme: Theme = LIGHT,
) -> Figure:
    """Draw samples (n, features) above their nearest training rows (n, k, features), nearest first.

    Below each column stands the distance to the nearest, from `distances` (n, k), in the data's unit. At
    most `columns` samples are drawn. Images share `value_limits`, the values of black and white, by default
    from the neighbours' scale; without `image_shape` up to six samples are solid lines over their features,
    and the nearest training row of each is dashed.

    With `sample_distances` (m,) and `held_out_distances` (h,), of all samples and of held-out rows to their
    nearest training row, a panel below shows the share of each within a distance: samples whose curve
    rises left of that of held-out rows lie nearer to training rows than data do.
    """
    _check(samples, neighbours, distances)
    if columns < 1:
        raise InputError(f"columns must be 1 or more, got {columns}")
    if (sample_distances is None) != (held_out_distances is None):
        raise InputError("give sample_distances and held_out_distances together, or neither")
    shown = min(len(samples), columns if image_shape is not None else min(columns, _LINES))
    samples, neighbours, distances = samples[:shown], neighbours[:shown], distances[:shown]
    panel = 2.3 if sample_distances is not None else 0.0
    if image_shape is None:
        figure = theme.figure(3.6 + panel)
        axes = _stack(figure, 3.6, panel)
        _lines(axes[0, 0], samples, neighbours[:, 0], feature_names, theme)
    else:
        figure, axes = _images(samples, neighbours, distances, image_shape, value_limits, panel, theme)
    if sample_distances is not None and held_out_distances is not None:
        _shares(axes[1, 0], sample_distances, held_out_distances, theme)
    return figure


def _images(
    samples: np.ndarray,
    neighbours: np.ndarray,
    distances: np.ndarray,
    image_shape: tuple[int, ...],
    limits: tuple[float, float] | None,
    panel: float,
    theme: Theme,
) -> tuple[Figure, np.ndarray]:
    shown, k, features = neighbours.shape
    limits = limits or value_range(neighbours.reshape(-1, features))
    rows = [colour_images(samples, image_shape, limits, "samples")]
    rows += [colour_images(neighbours[:, i], image_shape, limits, "neighbours") for i in range(k)]
    mosaic = tile(np.concatenate(rows), shown, gap=max(1, image_shape[1] // 14))
    width = theme.width if panel else min(theme.width, _SIDE + 1.1 * shown)
    height = mosaic_height(mosaic, min(width - _SIDE, 1.1 * shown)) + 0.55
    figure = theme.figure(height + panel, width=width)
    axes = _stack(figure, height, panel)
    top: Axes = axes[0, 0]
    draw_mosaic(top, mosaic, theme)
    names = ["sample", "nearest", "2nd", "3rd", *(f"{i}th" for i in range(4, k + 1))][: k + 1]
    top.set_yticks(mosaic.row_centres, labels=names)
    top.set_xticks(mosaic.column_centres, labels=same_digits(distances[:, 0]))
    top.tick_params(axis="y", colors=theme.text)
    top.set_xlabel("distance to the nearest training row", color=theme.muted, fontsize=theme.small_size)
    return figure, axes


def _stack(figure: Figure, height: float, panel: float) -> np.ndarray:
    """Axes of the pictures, and below them those of the panel where it has a height."""
    if panel == 0:
        return figure.subplots(1, squeeze=False)
    return figure.subplots(2, squeeze=False, height_ratios=[height, panel])


def _lines(
    axes: Axes, samples: np.ndarray, nearest: np.ndarray, names: Sequence[str] | None, theme: Theme
) -> None:
    theme.dress(axes)
    colours = theme.class_colours(len(samples))
    draw_lines(axes, standardise(samples, samples), colours, lw=1.6)
    draw_lines(axes, standardise(nearest, samples), colours, lw=1.6, ls=(0, (2.5, 1.5)), alpha=0.9)
    feature_ticks(axes, samples.shape[1], names, theme)
    axes.set_ylabel("value (standard deviations)")
    keys = [
        Line2D([], [], color=theme.muted, lw=1.6, label="sample"),
        Line2D([], [], color=theme.muted, lw=1.6, ls=(0, (2.5, 1.5)), label="nearest training row"),
    ]
    theme.dress_legend(axes.legend(handles=keys, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2))


def _shares(axes: Axes, of_samples: np.ndarray, of_held_out: np.ndarray, theme: Theme) -> None:
    theme.dress(axes)
    for values, colour, name in (
        (of_held_out, theme.muted, "held-out rows"),
        (of_samples, theme.accent, "samples"),
    ):
        axes.ecdf(values, color=colour, lw=1.8, label=name)
    axes.set_xlim(left=0.0)
    axes.set_ylim(0.0, 1.0)
    axes.set_xlabel("distance to the nearest training row")
    axes.set_ylabel("share within it")
    theme.dress_legend(axes.legend(loc="lower right"))


def _check(samples: np.ndarray, neighbours: np.ndarray, distances: np.ndarray) -> None:
    check_matrix(samples, "samples")
    if neighbours.ndim != 3 or neighbours.shape[::2] != samples.shape or neighbours.shape[1] == 0:
        raise InputError(
            f"neighbours must have shape (n, k, features) for samples of shape {samples.shape}, "
            f"got {neighbours.shape}: index the training rows with the indices, train[indices]"
        )
    check_matrix(neighbours.reshape(len(neighbours), -1), "neighbours")
    if distances.shape != neighbours.shape[:2]:
        raise InputError(
            f"distances must have shape {neighbours.shape[:2]}, one for each neighbour, got {distances.shape}"
        )
