"""Denoising: clean images, corrupted ones, and what the model restores."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from vael.datasets.shades import value_range
from vael.plots.checks import check_matrix, check_same_shape
from vael.plots.images import colour_images, draw_mosaic, mosaic_height, tile
from vael.plots.numbers import root_mean_square, same_digits
from vael.plots.style import LIGHT, Theme

__all__ = ["denoising"]


def denoising(
    clean: np.ndarray,
    corrupted: np.ndarray,
    restored: np.ndarray,
    image_shape: tuple[int, ...],
    *,
    value_limits: tuple[float, float] | None = None,
    theme: Theme = LIGHT,
) -> Figure:
    """Draw clean, corrupted and restored images (n, features) in three rows.

    Beside a row stands its error against the clean images: the mean over the images of the root
    mean squared difference, in the data's unit. All rows share ``value_limits``, the values
    of black and white, by default from the clean images' scale.
    """
    for X, name in ((clean, "clean"), (corrupted, "corrupted"), (restored, "restored")):
        check_matrix(X, name)
    check_same_shape(clean, corrupted, "clean", "corrupted")
    check_same_shape(clean, restored, "clean", "restored")
    limits = value_limits or value_range(clean)
    rows = [colour_images(X, image_shape, limits, "clean") for X in (clean, corrupted, restored)]
    mosaic = tile(np.concatenate(rows), len(clean), gap=max(1, image_shape[1] // 14))
    side = 0.95
    width = min(theme.width, side + 1.1 * len(clean))
    figure = theme.figure(mosaic_height(mosaic, width - side) + 0.2, width=width)
    axes = figure.add_subplot()
    draw_mosaic(axes, mosaic, theme)
    truth = clean.astype(np.float64)
    names = ["clean"]
    errors = [float(root_mean_square(X - truth).mean()) for X in (corrupted, restored)]
    for name, error in zip(("corrupted", "restored"), same_digits(errors)):
        names.append(f"{name}\nerror {error}")
    axes.set_yticks(mosaic.row_centres, labels=names)
    axes.tick_params(axis="y", colors=theme.text)
    return figure
