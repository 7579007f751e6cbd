"""The normal density and what its two parameters do."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vael.errors import InputError
from vael.plots.numbers import signed
from vael.plots.style import LIGHT, Theme
from vael.plots.theory.record import TheoryFigure
from vael.theory import normal_density

__all__ = ["NORMAL", "normal_densities"]


def normal_densities(
    parameters: Sequence[tuple[float | int, float | int]] = ((0.0, 1.0), (0.0, 2.0), (2.5, 0.5)),
    *,
    theme: Theme = LIGHT,
) -> Figure:
    """Draw N(mu, sigma^2) for pairs (mu, sigma); beside them, the first's intervals and their probability."""
    if not parameters:
        raise InputError("parameters is empty: give pairs of a mean and a standard deviation")
    densities = [normal_density(mean, deviation) for mean, deviation in parameters]
    low = min(m - 3.3 * s for m, s in parameters)
    high = max(m + 3.3 * s for m, s in parameters)
    x = np.linspace(low, high, 601)
    figure = theme.figure(2.9)
    left, right = figure.subplots(1, 2, width_ratios=[1.15, 1.0])
    theme.dress(left, title="Where it lies, and how wide it is")
    for (mean, deviation), density, colour in zip(parameters, densities, theme.class_colours(len(densities))):
        label = f"$\\mu$ = {signed(mean, 1)}, $\\sigma$ = {signed(deviation, 1)}"
        left.plot(x, density.pdf(x), color=colour, lw=1.8, label=label)
        peak = float(density.pdf(np.array([mean]))[0])
        left.vlines(mean, 0.0, peak, color=colour, lw=0.9, ls=(0, (3, 3)))
        inflection = float(density.pdf(np.array([mean + deviation]))[0])
        left.plot(
            [mean - deviation, mean + deviation], [inflection] * 2, color=colour, lw=0.9, marker="o", ms=3.5
        )
    left.set_ylim(bottom=0.0)
    left.set_xlim(low, high)
    left.set_xlabel("x")
    left.set_ylabel("density p(x)")
    theme.dress_legend(left.legend(loc="upper left", handlelength=1.4, borderaxespad=0.1))
    _intervals(right, parameters[0], theme)
    return figure


def _intervals(axes: Axes, parameters: tuple[float | int, float | int], theme: Theme) -> None:
    mean, deviation = parameters
    density = normal_density(mean, deviation)
    theme.dress(axes, title="A probability is an area", grid=False)
    x = np.linspace(mean - 3.6 * deviation, mean + 3.6 * deviation, 601)
    top = float(density.pdf(np.array([mean]))[0])
    for k, opacity in ((3, 0.25), (2, 0.45), (1, 0.75)):
        inside = np.abs(x - mean) <= k * deviation + 1e-9
        axes.fill_between(x[inside], density.pdf(x[inside]), color=theme.accent, alpha=opacity, lw=0)
        share = density.probability(mean - k * deviation, mean + k * deviation).value
        height = top * (1.06 + 0.12 * k)
        axes.annotate(
            "", xy=(mean - k * deviation, height), xytext=(mean + k * deviation, height),
            arrowprops={"arrowstyle": "<->", "color": theme.muted, "lw": 0.9, "shrinkA": 0, "shrinkB": 0},
        )  # fmt: skip
        axes.text(
            mean, height, f"{100 * share:.1f} %", ha="center", va="center", color=theme.text,
            fontsize=theme.small_size, path_effects=theme.halo(5.0),
        )  # fmt: skip
    axes.plot(x, density.pdf(x), color=theme.accent, lw=1.8)
    ticks = [mean + k * deviation for k in range(-3, 4)]
    names = [r"$\mu$" if k == 0 else f"${k:+d}\\sigma$".replace("1", "") for k in range(-3, 4)]
    axes.set_xticks(ticks, labels=names)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_ylim(0.0, 1.56 * top)


NORMAL = TheoryFigure(
    name="normal",
    title="The normal density",
    caption=(
        "Left: μ moves the density along the axis, σ makes it wider and flatter; the dots at μ ± σ are "
        "where the curve turns from bending down to bending up. A density is no probability and may exceed "
        "1; its area is always 1. Right: probabilities are areas. Whatever μ and σ are, 68.3 % lies within "
        "one σ of μ, 95.4 % within two, 99.7 % within three: these numbers are integrals, found by "
        "quadrature."
    ),
    alt=(
        "Three normal densities of different mean and width; one density with the areas within 1, 2 and 3 "
        "sigma."
    ),
    draw=normal_densities,
)
