"""Images of several models side by side: what each makes of the same rows, and samples of each."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from vael.errors import InputError
from vael.plots.checks import check_matrix
from vael.plots.images import colour_images, draw_mosaic, mosaic_height, tile
from vael.plots.style import LIGHT, Theme

__all__ = ["same_rows", "samples_of_models"]

_ACROSS = 3


def same_rows(
    images: Mapping[str, np.ndarray],
    image_shape: tuple[int, ...],
    *,
    value_limits: tuple[float, float] | None = None,
    theme: Theme = LIGHT,
) -> Figure:
    """Draw one line of images a name, (n, features) each: the same n rows, as each name has them."""
    _check(images)
    counts = {len(X) for X in images.values()}
    if len(counts) > 1:
        raise InputError(f"every name must have as many images, got {sorted(counts)}")
    lines = [colour_images(X, image_shape, value_limits, name) for name, X in images.items()]
    mosaic = tile(np.concatenate(lines), counts.pop(), gap=max(1, image_shape[1] // 14))
    figure = theme.figure(mosaic_height(mosaic, theme.width - 1.3) + 0.16)
    axes = figure.add_subplot()
    draw_mosaic(axes, mosaic, theme)
    axes.set_yticks(mosaic.row_centres, labels=list(images))
    axes.tick_params(axis="y", colors=theme.text)
    return figure


def samples_of_models(
    images: Mapping[str, np.ndarray],
    image_shape: tuple[int, ...],
    *,
    count: int = 36,
    value_limits: tuple[float, float] | None = None,
    theme: Theme = LIGHT,
) -> Figure:
    """Draw a panel of at most `count` images a name, (n, features) each, in the order given."""
    _check(images)
    across = min(len(images), _ACROSS)
    down = -(-len(images) // across)
    columns = int(np.ceil(np.sqrt(count)))
    width = theme.width / across - 0.16
    mosaics = {
        name: tile(colour_images(X[:count], image_shape, value_limits, name), columns, gap=1)
        for name, X in images.items()
    }
    height = max(mosaic_height(mosaic, width) for mosaic in mosaics.values())
    figure = theme.figure(down * (height + 0.3) + 0.1)
    panels = figure.subplots(down, across, squeeze=False).ravel()
    for panel in panels[len(images) :]:
        panel.set_visible(False)
    for panel, (name, mosaic) in zip(panels, mosaics.items(), strict=False):
        draw_mosaic(panel, mosaic, theme)
        panel.set_title(name, loc="left", color=theme.text, fontsize=theme.text_size, fontweight="bold")
    return figure


def _check(images: Mapping[str, np.ndarray]) -> None:
    if not images:
        raise InputError("images is empty: give the images of one model or more")
    for name, X in images.items():
        check_matrix(X, name)
