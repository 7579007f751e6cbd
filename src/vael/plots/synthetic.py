"""Accuracy of a classifier trained on real rows, on generated rows, and on both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from matplotlib.figure import Figure

from vael.errors import InputError
from vael.plots.style import LIGHT, Theme

__all__ = ["SyntheticLike", "synthetic_bars"]


@runtime_checkable
class SyntheticLike(Protocol):
    """One training set: its name, how many real and generated rows, accuracies in [0, 1], one a draw."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def real(self) -> int: ...  # noqa: D102
    @property
    def synthetic(self) -> int: ...  # noqa: D102
    @property
    def accuracies(self) -> tuple[float, ...]: ...  # noqa: D102
    @property
    def mean(self) -> float: ...  # noqa: D102


def synthetic_bars(rows: Sequence[SyntheticLike], *, theme: Theme = LIGHT) -> Figure:
    """Draw a bar a training set: mean accuracy on real test rows, with a dot for each draw.

    Training sets with generated rows have the colour of the accent, those of real rows alone are muted.
    """
    if not rows:
        raise InputError("rows is empty: give those of a SyntheticTable")
    figure = theme.figure(0.8 + 0.5 * len(rows))
    axes = theme.dress(figure.add_subplot())
    for place, row in enumerate(rows):
        colour = theme.accent if row.synthetic else theme.muted
        axes.barh(place, 100 * row.mean, height=0.62, color=colour)
        spread = np.linspace(-0.18, 0.18, len(row.accuracies)) if len(row.accuracies) > 1 else np.zeros(1)
        axes.plot(
            100 * np.array(row.accuracies),
            place + spread,
            "o",
            color=theme.contrast,
            ms=3.5,
            mew=0.6,
            mec=theme.background,
        )
    names = [f"{row.name}\n{_counts(row.real, row.synthetic)}" for row in rows]
    axes.set_yticks(range(len(rows)), labels=names)
    axes.tick_params(axis="y", colors=theme.text)
    axes.invert_yaxis()
    axes.grid(False, axis="y")
    axes.set_xlim(0, 100)
    axes.set_xlabel("accuracy on real test rows (%)")
    return figure


def _counts(real: int, synthetic: int) -> str:
    parts = [f"{real:,} real"] * (real > 0) + [f"{synthetic:,} generated"] * (synthetic > 0)
    return " + ".join(parts)
