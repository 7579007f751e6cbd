"""Straight against geodesic: what is decoded on two ways between the same points."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from vael.datasets.shades import value_range
from vael.errors import InputError
from vael.geometry import Geodesics, Manifold
from vael.plots.checks import check_matrix
from vael.plots.geometry.curves import Ways, even_points, read_ways
from vael.plots.geometry.layers import add_bar
from vael.plots.images import colour_images, draw_mosaic, mosaic_height, tile
from vael.plots.style import LIGHT, Theme

__all__ = ["geodesic_strips"]

MOST_NAMES = 12  # of features, beside each other under a profile
WIDEST_NAMES = 36  # letters that stand beside each other, or else the names are turned
SIDE = 1.15  # inches for the names at the left of the strips


def geodesic_strips(
    manifold: Manifold,
    geodesics: Geodesics | int,
    decode: Callable[[np.ndarray], np.ndarray],
    image_shape: tuple[int, ...] | None = None,
    *,
    steps: int = 13,
    value_limits: tuple[float | int, float | int] | None = None,
    feature_names: Sequence[str] | None = None,
    seed: int = 0,
    theme: Theme = LIGHT,
) -> Figure:
    """Draw for each pair of points what is decoded on the straight line, and on the geodesic below it.

    Steps are at equal Riemannian lengths on both, so that the ways differ and not the clocks; beside each
    stands its length. Images are drawn as strips; rows without ``image_shape`` as profiles over the
    features, one line a step.

    Arguments:
        manifold: Whose metric measures.
        geodesics: One or more; or the number of random pairs of data points to join.
        decode: Turns latents ``(m, latent)`` into rows ``(m, features)``: the estimator's
            ``inverse_transform``.
        image_shape: Of the rows that are images.
        steps: On each way.
        value_limits: The values of black and white, by default from the scale of the rows.
        feature_names: Of the rows that are no images.
        seed: Of the random pairs.
        theme: The look.

    Raises ``InputError`` on shapes that do not fit.
    """
    if steps < 2:
        raise InputError(f"steps must be 2 or more, got {steps}")
    ways = read_ways(manifold, geodesics, seed)
    pairs = len(ways.curves)
    both = np.stack([even_points(manifold, curves, steps) for curves in (ways.lines, ways.curves)], axis=1)
    flat = both.reshape(-1, both.shape[-1])
    X = check_matrix(np.asarray(decode(flat)), "decode(z)")
    if len(X) != len(flat):
        raise InputError(f"decode gave {len(X)} rows for {len(flat)} latents: it must give one for each")
    if image_shape is None:
        return _profiles(X.reshape(pairs, 2, steps, -1), ways, feature_names, theme)
    limits = value_range(X) if value_limits is None else (float(value_limits[0]), float(value_limits[1]))
    images = colour_images(X, image_shape, limits, "decode(z)")
    return _strips(images.reshape(pairs, 2, steps, *images.shape[1:]), ways, theme)


def _names(ways: Ways, pair: int) -> list[str]:
    return [f"straight {ways.line_lengths[pair]:.2f}", f"geodesic {ways.lengths[pair]:.2f}"]


def _strips(images: np.ndarray, ways: Ways, theme: Theme) -> Figure:
    pairs, _, steps, height, width, _ = images.shape
    bands = images.swapaxes(2, 3).reshape(pairs, 2, height, steps * width, 4)
    mosaics = [tile(band, 1, gap=max(1, height // 14)) for band in bands]
    each = mosaic_height(mosaics[0], theme.width - SIDE) + 0.16
    figure = theme.figure(pairs * each + 0.3)
    panels = figure.subplots(pairs, 1, squeeze=False).ravel()
    for i, (axes, mosaic) in enumerate(zip(panels, mosaics)):
        draw_mosaic(axes, mosaic, theme)
        axes.set_yticks(mosaic.row_centres, labels=_names(ways, i))
        axes.tick_params(axis="y", colors=theme.text)
    shown = np.unique(np.linspace(0, steps - 1, min(steps, 5)).round().astype(int))
    names = ["start" if i == 0 else "end" if i == steps - 1 else f"{i / (steps - 1):.2f}" for i in shown]
    panels[-1].set_xticks((shown + 0.5) * width - 0.5, labels=names)
    return figure


def _profiles(X: np.ndarray, ways: Ways, feature_names: Sequence[str] | None, theme: Theme) -> Figure:
    pairs, _, steps, features = X.shape
    if feature_names is not None and len(feature_names) != features:
        raise InputError(f"there are {len(feature_names)} feature names for {features} features")
    figure = theme.figure(1.9 * pairs + 0.5)
    panels = figure.subplots(pairs, 2, squeeze=False, sharex=True, sharey=True)
    colours = theme.values(np.linspace(0.0, 1.0, steps))
    for pair in range(pairs):
        for axes, rows, name in zip(panels[pair], X[pair], _names(ways, pair)):
            theme.dress(axes, title=name)
            for row, colour in zip(rows, colours):
                axes.plot(np.arange(features), row, color=colour, lw=1.3, marker="o", ms=2.5)
            _name_features(axes, features, feature_names)
    for axes in panels[-1]:
        axes.set_xlabel("feature")
    times: Any = ScalarMappable(Normalize(0.0, 1.0), theme.values)
    times.set_array(np.linspace(0.0, 1.0, steps))
    add_bar(figure, panels.ravel().tolist(), times, "part of the way", theme)
    return figure


def _name_features(axes: Axes, features: int, names: Sequence[str] | None) -> None:
    if names is None or features > MOST_NAMES:
        axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
        return
    turned = max(map(len, names)) * features > WIDEST_NAMES
    turn: dict[str, Any] = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"} if turned else {}
    axes.set_xticks(np.arange(features), labels=list(names), **turn)
