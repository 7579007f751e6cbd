"""Random variables on a die: pre-images, probability mass functions, expectations."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch

from vael.errors import InputError
from vael.plots.numbers import signed
from vael.plots.style import LIGHT, Theme
from vael.plots.theory.record import TheoryFigure
from vael.theory import FiniteDistribution, RandomVariable

__all__ = ["DIE", "die_pmf"]

_GAINS = {1: -1, 2: -1, 3: -1, 4: 1, 5: 1, 6: 4}
_EYES = RandomVariable("eyes", lambda w: w)
_GAIN = RandomVariable("gain", lambda w: _GAINS[w])
# Where the pips of a face lie, in quarters of its side.
_PIPS = {
    1: [(2, 2)],
    2: [(1, 3), (3, 1)],
    3: [(1, 3), (2, 2), (3, 1)],
    4: [(1, 1), (1, 3), (3, 1), (3, 3)],
    5: [(1, 1), (1, 3), (2, 2), (3, 1), (3, 3)],
    6: [(1, 1), (1, 2), (1, 3), (3, 1), (3, 2), (3, 3)],
}


def die_pmf(
    variables: Sequence[RandomVariable] = (_EYES, _GAIN),
    space: FiniteDistribution | None = None,
    *,
    theme: Theme = LIGHT,
) -> Figure:
    """Draw random variables on a sample space: what each outcome is mapped to, and the pmf that comes of it.

    A column for each variable. Above, the outcomes and the map to the values: what is joined to a value is
    its pre-image. Below, P(X = x), with E[X] as a line. By default a fair die, its eyes (E = 21/6) and
    a gain. Values must be numbers.
    """
    space = FiniteDistribution.uniform(range(1, 7)) if space is None else space
    if not variables:
        raise InputError("variables is empty: give one RandomVariable or more")
    figure = theme.figure(4.1)
    grid = figure.add_gridspec(2, len(variables), height_ratios=[1.0, 1.35])
    for column, variable in enumerate(variables):
        above, below = (figure.add_subplot(grid[row, column]) for row in range(2))
        values = np.array([float(v) for v in variable.range(space)])
        low, high = float(values.min()), float(values.max())
        margin = 0.62 * _bar_width(values)
        for axes in (above, below):
            axes.set_xlim(low - margin, high + margin)
        _map(above, variable, space, theme)
        _mass(below, variable, space, theme, first=column == 0)
    return figure


def _map(axes: Axes, variable: RandomVariable, space: FiniteDistribution, theme: Theme) -> None:
    theme.dress(axes, title=f"X = {variable.name}: the map w → X(w)", grid=False)
    axes.spines[:].set_visible(False)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_ylim(0.0, 1.32)
    low, high = axes.get_xlim()
    margin = 0.09 * (high - low)
    places = np.linspace(low + margin, high - margin, len(space)) if len(space) > 1 else [(low + high) / 2]
    values = variable.range(space)
    colours = theme.class_colours(len(values))
    for place, outcome in zip(places, space):
        value = variable(outcome)
        colour = colours[values.index(value)]
        axes.annotate(
            "",
            xy=(float(value), 0.0),
            xytext=(float(place), 0.86),
            arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 1.3, "shrinkA": 0, "shrinkB": 1},
        )
        _outcome(axes, float(place), outcome, colour, theme)


def _outcome(axes: Axes, place: float, outcome: object, colour: str, theme: Theme) -> None:
    """Draw a face of a die, or the outcome's name."""
    if outcome not in _PIPS:
        axes.text(place, 1.0, str(outcome), ha="center", color=theme.text, fontsize=theme.text_size)
        return
    # a square of 17 points, whatever the scales of the axes
    from matplotlib.offsetbox import AnnotationBbox, DrawingArea

    side = 19.0
    face = DrawingArea(side, side)
    shape = FancyBboxPatch(
        (1.5, 1.5), side - 3, side - 3, boxstyle="round,pad=0,rounding_size=3.5",
        facecolor=theme.background, edgecolor=colour, lw=1.3,
    )  # fmt: skip
    face.add_artist(shape)
    for across, up in _PIPS[int(str(outcome))]:
        centre = (1.5 + (side - 3) * across / 4, 1.5 + (side - 3) * up / 4)
        face.add_artist(Circle(centre, 1.45, facecolor=theme.text, edgecolor="none"))
    axes.add_artist(AnnotationBbox(face, (place, 1.06), frameon=False, pad=0.0))


def _mass(
    axes: Axes, variable: RandomVariable, space: FiniteDistribution, theme: Theme, *, first: bool
) -> None:
    theme.dress(axes)
    axes.grid(False, axis="x")
    mass = variable.distribution(space)
    values = [float(str(v)) if not isinstance(v, int | float | Fraction) else float(v) for v in mass]
    heights = [float(p) for p in mass.probabilities]
    bars = axes.bar(
        values, heights, width=_bar_width(np.array(values)), color=theme.class_colours(len(values))
    )
    top = max(heights)
    for bar, p in zip(bars, mass.probabilities):
        axes.text(
            bar.get_x() + bar.get_width() / 2, bar.get_height() + 0.02 * top, _written(p),
            ha="center", va="bottom", color=theme.text, fontsize=theme.small_size,
        )  # fmt: skip
    axes.set_ylim(0.0, 1.38 * top)
    axes.set_xticks(values, labels=[signed(v, 0) if v == round(v) else signed(v, 2) for v in values])
    axes.set_xlabel("value x")
    if first:
        axes.set_ylabel("P(X = x)")
    mean = variable.expectation(space)
    axes.axvline(float(mean), color=theme.text, lw=1.4, ls=(0, (4, 3)), ymax=0.88, label="E[X]")
    axes.text(
        float(mean), 1.36 * top, f"E[X] = {_mean_text(mean, space)}", ha="center", va="top",
        color=theme.text, fontsize=theme.text_size, path_effects=theme.halo(),
    )  # fmt: skip


def _bar_width(values: np.ndarray) -> float:
    gaps = np.diff(np.sort(values))
    return 0.62 * float(gaps.min()) if len(gaps) else 0.6


def _written(p: object) -> str:
    return str(p) if isinstance(p, Fraction) else f"{float(str(p)):.3g}"


def _mean_text(mean: object, space: FiniteDistribution) -> str:
    """The expectation over the die's own denominator, 21/6, and as a decimal."""
    value = float(mean)  # pyright: ignore[reportArgumentType]
    decimal = signed(value, 2).rstrip("0").rstrip(".")
    if not isinstance(mean, Fraction) or mean.denominator == 1:
        return decimal
    sixths = mean * len(space)
    text = f"{sixths}/{len(space)}" if sixths.denominator == 1 else str(mean)
    return f"{text} = {decimal}".replace("-", "\N{MINUS SIGN}")


DIE = TheoryFigure(
    name="die",
    title="A random variable is a function on the outcomes",
    caption=(
        "Two random variables on one fair die. Above, the map itself: chance picks the outcome w, and X(w) "
        "follows; the outcomes that are joined to one value are its pre-image {X = x}. Below, the "
        "probability mass function: the height at x is the probability of that pre-image, so three faces "
        "that all map to −1 make 3/6 = 1/2. The broken line is the expectation, where the bars would "
        "balance: it need not be a value that X can take."
    ),
    alt=(
        "Six faces of a die joined by arrows to the values of two random variables, with bars of their pmf "
        "below."
    ),
    draw=die_pmf,
)
