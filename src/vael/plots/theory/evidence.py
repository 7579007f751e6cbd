"""The evidence of a trained model, class by class: the bound, and the two gaps above it."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vael.datasets.classes import Classes, read_labels
from vael.errors import InputError
from vael.plots.numbers import signed
from vael.plots.style import LIGHT, Theme
from vael.plots.theory.record import TheoryFigure
from vael.theory.decompose import Decomposition

__all__ = ["EVIDENCE", "evidence_split"]


def evidence_split(
    decomposition: Decomposition, y: np.ndarray, *, label_name: str = "class", theme: Theme = LIGHT
) -> Figure:
    """Draw the mean evidence and ELBO of each class, and beside them the two gaps between them.

    ``decomposition`` is that of n rows by `vael.theory.decompose`, ``y`` their n classes. In nats a row; bars
    of the gaps carry the standard error of their sum.
    """
    labels = read_labels(np.asarray(y), len(decomposition.evidence))
    if not isinstance(labels, Classes):
        raise InputError("y must hold classes, got values: give whole numbers of at most thirty kinds")
    rows = [np.flatnonzero(labels.codes == i) for i in range(len(labels.names))]
    places = np.arange(len(rows))[::-1]  # the first class at the top
    figure = theme.figure(1.5 + 0.25 * len(rows))
    left, right = figure.subplots(1, 2, width_ratios=[1.25, 1.0], sharey=True)
    _levels(left, decomposition, rows, places, theme)
    _gaps(right, decomposition, rows, places, theme)
    left.set_yticks(places, labels=list(labels.names))
    left.tick_params(axis="y", colors=theme.text)
    left.set_ylabel(label_name)
    left.set_ylim(-0.7, len(rows) - 0.3)
    return figure


def _levels(
    axes: Axes, split: Decomposition, rows: list[np.ndarray], places: np.ndarray, theme: Theme
) -> None:
    theme.dress(axes, title="Evidence and bound")
    axes.grid(False, axis="y")
    evidence, elbo = (np.array([part[r].mean() for r in rows]) for part in (split.evidence, split.elbo))
    axes.hlines(places, elbo, evidence, color=theme.muted, lw=2.2)
    axes.plot(elbo, places, "o", ms=6, color=theme.accent, mec=theme.background, label="ELBO")
    axes.plot(evidence, places, "D", ms=5.5, color=theme.text, mec=theme.background, label="ln p(x)")
    axes.set_xlabel("nats a row")
    _legend(axes, theme)


def _gaps(axes: Axes, split: Decomposition, rows: list[np.ndarray], places: np.ndarray, theme: Theme) -> None:
    theme.dress(axes, title="The gap, in its two parts")
    axes.grid(False, axis="y")
    parts = (
        ("approximation", split.approximation_gap, theme.accent),
        ("amortisation", split.amortisation_gap, theme.contrast),
    )
    base = np.zeros(len(rows))
    for name, gap, colour in parts:
        widths = np.array([gap[r].mean() for r in rows])
        axes.barh(places, widths, left=base, height=0.66, color=colour, label=name)
        base = base + widths
    whole = split.approximation_gap + split.amortisation_gap
    error = [whole[r].std(ddof=1) / np.sqrt(len(r)) if len(r) > 1 else 0.0 for r in rows]
    axes.errorbar(base, places, xerr=error, fmt="none", ecolor=theme.text, elinewidth=1.0)
    for place, end, spread in zip(places, base, error):
        axes.annotate(
            signed(float(end), 2), xy=(float(end + spread), float(place)), xytext=(4, 0),
            textcoords="offset points", va="center", color=theme.text, fontsize=theme.small_size,
        )  # fmt: skip
    axes.set_xlim(0.0, 1.2 * float((base + error).max()))
    axes.set_xlabel("nats a row")
    axes.tick_params(labelleft=False)
    _legend(axes, theme)


def _legend(axes: Axes, theme: Theme) -> None:
    legend = axes.legend(
        loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2, handletextpad=0.4, columnspacing=1.2
    )
    theme.dress_legend(legend)


EVIDENCE = TheoryFigure(
    name="evidence-split",
    title="How far the bound is from the evidence, class by class",
    caption=(
        "A trained model of two latents, so that ln p(x) of every image is known by quadrature; images "
        "held out. Left: the mean evidence of each class, and the ELBO below it; classes with more ink, or "
        "more ways to be written, are less probable. Right: the gap between the two, with its standard "
        "error. Blue is what the best normal q of each image still loses, because the true posterior is no "
        "such normal; orange is what the encoder loses on top, because one network has to answer for all "
        "images, also for those it never saw. Labels were not used in training."
    ),
    alt="Evidence and ELBO of each class, and the gap between them as bars of two parts.",
    draw=evidence_split,
    trained=True,
)
