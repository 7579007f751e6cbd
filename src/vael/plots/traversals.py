"""Latent traversals: what one latent does to the picture while the others stay."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.figure import Figure

from vael.errors import InputError
from vael.plots.images import colour_images, draw_mosaic, mosaic_height, tile
from vael.plots.numbers import same_digits, signed
from vael.plots.style import LIGHT, Theme

__all__ = ["traversal_latents", "traversals"]


def traversal_latents(base: np.ndarray, shown: Sequence[int], values: np.ndarray) -> np.ndarray:
    """List latents (shown * values, latents): for each latent shown, ``base`` with it at each value."""
    Z = np.tile(base, (len(shown), len(values), 1))
    for row, latent in enumerate(shown):
        Z[row, :, latent] = values
    return Z.reshape(-1, len(base))


def traversals(
    decode: Callable[[np.ndarray], np.ndarray],
    latents: int,
    image_shape: tuple[int, ...],
    *,
    base: np.ndarray | None = None,
    reach: float = 3.0,
    steps: int = 9,
    kl_per_latent: Sequence[float] | np.ndarray | None = None,
    most: int = 10,
    value_limits: tuple[float, float] | None = None,
    theme: Theme = LIGHT,
) -> Figure:
    """Draw one latent a row, from ``-reach`` at the left to ``reach``, decoded; the others stay.

    ``decode`` turns latents (m, latents) into rows (m, features). The others stay at ``base`` (latents,),
    the code of an image, say; by default 0, the middle of the prior, whose standard deviation is
    the unit of ``reach``. With ``kl_per_latent``, in nats, the latents come in the order of their KL
    divergence, the largest first, and it is written at the right; without, in their own. The
    first ``most`` are drawn. ``value_limits`` are the values of black and white.

    Source: Higgins et al. 2017, "beta-VAE", ICLR, figures 1 to 3.
    """
    if latents < 1 or steps < 2 or most < 1 or not 0 < reach < np.inf:
        raise InputError(
            "traversals needs latents >= 1, steps >= 2, most >= 1 and reach above 0, got "
            f"latents={latents}, steps={steps}, most={most}, reach={reach}"
        )
    middle = _vector(base, latents, "base", np.zeros(latents))
    kl = None if kl_per_latent is None else _vector(kl_per_latent, latents, "kl_per_latent", middle)
    order = np.arange(latents) if kl is None else np.argsort(-kl, kind="stable")
    shown = order[:most].tolist()
    values = np.linspace(-reach, reach, steps)
    X = np.asarray(decode(traversal_latents(middle, shown, values)))
    if len(X) != len(shown) * steps:
        raise InputError(f"decode gave {len(X)} rows for {len(shown) * steps} latents: give one for each")
    images = colour_images(X.reshape(len(X), -1), image_shape, value_limits, "decode(z)")
    mosaic = tile(images, steps, gap=max(1, image_shape[0] // 16))
    # About one centimetre and a half an image, on pages that are no wider than the theme's.
    width = min(theme.width - 1.2, 0.62 * steps * image_shape[1] / image_shape[0])
    figure = theme.figure(mosaic_height(mosaic, width) + 0.55, width=width + 1.2)
    axes = figure.add_subplot()
    draw_mosaic(axes, mosaic, theme)
    columns = np.unique(np.linspace(0, steps - 1, min(steps, 9)).round().astype(int))
    decimals = 1 if np.allclose(values * 10, np.rint(values * 10)) else 2
    names = [signed(float(v), decimals) for v in values[columns]]
    axes.set_xticks(mosaic.column_centres[columns], labels=names)
    axes.set_xlabel("value of the latent")
    axes.set_yticks(mosaic.row_centres, labels=[f"$z_{{{latent + 1}}}$" for latent in shown])
    axes.tick_params(axis="y", labelcolor=theme.text, labelsize=theme.text_size)
    if kl is not None:
        right = axes.secondary_yaxis("right")
        right.set_yticks(mosaic.row_centres, labels=same_digits(kl[shown]))
        right.tick_params(colors=theme.muted, labelsize=theme.small_size, length=0, pad=4)
        right.spines[:].set_visible(False)
        right.set_ylabel("KL (nats)", color=theme.text, fontsize=theme.text_size)
    return figure


def _vector(
    given: Sequence[float] | np.ndarray | None, latents: int, name: str, default: np.ndarray
) -> np.ndarray:
    vector = np.asarray(default if given is None else given, dtype=np.float64)
    if vector.shape != (latents,) or not np.isfinite(vector).all():
        raise InputError(
            f"{name} must be {latents} finite numbers, one a latent; got an array of shape {vector.shape}"
        )
    return vector
