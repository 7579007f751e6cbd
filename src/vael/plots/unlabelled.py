"""What unlabelled rows are worth: error at few labels against how many there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from vael.errors import InputError
from vael.plots.style import LIGHT, Theme

__all__ = ["UnlabelledLike", "unlabelled_errors"]

_MARKERS = ("o", "s", "^", "D", "v", "P")


@runtime_checkable
class UnlabelledLike(Protocol):
    """One error in [0, 1] with its standard error; `rows` is None for the raw rows, which need no fit."""

    @property
    def rows(self) -> int | None: ...  # noqa: D102
    @property
    def method(self) -> str: ...  # noqa: D102
    @property
    def mean(self) -> float: ...  # noqa: D102
    @property
    def standard_error(self) -> float | None: ...  # noqa: D102


def unlabelled_errors(rows: Sequence[UnlabelledLike], *, theme: Theme = LIGHT) -> Figure:
    """Draw the error against the number of unlabelled rows, a colour a classifier.

    Bars are one standard error. The dashed line of a colour is the same classifier on the raw rows, with one
    standard error on either side. The number of rows is on a logarithmic axis.
    """
    fitted = [row for row in rows if row.rows is not None]
    if not fitted:
        raise InputError("no row has unlabelled rows: give those of an UnlabelledCurve")
    methods = list(dict.fromkeys(row.method for row in fitted))
    figure = theme.figure(3.2)
    axes = theme.dress(figure.add_subplot())
    axes.set_xscale("log")
    for i, (method, colour) in enumerate(zip(methods, theme.class_colours(len(methods)))):
        own = sorted((row for row in fitted if row.method == method), key=lambda row: row.rows or 0)
        for raw in (row for row in rows if row.rows is None and row.method == method):
            error = raw.standard_error or 0.0
            axes.axhspan(
                100 * (raw.mean - error), 100 * (raw.mean + error), color=colour, alpha=0.15, lw=0, zorder=1
            )
            axes.axhline(
                100 * raw.mean, color=colour, lw=1.2, ls=(0, (4, 3)), label=f"{method}, raw rows", zorder=2
            )
        axes.errorbar(
            np.array([row.rows for row in own], dtype=np.float64) * 1.04 ** (i - (len(methods) - 1) / 2),
            np.array([100 * row.mean for row in own]),
            yerr=np.array(
                [np.nan if row.standard_error is None else 100 * row.standard_error for row in own]
            ),
            color=colour,
            marker=_MARKERS[i % len(_MARKERS)],
            ms=4.5,
            mew=0,
            lw=1.6,
            elinewidth=1.0,
            capsize=2.0,
            label=f"{method}, representation",
        )
    sizes = sorted({row.rows for row in fitted if row.rows is not None})
    clear = [size * 1.3 < after for size, after in zip(sizes, [*sizes[1:], float("inf")])]
    axes.set_xticks(sizes, labels=[f"{size:,}" if shown else "" for size, shown in zip(sizes, clear)])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlim(sizes[0] / 1.5, sizes[-1] * 1.5)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("unlabelled rows")
    axes.set_ylabel("error (%)")
    theme.dress_legend(figure.legend(loc="outside upper left", ncols=2))
    return figure
