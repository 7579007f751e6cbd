"""What the KL term does to over-fitting: against its weight, and against the number of training rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, NullLocator

from vael.plots.style import LIGHT, Theme
from vael.plots.theory.measures import FitMeasures, check_fits
from vael.plots.theory.record import TheoryFigure

__all__ = ["OVERFITTING", "overfitting"]


def overfitting(
    by_beta: Sequence[FitMeasures], by_rows: Sequence[FitMeasures], *, theme: Theme = LIGHT
) -> Figure:
    """Draw reconstruction and likelihood on training rows and on others, against beta and against rows.

    ``by_beta`` are fits to the same number of rows; ``by_rows`` are fits to different numbers,
    with one beta or with several (a line style for each, solid for the largest).
    """
    check_fits(by_beta, "by_beta")
    check_fits(by_rows, "by_rows")
    figure = theme.figure(5.0)
    panels = figure.subplots(2, 2, sharex="col")
    quantities: tuple[tuple[str, str], ...] = (
        ("reconstruction", "E$_q$[ln p(x|z)]"),
        ("likelihood", "ln p(x)"),
    )
    betas = sorted({fit.beta for fit in by_rows}, reverse=True)
    for line, (quantity, name) in enumerate(quantities):
        left, right = panels[line]
        _curves(left, by_beta, lambda fit: fit.beta, quantity, "-", theme)
        for style, beta in zip(("-", (0, (4, 2)), (0, (1, 1.5))), betas):
            chosen = [fit for fit in by_rows if fit.beta == beta]
            _curves(right, chosen, lambda fit: float(fit.rows), quantity, style, theme)
        theme.dress(left)
        theme.dress(right)
        left.set_ylabel(f"{name}, nats a row")
    _scales(panels, by_beta, by_rows)
    panels[0, 0].set_title(
        f"{by_beta[0].rows} training rows", loc="left", color=theme.text, fontsize=theme.text_size,
        fontweight="bold",
    )  # fmt: skip
    names = " and ".join(f"{beta:g}" for beta in betas)
    panels[0, 1].set_title(
        f"$\\beta$ = {names}", loc="left", color=theme.text, fontsize=theme.text_size, fontweight="bold"
    )
    panels[1, 0].set_xlabel("$\\beta$, the weight of the KL term")
    panels[1, 1].set_xlabel("training rows")
    handles = [
        Line2D([], [], color=theme.accent, lw=1.7, marker="o", ms=4, label="training rows"),
        Line2D([], [], color=theme.contrast, lw=1.7, marker="o", ms=4, label="rows held out"),
    ]
    if len(betas) > 1:
        for style, beta in zip(("-", (0, (4, 2)), (0, (1, 1.5))), betas):
            handles.append(Line2D([], [], color=theme.muted, lw=1.5, ls=style, label=f"$\\beta$ = {beta:g}"))
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    theme.dress_legend(figure.legends[0])
    return figure


def _curves(
    axes: Axes,
    fits: Sequence[FitMeasures],
    place: Callable[[FitMeasures], float],
    quantity: str,
    style: object,
    theme: Theme,
) -> None:
    fits = sorted(fits, key=place)
    x = [place(fit) for fit in fits]
    for part, colour in (("train", theme.accent), ("test", theme.contrast)):
        values = [getattr(fit, f"{part}_{quantity}") for fit in fits]
        axes.plot(
            x, values, color=colour, ls=style, lw=1.7, marker="o", ms=4, label=part,  # pyright: ignore
        )  # fmt: skip


def _scales(panels: np.ndarray, by_beta: Sequence[FitMeasures], by_rows: Sequence[FitMeasures]) -> None:
    betas = sorted({float(fit.beta) for fit in by_beta})
    rows = sorted({float(fit.rows) for fit in by_rows})
    for axes, ticks in ((panels[1, 0], betas), (panels[1, 1], rows)):
        axes.set_xscale("log")
        axes.set_xticks(ticks)
        axes.xaxis.set_major_formatter(FuncFormatter(_short))
        axes.xaxis.set_minor_locator(NullLocator())


def _short(value: float, _: object = None) -> str:
    return f"{value / 1000:g}k" if value >= 1000 else f"{value:g}"


OVERFITTING = TheoryFigure(
    name="overfitting",
    title="What the KL term does to over-fitting",
    caption=(
        "One model, fitted again and again: blue on the rows it was fitted to, orange on rows held out. "
        "Above the reconstruction, the mean of ln p(x|z) under q; below the likelihood ln p(x), by "
        "importance sampling (a lower bound in the mean). Left, by the weight β of the KL term: with "
        "little weight the model rebuilds its own rows ever better and others worse, and the curves part; "
        "more weight closes the gap, and too much leaves nothing to rebuild from. Right, by training rows: "
        "with few rows the gap is wide, wider with little weight (broken lines), and more rows close it "
        "too."
    ),
    alt=(
        "Reconstruction and likelihood on training and held-out rows, against beta and against training rows."
    ),
    draw=overfitting,
    trained=True,
)
