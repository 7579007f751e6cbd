"""Decoded points in space: thumbnails where their latents lie, or the points themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, OffsetImage

from vael.datasets.classes import Classes, Values, read_labels
from vael.errors import InputError
from vael.plots.checks import check_matrix
from vael.plots.images import colour_images
from vael.plots.maps_3d import add_axes_3d, add_side_bar, add_side_legend, projected
from vael.plots.projections import Projector, project
from vael.plots.scatter import point_look
from vael.plots.style import LIGHT, Theme

__all__ = ["decoded_points_3d"]


def decoded_points_3d(
    Z: np.ndarray,
    X: np.ndarray,
    image_shape: tuple[int, ...] | None,
    y: np.ndarray | None = None,
    *,
    data: np.ndarray | None = None,
    projection: Projector | None = None,
    most: int = 150,
    value_limits: tuple[float, float] | None = None,
    label_name: str = "",
    elevation: float = 20.0,
    azimuth: float = -58.0,
    theme: Theme = LIGHT,
) -> Figure:
    """Draw latents (n, k) with what the decoder makes of them (n, features), in space.

    With ``image_shape`` each of the first ``most`` images stands at its latent's place (three
    latents, or more by PCA or ``projection``); the nearer are larger and in front, and images on an
    empty ground are drawn as ink in the colour of their class, paler far off. Without it, ``X`` has
    three features and is drawn as a cloud, coloured by ``y`` or by its first latent, over ``data``
    (m, 3), the points that the model learned from, where given.
    """
    check_matrix(Z, "Z")
    check_matrix(X, "X")
    if len(Z) != len(X):
        raise InputError(f"Z has {len(Z)} rows and X has {len(X)}: give one decoded row a latent")
    labels = None if y is None else read_labels(y, len(Z))
    view = (elevation, azimuth)
    if image_shape is None:
        return _cloud(Z, X, labels, data, label_name, view, theme)
    if Z.shape[1] < 3 and projection is None:
        raise InputError(
            f"thumbnails in space need three latents or more, got {Z.shape[1]}: use decoded_grid"
        )
    if most < 1:
        raise InputError(f"most must be 1 or more, got {most}")
    images = colour_images(X, image_shape, value_limits)[:most]
    drawn = project(Z, 3, projection)
    classes = labels if isinstance(labels, Classes) else None
    figure = theme.figure(6.2, constrained=False)
    place = (0.0, 0.02, 0.97, 0.97) if classes is None else (0.0, 0.02, 0.86, 0.97)
    axes = add_axes_3d(figure, place, theme, *view)
    axes.set(xlabel=drawn.axis_names[0], ylabel=drawn.axis_names[1], zlabel=drawn.axis_names[2])
    _thumbnails(axes, drawn.points[:most], images, None if classes is None else classes.codes, theme)
    if classes is not None:
        add_side_legend(figure, classes, label_name, theme)
    return figure


def _thumbnails(
    axes: Any, points: np.ndarray, images: np.ndarray, codes: np.ndarray | None, theme: Theme
) -> None:
    low, high = points.min(axis=0), points.max(axis=0)
    margin = np.where(high > low, 0.06 * (high - low), 0.5)
    axes.set(
        xlim=(low[0] - margin[0], high[0] + margin[0]),
        ylim=(low[1] - margin[1], high[1] + margin[1]),
        zlim=(low[2] - margin[2], high[2] + margin[2]),
    )
    across, up, depth = projected(axes, points)
    nearness = (depth.max() - depth) / max(float(np.ptp(depth)), 1e-12)
    ink = _is_ink(images)
    for i in np.argsort(-depth, kind="stable"):
        colour = theme.text if codes is None else theme.classes[codes[i] % len(theme.classes)]
        picture = images[i]
        if ink:
            picture = np.concatenate(
                [np.broadcast_to(to_rgb(colour), (*picture.shape[:2], 3)), picture[..., :1]], axis=2
            )
        size = 15.0 + 9.0 * nearness[i]  # points on the page
        box = AnnotationBbox(
            OffsetImage(
                picture,
                zoom=size / max(picture.shape[:2]),
                interpolation="bilinear" if ink else "nearest",
                alpha=0.45 + 0.55 * float(nearness[i]) if ink else 1.0,
            ),
            (float(across[i]), float(up[i])),
            frameon=not ink and codes is not None,
            pad=0.08,
            bboxprops={"facecolor": colour, "edgecolor": "none"},
            zorder=3.0 + float(nearness[i]),
        )
        axes.add_artist(box)


def _is_ink(images: np.ndarray) -> bool:
    """Tell grey drawings on an empty ground, whose edges are black, from photographs."""
    grey = bool((images[..., :1] == images[..., :3]).all())
    edges = np.concatenate([images[:, [0, -1], :, 0].ravel(), images[:, :, [0, -1], 0].ravel()])
    return grey and float(np.quantile(edges, 0.75)) < 0.1


def _cloud(
    Z: np.ndarray,
    X: np.ndarray,
    labels: Classes | Values | None,
    data: np.ndarray | None,
    label_name: str,
    view: tuple[float, float],
    theme: Theme,
) -> Figure:
    if X.shape[1] != 3:
        raise InputError(
            f"X has {X.shape[1]} features: without an image_shape only three can be drawn in space"
        )
    figure = theme.figure(5.8, constrained=False)
    axes = add_axes_3d(figure, (0.0, 0.02, 0.86, 0.97), theme, *view)
    axes.set(xlabel="$x_{1}$", ylabel="$x_{2}$", zlabel="$x_{3}$")
    if data is not None:
        check_matrix(data, "data")
        if data.shape[1] != 3:
            raise InputError(f"data has {data.shape[1]} features and X has 3: give the same ones")
        area, _ = point_look(len(data))
        axes.scatter(
            *data.T, color=theme.muted, s=area, alpha=0.25, linewidths=0, depthshade=False,
            rasterized=True,
        )  # fmt: skip
    area, opacity = point_look(len(X))
    look = {"s": area, "alpha": opacity, "linewidths": 0, "rasterized": True}
    if isinstance(labels, Classes):
        colours = np.array(theme.class_colours(len(labels.names)))[labels.codes]
        axes.scatter(*X.T, c=colours.tolist(), **look)
        add_side_legend(figure, labels, label_name, theme)
    else:
        values = Z[:, 0] if labels is None else labels.values
        cloud = axes.scatter(*X.T, c=values, cmap=theme.values, **look)
        add_side_bar(figure, cloud, "$z_{1}$" if labels is None else label_name, theme)
    return figure
