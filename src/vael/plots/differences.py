"""Differences of models with their confidence intervals: a forest plot, a panel a measure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from vael.errors import InputError
from vael.plots.style import LIGHT, Theme

__all__ = ["DifferenceLike", "differences"]

_ACROSS = 2


@runtime_checkable
class DifferenceLike(Protocol):
    """A measure of `model` minus that of `other`, with the ends of its interval; None where it has none."""

    @property
    def model(self) -> str: ...  # noqa: D102
    @property
    def other(self) -> str: ...  # noqa: D102
    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def unit(self) -> str: ...  # noqa: D102
    @property
    def mean(self) -> float | None: ...  # noqa: D102
    @property
    def low(self) -> float | None: ...  # noqa: D102
    @property
    def high(self) -> float | None: ...  # noqa: D102
    @property
    def better(self) -> str | None: ...  # noqa: D102


def differences(rows: Sequence[DifferenceLike], *, theme: Theme = LIGHT) -> Figure:
    """Draw differences to one model, a panel a measure and a line a model; only those with an interval.

    Filled marks: the interval leaves 0 out, and the model is better (the accent colour) or worse (the
    contrasting one) than the one at 0. Hollow marks: the interval holds 0. Grey ones: neither way is better.
    """
    shown = [row for row in rows if row.mean is not None and row.low is not None and row.high is not None]
    if not shown:
        raise InputError("no difference has an interval: there is nothing to draw")
    names = list(dict.fromkeys(row.name for row in shown))
    models = list(dict.fromkeys(row.model for row in shown))
    across = min(len(names), _ACROSS)
    down = -(-len(names) // across)
    figure = theme.figure(0.2 + down * (0.85 + 0.26 * len(models)))
    panels = figure.subplots(down, across, sharey=True, squeeze=False).ravel()
    for panel in panels[len(names) :]:
        panel.set_visible(False)
    for panel, name in zip(panels, names, strict=False):
        _draw(panel, [row for row in shown if row.name == name], models, theme)
    return figure


def _draw(axes: Axes, rows: Sequence[DifferenceLike], models: Sequence[str], theme: Theme) -> None:
    way = {"high": ", higher is better", "low": ", lower is better"}.get(rows[0].better or "", "")
    theme.dress(axes, title=f"{rows[0].name}{way}")
    axes.axvline(0.0, color=theme.muted, lw=1.0, zorder=1)
    for row in rows:
        assert row.mean is not None
        assert row.low is not None
        assert row.high is not None
        colour, clear = _colour(row, theme), not row.low <= 0 <= row.high
        place = len(models) - 1 - models.index(row.model)
        axes.plot([row.low, row.high], [place, place], color=colour, lw=1.8, solid_capstyle="butt", zorder=2)
        axes.plot(
            row.mean, place, marker="o", ms=5.5, color=colour, mew=1.4, zorder=3,
            mfc=colour if clear else theme.background,
        )  # fmt: skip
    axes.set_yticks(range(len(models)), labels=list(reversed(models)))
    axes.set_ylim(-0.6, len(models) - 0.4)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
    low, high = axes.get_xlim()
    if low == high or all(row.low == row.high == 0 for row in rows):
        axes.set_xlim(-1, 1)
    axes.set_xlabel(f"difference to {rows[0].other} ({rows[0].unit})")


def _colour(row: DifferenceLike, theme: Theme) -> str:
    assert row.mean is not None
    if row.better not in ("high", "low") or row.mean == 0:
        return theme.muted
    return theme.accent if (row.mean > 0) == (row.better == "high") else theme.contrast
