"""Samples of the model, as a wall of images or a bundle of lines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from vael.errors import InputError
from vael.plots.checks import check_matrix
from vael.plots.images import colour_images, draw_mosaic, mosaic_height, tile
from vael.plots.parallel import draw_lines, feature_ticks, standardise
from vael.plots.style import LIGHT, Theme

__all__ = ["samples"]


def samples(
    X: np.ndarray,
    image_shape: tuple[int, ...] | None,
    *,
    columns: int = 16,
    value_limits: tuple[float, float] | None = None,
    feature_names: Sequence[str] | None = None,
    theme: Theme = LIGHT,
) -> Figure:
    """Draw samples (n, features) in ``columns`` columns, row by row.

    ``value_limits`` are the values of black and white, by default from the samples' scale. Without
    ``image_shape`` each sample is a faint line over its features, in standard deviations.
    """
    check_matrix(X, "X")
    if columns < 1:
        raise InputError(f"columns must be 1 or more, got {columns}")
    if image_shape is None:
        figure = theme.figure(4.0)
        axes = theme.dress(figure.add_subplot())
        opacity = float(np.clip(25.0 / len(X), 0.04, 0.8))
        draw_lines(axes, standardise(X, X), [theme.accent] * len(X), lw=1.0, alpha=opacity)
        feature_ticks(axes, X.shape[1], feature_names, theme)
        axes.set_ylabel("value (standard deviations)")
        return figure
    images = colour_images(X, image_shape, value_limits)
    mosaic = tile(images, min(columns, len(X)), gap=max(1, image_shape[1] // 14))
    width = min(theme.width, 1.1 * len(mosaic.column_centres))
    figure = theme.figure(mosaic_height(mosaic, width - 0.16) + 0.16, width=width)
    draw_mosaic(figure.add_subplot(), mosaic, theme)
    return figure
