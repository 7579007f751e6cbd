"""One latent: a histogram for each class, one above the other."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from vael.datasets.classes import Classes, Values
from vael.plots.scatter import point_look
from vael.plots.style import Theme

__all__ = ["draw_ridges"]


def draw_ridges(z: np.ndarray, labels: Classes | Values | None, label_name: str, theme: Theme) -> Figure:
    """Draw latents (n,): densities by class in rows, against values as points, or one density."""
    if isinstance(labels, Values):
        return _against_values(z, labels, label_name, theme)
    classes = labels or Classes(("",), np.zeros(len(z), dtype=np.intp))
    count = len(classes.names)
    bins = int(np.clip(np.sqrt(len(z)) * 1.2, 10, 80))
    edges = np.histogram_bin_edges(z, bins=bins)
    heights = [np.histogram(z[classes.codes == i], bins=edges, density=True)[0] for i in range(count)]
    tallest = max(float(h.max()) for h in heights)
    reach = 1.9 / tallest  # rows may reach into those above: ridges
    figure = theme.figure(3.0 if labels is None else min(1.2 + 0.42 * count, 9.0))
    axes = theme.dress(figure.add_subplot())
    axes.set_xlabel("$z_{1}$")
    if labels is None:
        axes.stairs(heights[0], edges, fill=True, color=theme.accent, alpha=0.85)
        axes.set_ylabel("density")
        return figure
    colours = theme.class_colours(count)
    reached = 0.0
    for i, height in enumerate(heights):
        place = count - 1 - i  # the first class at the top, as in a legend
        shape = place + height * reach
        reached = max(reached, float(shape.max()))
        axes.stairs(
            shape, edges, baseline=place, fill=True, color=colours[i], alpha=0.8, zorder=2 + i,
            label=classes.names[i],
        )  # fmt: skip
    axes.set_yticks(np.arange(count)[::-1], labels=list(classes.names))
    axes.tick_params(axis="y", colors=theme.text)
    axes.set_ylim(-0.15, max(float(count), reached) + 0.1)
    axes.spines["left"].set_visible(False)
    axes.set_ylabel(label_name)
    return figure


def _against_values(z: np.ndarray, labels: Values, label_name: str, theme: Theme) -> Figure:
    area, opacity = point_look(len(z))
    figure = theme.figure(4.2)
    axes = theme.dress(figure.add_subplot())
    axes.scatter(z, labels.values, s=area, alpha=opacity, color=theme.accent, linewidths=0, rasterized=True)
    axes.set_xlabel("$z_{1}$")
    axes.set_ylabel(label_name or "label")
    return figure
