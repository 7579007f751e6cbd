"""What maps of a manifold are made of: a ground of values, data over it, curves over that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, LinearSegmentedColormap, to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from scipy.ndimage import gaussian_filter

from vael.datasets.classes import Classes, Values
from vael.plots.geometry.curves import Ways
from vael.plots.geometry.plane import Plane
from vael.plots.scatter import MARKERS, class_handles, name_classes, point_look, shuffled
from vael.plots.style import Theme

__all__ = [
    "add_bar",
    "add_legends",
    "draw_data",
    "draw_ground",
    "draw_outline",
    "draw_ways",
    "map_figure",
    "quiet",
    "robust_limits",
    "way_handles",
]

HEIGHT = 4.9  # of a map, inches
DASHES = (0, (3.2, 2.2))
MASSES = (0.5, 0.9)  # of the data, inside its outlines


def quiet(theme: Theme) -> Colormap:
    """A sequence of greys from the background, on which the classes keep their colours."""
    background, muted = (np.array(to_rgb(colour)) for colour in (theme.background, theme.muted))
    strongest = to_hex(tuple((background + 0.8 * (muted - background)).tolist()))
    return LinearSegmentedColormap.from_list(f"quiet {theme.name}", [theme.background, theme.grid, strongest])


def robust_limits(values: np.ndarray, tail: float = 0.005) -> tuple[float, float]:
    """Give limits of a colour scale that few extreme values do not stretch."""
    low, high = np.nanquantile(values, [tail, 1 - tail])
    if not high > low:
        low, high = low - 0.5, high + 0.5
    return float(low), float(high)


def map_figure(
    plane: Plane, theme: Theme, *, bar: bool = False, legend: bool = False, below: bool = False
) -> tuple[Figure, Axes]:
    """Make a figure with axes of the plane, with room for a bar, a legend beside and one below.

    Both latents have one scale unless that would waste the page.
    """
    spans = [high - low for low, high in plane.limits]
    equal = max(spans) < 2.5 * min(spans)
    beside = 0.65 + 0.9 * bar + 0.75 * legend
    under = 0.5 + 0.3 * below
    shape = spans[0] / spans[1] if equal else 1.0
    width = min(theme.width - beside, HEIGHT * shape)
    figure = theme.figure(width / shape + under, width=width + beside)
    axes = theme.dress(figure.add_subplot(), grid=False)
    axes.set_xlabel(plane.names[0])
    axes.set_ylabel(plane.names[1])
    axes.set_xlim(plane.limits[0])
    axes.set_ylim(plane.limits[1])
    axes.set_aspect("equal" if equal else "auto")
    return figure, axes


def draw_ground(axes: Axes, plane: Plane, values: np.ndarray, **look: Any) -> AxesImage:
    """Draw values at the plane's grid, ``(rows, columns)`` from the bottom upwards."""
    aspect = axes.get_aspect()
    extent = (*plane.limits[0], *plane.limits[1])
    return axes.imshow(
        values, origin="lower", extent=extent, interpolation="bilinear", aspect=aspect, zorder=0, **look
    )


def add_bar(
    figure: Figure, axes: Axes | list[Axes], drawn: ScalarMappable, label: str, theme: Theme, **place: Any
) -> Any:
    """Put a colour bar beside axes; pointed where values lie beyond its ends."""
    values = np.asarray(drawn.get_array(), dtype=np.float64)
    low, high = drawn.get_clim()
    beyond = (bool((values < low).any()), bool((values > high).any()))
    extend = {(False, False): "neither", (True, False): "min", (False, True): "max"}.get(beyond, "both")
    where: dict[str, Any] = {"shrink": 0.8, "aspect": 30, "pad": 0.02} | place
    bar: Any = figure.colorbar(drawn, ax=axes, label=label, extend=extend, **where)
    bar.solids.set(alpha=1.0)
    bar.outline.set_visible(False)
    bar.ax.tick_params(colors=theme.muted, labelsize=theme.small_size, length=0)
    for axis in (bar.ax.xaxis, bar.ax.yaxis):
        axis.label.set(color=theme.text, fontsize=theme.text_size)
    return bar


def draw_data(
    figure: Figure,
    axes: Axes,
    points: np.ndarray,
    labels: Classes | Values | None,
    label_name: str,
    theme: Theme,
) -> None:
    """Lay data ``(n, 2)`` over a map: small, translucent, coloured by label."""
    area, opacity = point_look(len(points))
    look: dict[str, Any] = {"s": 0.7 * area, "linewidths": 0, "rasterized": True, "zorder": 2}
    order = shuffled(len(points))
    if labels is None:
        axes.scatter(*points[order].T, color=theme.text, alpha=0.5 * opacity, **look)
    elif isinstance(labels, Values):
        cloud = axes.scatter(
            *points[order].T, c=labels.values[order], cmap=theme.values, alpha=opacity, **look
        )
        below: dict[str, Any] = {"location": "bottom", "pad": 0.02, "shrink": 0.6}
        add_bar(figure, axes, cloud, label_name, theme, **below)
    else:
        colours = np.array(theme.class_colours(len(labels.names)))
        for i, marker in enumerate(MARKERS):
            rows = order[labels.codes[order] // 10 == i]
            if len(rows):
                shown = colours[labels.codes[rows]].tolist()
                axes.scatter(*points[rows].T, c=shown, alpha=0.8 * opacity, marker=marker, **look)


def draw_outline(axes: Axes, points: np.ndarray, plane: Plane, theme: Theme) -> None:
    """Draw the contours that hold 50 and 90 % of the data, by a smoothed histogram."""
    bins = 80
    counts, *edges = np.histogram2d(*points.T, bins=bins, range=plane.limits)
    smooth = gaussian_filter(counts, sigma=2.5)
    order = np.sort(smooth.ravel())[::-1]
    held = np.cumsum(order) / order.sum() if order.sum() > 0 else np.ones_like(order)
    levels = [float(order[min(int(np.searchsorted(held, mass)), len(order) - 1)]) for mass in MASSES]
    rising = np.unique(levels)
    middles = [(edge[1:] + edge[:-1]) / 2 for edge in edges]
    widths = np.linspace(0.7, 1.2, len(rising)).tolist()
    axes.contour(*middles, smooth.T, levels=rising, colors=theme.text, linewidths=widths, zorder=2)


def draw_ways(axes: Axes, plane: Plane, ways: Ways, theme: Theme) -> None:
    """Draw geodesics, and broken the straight lines between their ends."""
    for curve, line in zip(plane.drop(ways.curves), plane.drop(ways.lines)):
        axes.plot(
            *line[[0, -1]].T, color=theme.text, lw=1.0, ls=DASHES, path_effects=theme.halo(2.2), zorder=3
        )
        axes.plot(*curve.T, color=theme.text, lw=1.7, path_effects=theme.halo(3.4), zorder=4)
        axes.scatter(
            *curve[[0, -1]].T, s=16, color=theme.text, edgecolors=theme.background, linewidths=1.0, zorder=5
        )


def way_handles(theme: Theme) -> list[Line2D]:
    """Legend entries of geodesics and straight lines."""
    return [
        Line2D([], [], color=theme.text, lw=1.7, label="geodesic"),
        Line2D([], [], color=theme.text, lw=1.0, ls=DASHES, label="straight line"),
    ]


def add_legends(
    figure: Figure,
    axes: Axes,
    points: np.ndarray | None,
    labels: Classes | Values | None,
    label_name: str,
    handles: Sequence[Line2D],
    theme: Theme,
) -> None:
    """Name the classes at the right, and at their places among the points; the curves below."""
    if isinstance(labels, Classes):
        if points is not None:
            name_classes(axes, points, labels, theme)
        side = figure.legend(
            handles=class_handles(labels, theme),
            loc="outside right upper",
            title=label_name or None,
            ncols=1 if len(labels.names) <= 20 else 2,
            handletextpad=0.3,
        )
        theme.dress_legend(side)
    if handles:
        below = figure.legend(handles=list(handles), loc="outside lower center", ncols=len(handles))
        theme.dress_legend(below)
