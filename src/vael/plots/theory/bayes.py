"""Bayes' update: two boxes of balls, and what each drawn ball says of the box."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import lcm
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from vael.errors import InputError
from vael.plots.style import LIGHT, Theme
from vael.plots.theory.record import TheoryFigure
from vael.theory.bayes import posteriors
from vael.theory.finite import FiniteDistribution

__all__ = ["BAYES", "bayes_update"]

_NAMED = {"red": ("#c8324a", "#ef5f74"), "blue": ("#2b6fc2", "#5fa0f0"), "green": ("#2c8a54", "#57c585")}


def bayes_update(
    prior: FiniteDistribution | None = None,
    likelihood: Mapping[Any, FiniteDistribution] | None = None,
    observations: Sequence[Any] = ("red", "red", "blue", "red"),
    *,
    theme: Theme = LIGHT,
) -> Figure:
    """Draw the hypotheses as boxes of balls, and P(hypothesis) before and after each observation.

    Balls are drawn with replacement. By default two boxes, of 4 red and 1 blue ball and of 1 red and 4 blue,
    equally likely: P(H1 | red) = 4/5. Boxes show a likelihood of small fractions as balls.
    """
    if prior is None:
        prior = FiniteDistribution.uniform(["H1", "H2"])
    laws: Mapping[Any, FiniteDistribution] = likelihood or {
        "H1": FiniteDistribution.from_counts({"red": 4, "blue": 1}),
        "H2": FiniteDistribution.from_counts({"red": 1, "blue": 4}),
    }
    if not observations:
        raise InputError("observations is empty: give what was drawn, one name a draw")
    beliefs = [prior, *posteriors(prior, laws, observations)]
    colours = _colours(laws, theme)
    figure = theme.figure(3.1)
    left, right = figure.subplots(1, 2, width_ratios=[1.0, 2.3])
    _boxes(left, prior, laws, colours, theme)
    _beliefs(right, beliefs, observations, colours, theme)
    return figure


def _colours(likelihood: Mapping[Any, FiniteDistribution], theme: Theme) -> dict[Any, str]:
    """A colour for each kind of ball: its own if it is named after one."""
    kinds = list(dict.fromkeys(str(kind) for law in likelihood.values() for kind in law))
    dark = theme.name == "dark"
    return {
        kind: _NAMED[kind][dark] if kind in _NAMED else theme.classes[i % len(theme.classes)]
        for i, kind in enumerate(kinds)
    }


def _balls(law: FiniteDistribution) -> list[Any]:
    """A box with these shares: as few balls as give them, at most twenty."""
    shares = [Fraction(float(p)).limit_denominator(20) for p in law.probabilities]
    count = lcm(*(share.denominator for share in shares))
    count = count if count <= 20 else 20
    return [kind for kind, share in zip(law, shares) for _ in range(round(share * count))]


def _boxes(
    axes: Axes,
    prior: FiniteDistribution,
    likelihood: Mapping[Any, FiniteDistribution],
    colours: Mapping[Any, str],
    theme: Theme,
) -> None:
    theme.dress(axes, title="The hypotheses", grid=False)
    axes.spines[:].set_visible(False)
    axes.set_xticks([])
    axes.set_yticks([])
    across = 5
    top = 0.0
    for hypothesis in prior:
        balls = _balls(likelihood[hypothesis])
        rows = -(-len(balls) // across)
        bottom = top - rows - 0.5
        box = FancyBboxPatch(
            (0.0, bottom), across + 0.5, rows + 0.5, boxstyle="round,pad=0,rounding_size=0.3",
            facecolor="none", edgecolor=theme.muted, lw=1.2,
        )  # fmt: skip
        axes.add_patch(box)
        for i, kind in enumerate(balls):
            centre = (0.75 + i % across, top - 0.75 - i // across)
            axes.plot(*centre, "o", ms=13, color=colours[kind], mec="none", label=str(kind))
        axes.text(
            0.0, top + 0.15, f"{hypothesis}", va="bottom", color=theme.text, fontsize=theme.text_size,
        )  # fmt: skip
        top = bottom - 1.3
    axes.set_xlim(-0.2, across + 0.7)
    axes.set_ylim(top + 1.1, 1.0)


def _beliefs(
    axes: Axes,
    beliefs: Sequence[FiniteDistribution],
    observations: Sequence[Any],
    colours: Mapping[Any, str],
    theme: Theme,
) -> None:
    theme.dress(axes, title="P(hypothesis), draw by draw")
    axes.grid(False, axis="x")
    places = np.arange(len(beliefs))
    base = np.zeros(len(beliefs))
    shades = theme.density(np.linspace(0.25, 0.85, len(beliefs[0])))
    if len(beliefs[0]) == 2:
        shades = np.array([theme.density(0.42), theme.density(0.05)])
    for hypothesis, shade in zip(beliefs[0], shades):
        heights = np.array([float(belief[hypothesis]) for belief in beliefs])
        axes.bar(places, heights, bottom=base, width=0.72, color=shade, label=str(hypothesis))
        ink = _ink(shade)
        for place, height, low, belief in zip(places, heights, base, beliefs):
            share = _written(belief[hypothesis])
            if height > 0.085:
                words = f"{hypothesis}\n{share}" if height > 0.17 else f"{hypothesis}: {share}"
                axes.text(
                    float(place), low + height / 2, words,
                    ha="center", va="center", color=ink, fontsize=theme.small_size,
                )  # fmt: skip
            elif low + height > 0.999:  # too thin to write into: above it
                axes.text(
                    float(place), 1.01, f"{hypothesis}: {share}",
                    ha="center", va="bottom", color=theme.text, fontsize=theme.small_size,
                )  # fmt: skip
        base = base + heights
    axes.set_ylim(0.0, 1.09)
    axes.set_xlim(-0.5, len(beliefs) - 0.5)
    axes.set_yticks([0.0, 0.25, 0.5, 0.75, 1.0])
    axes.set_xticks(places, labels=["before", *(f"{kind}" for kind in observations)])
    for tick, kind in zip(axes.get_xticklabels()[1:], observations):
        tick.set(color=colours.get(kind, theme.text), fontweight="bold")
    axes.set_xlabel("ball drawn, and put back")


def _ink(shade: np.ndarray) -> str:
    """Dark ink on a light ground, and the other way."""
    red, green, blue = shade[:3]
    return "#111318" if 0.3 * red + 0.59 * green + 0.11 * blue > 0.5 else "#ffffff"


def _written(p: object) -> str:
    return str(p) if isinstance(p, Fraction) else f"{float(str(p)):.3g}"


BAYES = TheoryFigure(
    name="bayes",
    title="Bayes' rule, draw by draw",
    caption=(
        "One of two boxes was chosen by a fair coin, and balls are drawn from it and put back. A red ball "
        "is four times as likely from H1, so the odds of H1 are multiplied by four: from 1/2 to 4/5, and "
        "by another red to 16/17. A blue ball undoes a red one exactly. Each posterior is the prior of the "
        "next draw; the order of the draws does not matter in the end."
    ),
    alt="Two boxes of red and blue balls, and bars of the probability of each box after each drawn ball.",
    draw=bayes_update,
)
