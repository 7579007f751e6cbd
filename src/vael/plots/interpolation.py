"""Interpolation strips: the way from one point to another, decoded."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from vael.datasets.shades import value_range
from vael.errors import InputError
from vael.plots.images import colour_images, draw_mosaic, mosaic_height, tile
from vael.plots.style import LIGHT, Theme

__all__ = ["interpolation"]


def interpolation(
    strips: np.ndarray,
    image_shape: tuple[int, ...],
    *,
    value_limits: tuple[float, float] | None = None,
    theme: Theme = LIGHT,
) -> Figure:
    """Draw strips (n, steps, features), one a row, from the first step at the left to the last.

    ``value_limits`` are the values of black and white, by default from the strips' scale.
    """
    strips = np.asarray(strips)
    if strips.ndim != 3 or 0 in strips.shape:
        raise InputError(
            f"strips must have shape (strips, steps, features), got {strips.shape}: "
            "one strip alone is strips[None]"
        )
    count, steps, features = strips.shape
    flat = strips.reshape(count * steps, features)
    images = colour_images(flat, image_shape, value_limits or value_range(flat), "strips")
    # space between the strips, none within: a strip reads as one movement
    across = images.reshape(count, steps, *images.shape[1:]).swapaxes(1, 2)
    bands = across.reshape(count, images.shape[1], -1, 4)
    mosaic = tile(bands, 1, gap=max(1, image_shape[0] // 6))
    figure = theme.figure(mosaic_height(mosaic, theme.width - 0.1) + 0.35)
    axes = figure.add_subplot()
    draw_mosaic(axes, mosaic, theme)
    middles = (np.arange(steps) + 0.5) * image_shape[1] - 0.5
    shown = np.unique(np.linspace(0, steps - 1, min(steps, 5)).round().astype(int))
    names = ["start" if i == 0 else "end" if i == steps - 1 else f"{i / (steps - 1):.2f}" for i in shown]
    axes.set_xticks(middles[shown], labels=names)
    return figure
