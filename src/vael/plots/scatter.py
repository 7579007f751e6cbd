"""Clouds of points in two dimensions: how large, how opaque, in which order, with which names."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from scipy.ndimage import gaussian_filter, map_coordinates

from vael.datasets.classes import Classes
from vael.plots.style import Theme

__all__ = [
    "MARKERS",
    "class_handles",
    "local_density",
    "name_classes",
    "point_look",
    "push_apart",
    "shuffled",
]

MARKERS = ("o", "^", "s")


def point_look(points: int) -> tuple[float, float]:
    """Give area (points squared) and opacity of each of ``points`` dots: less of both for more."""
    area = float(np.clip(400.0 / points**0.5, 2.0, 22.0))
    opacity = float(np.clip(6.0 / points**0.26, 0.35, 0.9))
    return area, opacity


def shuffled(points: int) -> np.ndarray:
    """Give an order of drawing, always the same one, that lays no class on top of the others."""
    return np.random.default_rng(0).permutation(points)


def local_density(points: np.ndarray) -> np.ndarray:
    """Estimate the density at each point (n, 2), from a smoothed histogram, scaled to [0, 1]."""
    bins = int(np.clip(np.sqrt(len(points)), 12, 200))
    low, high = points.min(axis=0), points.max(axis=0)
    span = np.where(high > low, high - low, 1.0)
    unit = (points - low) / span
    counts, _, _ = np.histogram2d(unit[:, 0], unit[:, 1], bins=bins, range=[[0, 1], [0, 1]])
    smooth = gaussian_filter(counts, sigma=bins / 60 + 0.6)
    at_points = map_coordinates(smooth, (unit * bins - 0.5).T, order=1, mode="nearest")
    return at_points / at_points.max()


def class_handles(classes: Classes, theme: Theme) -> list[Line2D]:
    """Make one legend entry for each class, opaque whatever the points are."""
    colours = theme.class_colours(len(classes.names))
    return [
        Line2D([], [], linestyle="", marker=MARKERS[i // 10], color=colour, markersize=6, label=name)
        for i, (name, colour) in enumerate(zip(classes.names, colours))
    ]


def name_classes(axes: Axes, points: np.ndarray, classes: Classes, theme: Theme) -> None:
    """Write each class's name at the median of its points, pushed apart where two would collide."""
    present = [i for i in range(len(classes.names)) if np.any(classes.codes == i)]
    medians = np.array([np.median(points[classes.codes == i], axis=0) for i in present])
    low, high = np.array([axes.get_xlim(), axes.get_ylim()]).T
    letters = np.array([len(classes.names[i]) for i in present])
    places = push_apart((medians - low) / (high - low), letters) * (high - low) + low
    for i, place in zip(present, places):
        axes.text(
            float(place[0]),
            float(place[1]),
            classes.names[i],
            ha="center",
            va="center",
            color=theme.text,
            fontsize=theme.text_size + 1.5,
            fontweight="bold",
            path_effects=theme.halo(3.0),
            zorder=5,
            clip_on=True,
        )


def push_apart(places: np.ndarray, letters: np.ndarray) -> np.ndarray:
    """Move places in the unit square until the boxes of their words no longer overlap."""
    places = places.copy()
    half_width = 0.008 + 0.010 * letters
    for _ in range(100):
        moved = False
        for i in range(len(places)):
            for j in range(i):
                between = places[i] - places[j]
                need = np.array([half_width[i] + half_width[j], 0.045])
                overlap = need - np.abs(between)
                if (overlap > 1e-9).all():
                    axis = int(np.argmin(overlap / need))
                    step = (overlap[axis] / 2 + 1e-6) * (1.0 if between[axis] >= 0 else -1.0)
                    places[i, axis] += step
                    places[j, axis] -= step
                    moved = True
        if not moved:
            break
    return places
