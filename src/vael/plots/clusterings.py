"""Clusterings: how well clusters of each representation match the classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vael.errors import InputError
from vael.plots.style import LIGHT, Theme

__all__ = ["ClusteringLike", "clustering_bars"]

_SCORES = (("accuracies", "accuracy"), ("nmi", "NMI"), ("ari", "ARI"))


@runtime_checkable
class ClusteringLike(Protocol):
    """One clustering of one representation: three scores, a number a start, at most 1 each."""

    @property
    def representation(self) -> str: ...  # noqa: D102
    @property
    def method(self) -> str: ...  # noqa: D102
    @property
    def labels(self) -> int: ...  # noqa: D102
    @property
    def accuracies(self) -> tuple[float, ...]: ...  # noqa: D102
    @property
    def nmi(self) -> tuple[float, ...]: ...  # noqa: D102
    @property
    def ari(self) -> tuple[float, ...]: ...  # noqa: D102


def clustering_bars(rows: Sequence[ClusteringLike], *, theme: Theme = LIGHT) -> Figure:
    """Draw accuracy, NMI and ARI as bars, a panel a clustering and a colour a representation.

    A bar is the mean over starts, in per cent; its line is one standard deviation; one
    start has none. Rows with labels (classifiers) are left out.
    """
    rows = [row for row in rows if row.labels == 0 and row.nmi]
    if not rows:
        raise InputError("no row is a clustering: probe with a method such as 'k-means'")
    methods = list(dict.fromkeys(row.method for row in rows))
    names = list(dict.fromkeys(row.representation for row in rows))
    figure = theme.figure(3.0)
    panels = figure.subplots(1, len(methods), sharey=True, squeeze=False)[0]
    for panel, method in zip(panels, methods):
        axes = theme.dress(panel, title=method)
        _draw_panel(axes, [row for row in rows if row.method == method], names, theme)
    panels[0].set_ylabel("agreement with the classes (%)")
    handles = [panels[0].bar(np.nan, np.nan, color=colour) for colour in theme.class_colours(len(names))]
    theme.dress_legend(figure.legend(handles, names, loc="outside upper left", ncols=min(len(names), 5)))
    return figure


def _draw_panel(axes: Axes, rows: Sequence[ClusteringLike], names: Sequence[str], theme: Theme) -> None:
    colours = theme.class_colours(len(names))
    width = 0.8 / len(names)
    for row in rows:
        i = names.index(row.representation)
        places = np.arange(len(_SCORES)) + width * (i - (len(names) - 1) / 2)
        values = [100.0 * np.asarray(getattr(row, field)) for field, _ in _SCORES]
        means = np.array([each.mean() for each in values])
        spread = np.array([each.std(ddof=1) if len(each) > 1 else np.nan for each in values])
        axes.bar(places, means, width=0.92 * width, color=colours[i])
        axes.errorbar(places, means, yerr=spread, fmt="none", ecolor=theme.text, elinewidth=1.0, capsize=2.0)
    axes.grid(False, axis="x")
    axes.set_xticks(range(len(_SCORES)), labels=[label for _, label in _SCORES])
    axes.set_xlim(-0.6, len(_SCORES) - 0.4)
