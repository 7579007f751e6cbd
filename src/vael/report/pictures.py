"""Pictures of a report in both themes, and what several of them share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from vael.datasets.classes import Classes, read_labels
from vael.datasets.shades import value_range
from vael.plots import DARK, LIGHT
from vael.plots.projections import project
from vael.report.blocks import Picture, PointCloud

__all__ = ["cloud", "in_both_themes", "limits_of", "one_of_each", "pairs_to_join", "spread_rows"]

THUMBNAIL_SIDE = 32


def in_both_themes(
    draw: Callable[..., Figure], *arguments: Any, caption: str, alt: str, **options: Any
) -> Picture:
    """Draw one picture on a light and on a dark ground."""
    light, dark = (draw(*arguments, theme=theme, **options) for theme in (LIGHT, DARK))
    return Picture(light, dark, caption=caption, alt=alt)


def limits_of(X: np.ndarray, image_shape: tuple[int, ...] | None) -> tuple[float, float] | None:
    """Give the values of black and white that all pictures of one data set share."""
    return None if image_shape is None else value_range(X)


def spread_rows(rows: int, most: int, seed: int = 0) -> np.ndarray:
    """Draw at most `most` row numbers at random, in order."""
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).permutation(rows)[:most])


def one_of_each(y: np.ndarray | None, rows: int, count: int) -> np.ndarray:
    """Choose `count` rows, the classes in turn where there are labels, else the first."""
    if y is None or not isinstance(read_labels(y, rows), Classes):
        return np.arange(min(count, rows))
    places = np.zeros(rows)
    for label in np.unique(y):
        own = np.flatnonzero(y == label)
        places[own] = np.arange(len(own))
    order = np.lexsort((np.unique(y, return_inverse=True)[1], places))
    return order[:count]


def pairs_to_join(y: np.ndarray | None, rows: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Choose rows to start and to end at: of different classes where there are labels."""
    chosen = one_of_each(y, rows, 2 * count)
    half = len(chosen) // 2
    return chosen[:half], chosen[half : 2 * half]


def cloud(
    Z: np.ndarray,
    y: np.ndarray | None,
    X: np.ndarray,
    image_shape: tuple[int, ...] | None,
    *,
    label_name: str = "",
    caption: str,
    alt: str,
) -> PointCloud:
    """Make the turning map of latents (n, 3 or more), with the rows as thumbnails where they are images."""
    drawn = project(Z, 3, None)
    axes = tuple(name.replace("$z_{", "z").replace("}$", "") for name in drawn.axis_names)
    labels = None if y is None else read_labels(y, len(Z))
    classes = labels if isinstance(labels, Classes) else None
    return PointCloud(
        np.asarray(drawn.points, np.float64),
        labels=None if classes is None else classes.codes,
        label_names=None if classes is None else classes.names,
        values=None if labels is None or classes is not None else labels.values,  # pyright: ignore[reportAttributeAccessIssue]
        value_name=label_name,
        thumbnails=_thumbnails(X, image_shape),
        axis_names=(axes[0], axes[1], axes[2]),
        caption=caption,
        alt=alt,
    )


def _thumbnails(X: np.ndarray, image_shape: tuple[int, ...] | None) -> np.ndarray | None:
    """Small images in bytes, thinned to at most 32 pixels a side."""
    if image_shape is None or (len(image_shape) == 3 and image_shape[2] not in (1, 3)):
        return None
    low, high = value_range(X)
    step = -(-max(image_shape[:2]) // THUMBNAIL_SIDE)
    images = X.reshape(len(X), *image_shape)[:, ::step, ::step]
    if images.ndim == 4 and images.shape[3] == 1:
        images = images[..., 0]
    shades = np.clip((images.astype(np.float32) - low) / (high - low), 0, 1)
    return np.rint(255 * shades).astype(np.uint8)
