"""Rows of features as images: one fixed range of values, tiled into one mosaic."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage

from vael.datasets.shades import value_range
from vael.errors import InputError
from vael.plots.checks import check_image_shape, check_matrix
from vael.plots.style import Theme

__all__ = ["Mosaic", "colour_images", "draw_mosaic", "mosaic_height", "tile"]


def colour_images(
    X: np.ndarray,
    image_shape: tuple[int, ...],
    limits: tuple[float, float] | None,
    name: str = "X",
) -> np.ndarray:
    """Turn rows (n, features) into opaque images (n, H, W, 4) in [0, 1].

    ``limits`` are the values of black and white; what lies outside is clipped. Grey images give
    equal red, green and blue.
    """
    check_matrix(X, name)
    check_image_shape(X.shape[1], image_shape, name)
    low, high = limits if limits is not None else value_range(X)
    if not high > low:
        raise InputError(f"value_range must be (black, white) with black < white, got {(low, high)}")
    shade = np.clip((X.astype(np.float64) - low) / (high - low), 0.0, 1.0)
    height, width = image_shape[:2]
    shade = shade.reshape(len(X), height, width, -1)
    images = np.ones((len(X), height, width, 4))
    images[..., :3] = shade  # one channel broadcasts to three
    return images


@dataclass(frozen=True)
class Mosaic:
    """Images tiled into one RGBA array; the centres are in its pixel coordinates."""

    pixels: np.ndarray
    column_centres: np.ndarray
    row_centres: np.ndarray


def tile(images: np.ndarray, columns: int, *, gap: int = 0) -> Mosaic:
    """Tile images (n, H, W, 4) row by row, ``gap`` transparent pixels apart.

    A last row that is short is filled with transparent pixels.
    """
    count, height, width, channels = images.shape
    rows = -(-count // columns)
    pixels = np.zeros((rows * (height + gap) - gap, columns * (width + gap) - gap, channels))
    for i, image in enumerate(images):
        top, left = (i // columns) * (height + gap), (i % columns) * (width + gap)
        pixels[top : top + height, left : left + width] = image
    return Mosaic(
        pixels,
        np.arange(columns) * (width + gap) + (width - 1) / 2,
        np.arange(rows) * (height + gap) + (height - 1) / 2,
    )


def draw_mosaic(axes: Axes, mosaic: Mosaic, theme: Theme) -> AxesImage:
    """Show a mosaic without spines or ticks, each pixel a square."""
    picture = axes.imshow(mosaic.pixels, interpolation="nearest")
    theme.dress(axes, grid=False)
    axes.spines[:].set_visible(False)
    axes.set_xticks([])
    axes.set_yticks([])
    return picture


def mosaic_height(mosaic: Mosaic, width: float) -> float:
    """Give the height in inches at which a mosaic of ``width`` inches has square pixels."""
    rows, columns = mosaic.pixels.shape[:2]
    return width * rows / columns
