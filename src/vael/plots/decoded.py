"""The decoded grid: what the decoder paints over a square of the latent space."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from matplotlib.figure import Figure
from scipy.stats import norm

from vael.errors import InputError
from vael.plots.images import colour_images, draw_mosaic, mosaic_height, tile
from vael.plots.numbers import signed
from vael.plots.style import LIGHT, Theme

__all__ = ["decoded_grid", "grid_latents", "normal_quantiles"]


def normal_quantiles(n: int) -> np.ndarray:
    """Give the standard normal's quantiles at the middles of ``n`` equal parts of (0, 1)."""
    return norm.ppf((np.arange(n) + 0.5) / n)


def grid_latents(n: int, latent: int, axes: tuple[int, int], fixed: np.ndarray | None) -> np.ndarray:
    """List the latents (n * n, latent) of a grid, row by row from the top left.

    Along a row the latent ``axes[0]`` rises; from row to row ``axes[1]`` falls, so that it rises
    upwards on the page as it does in the latent map.
    """
    Z = np.zeros((n * n, latent)) if fixed is None else np.tile(fixed, (n * n, 1))
    quantiles = normal_quantiles(n)
    Z[:, axes[0]] = np.tile(quantiles, n)
    Z[:, axes[1]] = np.repeat(quantiles[::-1], n)
    return Z


def decoded_grid(
    decode: Callable[[np.ndarray], np.ndarray],
    image_shape: tuple[int, ...],
    *,
    n: int = 20,
    latent: int = 2,
    axes: tuple[int, int] = (0, 1),
    fixed: np.ndarray | None = None,
    value_limits: tuple[float, float] | None = None,
    theme: Theme = LIGHT,
) -> Figure:
    """Draw ``n`` by ``n`` decoded points of a latent square, spaced by the normal's quantiles.

    Each cell so holds the same share of a standard normal prior. ``decode`` turns latents
    (m, latent) into rows (m, features). Of more than two latents, ``axes`` tells which two vary;
    the others stay at ``fixed`` (latent,), by default 0. ``value_limits`` are the values of black
    and white.

    Source: Kingma and Welling 2014, arXiv 1312.6114, figure 4.
    """
    if n < 1:
        raise InputError(f"n must be 1 or more, got {n}")
    if latent < 2:
        raise InputError(f"a decoded grid needs two latents or more, got {latent}")
    if axes[0] == axes[1] or not all(0 <= a < latent for a in axes):
        raise InputError(f"axes must be two different latents of 0 to {latent - 1}, got {axes}")
    if fixed is not None:
        fixed = np.asarray(fixed, dtype=np.float64)
        if fixed.shape != (latent,):
            raise InputError(
                f"fixed has shape {fixed.shape}: give one value for each of {latent} latents "
                "(those of the two axes are ignored)"
            )
    X = np.asarray(decode(grid_latents(n, latent, axes, fixed)))
    if len(X) != n * n:
        raise InputError(f"decode gave {len(X)} rows for {n * n} latents: it must give one for each")
    images = colour_images(X.reshape(n * n, -1), image_shape, value_limits, "decode(z)")
    mosaic = tile(images, n)
    width = min(theme.width, 6.0)
    figure = theme.figure(mosaic_height(mosaic, width - 0.5) + 0.5, width=width)
    drawn = figure.add_subplot()
    draw_mosaic(drawn, mosaic, theme)
    shown = np.unique(np.linspace(0, n - 1, min(n, 7)).round().astype(int))
    names = [signed(float(q), 1) for q in normal_quantiles(n)[shown]]
    drawn.set_xticks(mosaic.column_centres[shown], labels=names)
    drawn.set_yticks(mosaic.row_centres[::-1][shown], labels=names)
    drawn.set_xlabel(f"$z_{{{axes[0] + 1}}}$")
    drawn.set_ylabel(f"$z_{{{axes[1] + 1}}}$")
    return figure
