"""Exponential fans: geodesics that leave one point in all directions, and the circles that they reach."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from vael.datasets.classes import Classes, read_labels
from vael.errors import InputError
from vael.geometry import Manifold
from vael.geometry.bending import refuse_piecewise_linear
from vael.geometry.initial_value import flow
from vael.plots.geometry.layers import add_legends, draw_data, map_figure
from vael.plots.geometry.local import metrics
from vael.plots.geometry.plane import Limits, Plane, as_array, plane_of
from vael.plots.geometry.volume import draw_volume
from vael.plots.style import LIGHT, Theme

__all__ = ["exponential_fan", "fan_of", "unit_directions"]

BETWEEN = 3  # geodesics between two that are drawn, for circles that are round
STEPS = 10  # of the integration, between two circles


def exponential_fan(
    manifold: Manifold,
    z: Any,
    y: np.ndarray | None = None,
    *,
    radii: Sequence[float | int] | None = None,
    n_directions: int = 24,
    latents: tuple[int, int] = (0, 1),
    limits: Limits | None = None,
    resolution: int = 80,
    label_name: str = "",
    theme: Theme = LIGHT,
) -> Figure:
    """Draw geodesics of unit speed from a point in all directions, over the log volume.

    Directions are at equal Riemannian angles, and the circles at equal distances from the point: where
    the circles are close, the decoder changes fast; where geodesics cross, the way is no longer the only
    one. Of more than two latents, the geodesics leave in the plane of two, and are projected to it.

    Arguments:
        manifold: With data, or give `limits`.
        z: The point, ``(latent,)``.
        y: A class or a value for each row of the manifold's data.
        radii: Of the circles, rising; None: four, the outermost as large as the data's spread about.
        n_directions: Geodesics.
        latents: The two latents in whose plane they leave, across and up.
        limits: ``((left, right), (bottom, top))``; None: the data's extent.
        resolution: Points of the volume's grid along its longer side.
        label_name: What y is.
        theme: The look.

    Raises ``InputError`` on shapes that do not fit, and where the metric is singular at the point.
    """
    if n_directions < 1:
        raise InputError(f"n_directions must be 1 or more, got {n_directions}")
    plane = plane_of(manifold, latents, z, limits, resolution)
    points = None if manifold.data is None else plane.drop(manifold.data)
    labels = None if y is None else read_labels(y, 0 if points is None else len(points))
    directions = unit_directions(manifold, plane, n_directions * BETWEEN)
    circles = _radii(radii, manifold, plane)
    paths, rings = fan_of(manifold, plane.held, directions, circles)
    flat = plane.drop(paths)
    figure, axes = map_figure(plane, theme, bar=True, legend=isinstance(labels, Classes), below=True)
    draw_volume(figure, axes, manifold, plane, resolution, theme)
    if points is not None:
        draw_data(figure, axes, points, labels, label_name, theme)
    for ray in flat[::BETWEEN]:
        axes.plot(*ray.T, color=theme.text, lw=0.9, path_effects=theme.halo(2.0), zorder=3)
    for circle in flat[:, rings].swapaxes(0, 1):
        closed = np.concatenate([circle, circle[:1]])
        axes.plot(*closed.T, color=theme.contrast, lw=1.5, path_effects=theme.halo(3.0), zorder=4)
    axes.scatter(
        *plane.drop(plane.held), s=34, color=theme.text, edgecolors=theme.background, linewidths=1.2, zorder=5
    )
    told = ", ".join(f"{radius:.3g}" for radius in circles)
    handles = [
        Line2D([], [], color=theme.text, lw=0.9, label="geodesic"),
        Line2D([], [], color=theme.contrast, lw=1.5, label=f"at distance {told}"),
    ]
    add_legends(figure, axes, None, labels, label_name, handles, theme)
    return figure


def unit_directions(manifold: Manifold, plane: Plane, count: int) -> np.ndarray:
    """Give vectors ``(count, latent)`` of unit length at the plane's point, at equal angles in the plane."""
    chosen = list(plane.latents)
    G = metrics(manifold, plane.held[None])[0][np.ix_(chosen, chosen)]
    try:
        L = np.linalg.cholesky(G)
    except np.linalg.LinAlgError as error:
        raise InputError("the metric is singular at z: from there no direction has a length") from error
    angles = 2 * np.pi * np.arange(count) / count
    directions = np.zeros((count, len(plane.held)))
    directions[:, chosen] = np.linalg.solve(L.T, np.stack([np.cos(angles), np.sin(angles)])).T
    return directions


def _radii(radii: Sequence[float | int] | None, manifold: Manifold, plane: Plane) -> list[float]:
    if radii is None:
        chosen = list(plane.latents)
        scale = np.linalg.det(metrics(manifold, plane.held[None])[0][np.ix_(chosen, chosen)]) ** 0.25
        spread = float(np.mean([high - low for low, high in plane.limits])) / 4
        step = float(f"{scale * spread / 4:.1g}")
        return [step * number for number in (1, 2, 3, 4)]
    chosen_radii = [float(radius) for radius in radii]
    if not chosen_radii or chosen_radii[0] <= 0 or (np.diff(chosen_radii) <= 0).any():
        raise InputError(f"radii must be more than 0 and rising, got {list(radii)}")
    return chosen_radii


def fan_of(
    manifold: Manifold, z: np.ndarray, directions: np.ndarray, radii: Sequence[float]
) -> tuple[np.ndarray, np.ndarray]:
    """Follow geodesics from z with unit velocities ``(n, latent)`` to the outermost of the rising radii.

    Returns points ``(n, times, latent)``, NaN once a geodesic has left where the metric is finite, and the
    numbers of the times at which the radii are reached.
    """
    velocity = manifold.read(directions, "directions").flat
    place = manifold.read(z, "z").flat.repeat(len(velocity), 1)
    refuse_piecewise_linear(manifold, place[:1])
    alive = np.ones(len(directions), dtype=bool)
    parts = [as_array(place)[:, None]]
    for inner, outer in pairwise([0.0, *radii]):
        ring = flow(manifold, place, (outer - inner) * velocity, STEPS)
        points = as_array(ring.points)[:, 1:]
        reached = np.where(alive, as_array(ring.reached), 0)
        points[np.arange(STEPS) >= reached[:, None]] = np.nan
        alive &= reached == STEPS
        parts.append(points)
        place, velocity = ring.points[:, -1], ring.velocities[:, -1] / (outer - inner)
    return np.concatenate(parts, axis=1), STEPS * np.arange(1, len(radii) + 1)
