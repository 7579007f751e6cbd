"""The curvature map: where latent space is a dome, and where a saddle."""

from __future__ import annotations

import numpy as np
import torch
from matplotlib.colors import Colormap, LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from vael.errors import InputError
from vael.geometry import Manifold
from vael.plots.geometry.layers import add_bar, add_legends, draw_ground, draw_outline, map_figure
from vael.plots.geometry.local import curvatures
from vael.plots.geometry.plane import Limits, plane_of
from vael.plots.style import LIGHT, Theme

__all__ = ["curvature_map", "diverging"]


def curvature_map(
    manifold: Manifold,
    *,
    limits: Limits | None = None,
    resolution: int = 60,
    clip: float | int = 0.05,
    theme: Theme = LIGHT,
) -> Figure:
    """Draw the Gaussian curvature over the data's extent, with contours that hold 50 and 90 % of the data.

    The colours are centred at 0 and reach to the quantile of the absolute values above which the part
    `clip` lies; the bar is pointed where values go beyond.

    Arguments:
        manifold: Of two latents, in double precision, with data, or give `limits`.
        limits: ``((left, right), (bottom, top))``; None: the data's extent.
        resolution: Points of the grid along its longer side.
        clip: Part of the grid whose colour may be the strongest.
        theme: The look.

    Raises ``InputError`` on another number of latents, on single precision, in which second derivatives
    lose their digits, and on a decoder that has none.
    """
    if not 0 <= clip < 1:
        raise InputError(f"clip must be 0 or more and less than 1, got {clip}")
    plane = plane_of(manifold, (0, 1), None, limits, resolution)
    if len(plane.held) != 2:
        raise InputError(
            f"the Gaussian curvature is that of two latents, this manifold has {len(plane.held)}"
        )
    grid = plane.grid(resolution)
    if manifold.read(grid).flat.dtype != torch.float64:
        raise InputError(
            "curvature takes second derivatives, which need double precision: "
            'make the manifold with vae.manifold(X, precision="float64")'
        )
    curvature = curvatures(manifold, grid)
    if np.isnan(curvature).all():
        raise InputError("the curvature is not finite anywhere on the map: the metric is singular there")
    reach = float(np.nanquantile(np.abs(curvature), 1 - clip)) or 1.0
    figure, axes = map_figure(plane, theme, bar=True, below=manifold.data is not None)
    ground = draw_ground(axes, plane, curvature, cmap=diverging(theme), vmin=-reach, vmax=reach)
    add_bar(figure, axes, ground, "Gaussian curvature K (1 / distance²)", theme)
    if manifold.data is not None:
        points = plane.drop(manifold.data)
        draw_outline(axes, points, plane, theme)
        around = Line2D([], [], color=theme.text, lw=1.0, label="around 50 and 90 % of the data")
        add_legends(figure, axes, points, None, "", [around], theme)
    return figure


def diverging(theme: Theme) -> Colormap:
    """Blue below 0, orange above, the background at 0."""
    ends = ("#0a3f5c", "#6d3300") if theme.name == "light" else ("#c3ebf9", "#ffe6bf")
    stops = [ends[0], theme.accent, theme.background, theme.contrast, ends[1]]
    return LinearSegmentedColormap.from_list(f"diverging {theme.name}", stops)
