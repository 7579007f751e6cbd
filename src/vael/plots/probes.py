"""Probe curves: how much a representation helps when labels are few."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from vael.errors import InputError
from vael.plots.style import LIGHT, Theme

__all__ = ["ProbeLike", "probe_curves"]

_MARKERS = ("o", "s", "^", "D", "v", "P")


@runtime_checkable
class ProbeLike(Protocol):
    """One measured accuracy: mean and standard deviation over draws of labels, in [0, 1].

    The deviation of a single draw is None. A clustering, which uses no labels, has 0 of them.
    """

    @property
    def representation(self) -> str: ...  # noqa: D102
    @property
    def method(self) -> str: ...  # noqa: D102
    @property
    def labels(self) -> int: ...  # noqa: D102
    @property
    def mean(self) -> float: ...  # noqa: D102
    @property
    def std(self) -> float | None: ...  # noqa: D102


def probe_curves(rows: Sequence[ProbeLike], *, theme: Theme = LIGHT) -> Figure:
    """Draw accuracy against the number of labels, a panel a method and a line a representation.

    Error bars are one standard deviation over draws of labels; a single draw has none. Rows without
    labels (clusterings) are left out. Numbers of labels are on a
    logarithmic axis; lines of one panel are set a little apart so that their bars can be read.
    """
    if len(rows) == 0:
        raise InputError("rows is empty: give one measured accuracy or more")
    rows = [row for row in rows if row.labels > 0]
    if not rows:
        raise InputError("no row has labels: clusterings alone have no curve over the number of labels")
    methods = list(dict.fromkeys(row.method for row in rows))
    representations = list(dict.fromkeys(row.representation for row in rows))
    across = min(len(methods), 3)
    down = -(-len(methods) // across)
    figure = theme.figure(0.6 + 2.5 * down)
    panels = figure.subplots(down, across, sharey=True, squeeze=False).ravel()
    for panel in panels[len(methods) :]:
        panel.set_visible(False)
    for place, method in enumerate(methods):
        own = [row for row in rows if row.method == method]
        axes = theme.dress(panels[place], title=method)
        _draw_panel(axes, own, representations, theme)
        if place % across == 0:
            axes.set_ylabel("accuracy (%)")
        if place + across >= len(methods):
            axes.set_xlabel("labels")
    handles, names = _handles(panels[: len(methods)], representations)
    theme.dress_legend(figure.legend(handles, names, loc="outside upper left", ncols=min(len(names), 5)))
    return figure


def _draw_panel(axes: Axes, rows: Sequence[ProbeLike], representations: Sequence[str], theme: Theme) -> None:
    colours = theme.class_colours(len(representations))
    axes.set_xscale("log")
    for i, name in enumerate(representations):
        own = sorted((r for r in rows if r.representation == name), key=lambda r: r.labels)
        if not own:
            continue
        apart = 1.08 ** (i - (len(representations) - 1) / 2)
        axes.errorbar(
            np.array([r.labels for r in own]) * apart,
            np.array([100.0 * r.mean for r in own]),
            yerr=np.array([np.nan if r.std is None else 100.0 * r.std for r in own]),
            color=colours[i],
            marker=_MARKERS[i % len(_MARKERS)],
            ms=4.5,
            mew=0,
            lw=1.6,
            elinewidth=1.0,
            capsize=2.0,
            label=name,
        )
    counts = sorted({r.labels for r in rows})
    # a name that the next one would overlap is left out
    clear = [count * 1.8 < after for count, after in zip(counts, [*counts[1:], float("inf")])]
    axes.set_xticks(counts, labels=[_short(c) if shown else "" for c, shown in zip(counts, clear)])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlim(counts[0] / 1.5, counts[-1] * 1.5)


def _short(count: int) -> str:
    return f"{count / 1000:.3g}k" if count >= 1000 else f"{count:g}"


def _handles(panels: Sequence[Axes] | np.ndarray, names: Sequence[str]) -> tuple[list[Any], list[str]]:
    found: dict[str, Any] = {}
    for panel in panels:
        for handle, name in zip(*panel.get_legend_handles_labels()):
            found.setdefault(name, handle)
    return [found[name] for name in names], list(names)
