"""Originals beside what the model makes of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from vael.datasets.shades import value_range
from vael.errors import InputError
from vael.plots.checks import check_matrix, check_same_shape
from vael.plots.images import colour_images, draw_mosaic, mosaic_height, tile
from vael.plots.numbers import root_mean_square, same_digits
from vael.plots.parallel import draw_lines, feature_ticks, standardise
from vael.plots.style import LIGHT, Theme

__all__ = ["reconstructions"]


def reconstructions(
    X: np.ndarray,
    X_hat: np.ndarray,
    image_shape: tuple[int, ...] | None,
    *,
    columns: int = 10,
    value_limits: tuple[float, float] | None = None,
    feature_names: Sequence[str] | None = None,
    theme: Theme = LIGHT,
) -> Figure:
    """Draw originals (n, features) above their reconstructions, with each pair's error.

    The error below a pair is the root of its mean squared difference, in the data's unit. Both rows
    share ``value_limits``, the values of black and white, by default from the originals'
    scale. Without ``image_shape`` at most eight rows are drawn as lines over their features, in
    standard deviations, the original solid and its reconstruction dashed.
    """
    check_matrix(X, "X")
    check_matrix(X_hat, "X_hat")
    check_same_shape(X, X_hat, "X", "X_hat")
    if columns < 1:
        raise InputError(f"columns must be 1 or more, got {columns}")
    if image_shape is None:
        return _lines(X, X_hat, feature_names, theme)
    limits = value_limits or value_range(X)
    errors = root_mean_square(X.astype(np.float64) - X_hat)
    written = same_digits(errors)
    pictures = [colour_images(A, image_shape, limits, n) for A, n in ((X, "X"), (X_hat, "X_hat"))]
    across = min(columns, len(X))
    bands = -(-len(X) // across)
    gap = max(1, image_shape[1] // 14)
    block = tile(np.concatenate([p[:across] for p in pictures]), across, gap=gap)
    side = 0.9
    figure = theme.figure(bands * (mosaic_height(block, theme.width - side) + 0.32) + 0.1)
    for band in range(bands):
        axes = figure.add_subplot(bands, 1, band + 1)
        rows = slice(band * across, (band + 1) * across)
        blank = np.zeros((across - len(X[rows]), *pictures[0].shape[1:]))
        both = [np.concatenate([p[rows], blank]) for p in pictures]
        mosaic = tile(np.concatenate(both), across, gap=gap)
        draw_mosaic(axes, mosaic, theme)
        axes.set_yticks(mosaic.row_centres, labels=["original", "reconstruction"])
        axes.set_xticks(mosaic.column_centres[: len(errors[rows])], labels=written[rows])
        axes.tick_params(axis="y", colors=theme.text)
        axes.set_xlabel("root mean squared error" if band == bands - 1 else "", color=theme.muted)
        axes.xaxis.label.set_fontsize(theme.small_size)
    return figure


def _lines(X: np.ndarray, X_hat: np.ndarray, feature_names: Sequence[str] | None, theme: Theme) -> Figure:
    shown = min(8, len(X))
    colours = theme.class_colours(shown)
    figure = theme.figure(4.0)
    axes = theme.dress(figure.add_subplot())
    draw_lines(axes, standardise(X[:shown], X), colours, lw=1.6)
    draw_lines(axes, standardise(X_hat[:shown], X), colours, lw=1.6, ls=(0, (2.5, 1.5)), alpha=0.9)
    feature_ticks(axes, X.shape[1], feature_names, theme)
    axes.set_ylabel("value (standard deviations)")
    keys = [
        Line2D([], [], color=theme.muted, lw=1.6, label="original"),
        Line2D([], [], color=theme.muted, lw=1.6, ls=(0, (2.5, 1.5)), label="reconstruction"),
    ]
    theme.dress_legend(figure.legend(handles=keys, loc="outside upper right", ncols=2))
    return figure
