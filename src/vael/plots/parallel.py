"""Rows of a table as lines over their features, each feature in its own standard units."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from vael.errors import InputError
from vael.plots.style import Theme

__all__ = ["draw_lines", "feature_ticks", "standardise"]


def standardise(X: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Subtract the mean and divide by the standard deviation of each column of ``reference``."""
    scale = reference.std(axis=0)
    return (X - reference.mean(axis=0)) / np.where(scale > 0, scale, 1.0)


def draw_lines(axes: Axes, rows: np.ndarray, colours: Sequence[str], **look: object) -> None:
    """Draw each of ``rows`` (n, features) as one line over 0 .. features - 1."""
    for row, colour in zip(rows, colours):
        axes.plot(np.arange(len(row)), row, color=colour, **look)  # pyright: ignore[reportArgumentType]


def feature_ticks(
    axes: Axes, features: int, names: Sequence[str] | None, theme: Theme, most: int = 16
) -> None:
    """Name the features under the axis where they are few, else number some of them."""
    if names is not None and len(names) != features:
        raise InputError(f"{len(names)} feature names were given for {features} features")
    if names is not None and features <= 40:
        places = np.arange(features)
        turned = max(map(len, names)) * features > 90
        axes.set_xticks(
            places,
            labels=[str(n) if len(n) <= 28 else str(n)[:27] + "…" for n in names],
            rotation=45 if turned else 0,
            ha="right" if turned else "center",
            rotation_mode="anchor" if turned else None,
        )
    else:
        step = max(1, -(-features // most))
        places = np.arange(0, features, step)
        axes.set_xticks(places, labels=[str(i) for i in places])
        axes.set_xlabel("feature")
    axes.tick_params(colors=theme.muted, labelsize=theme.small_size)
    axes.set_xlim(-0.3, features - 0.7)
