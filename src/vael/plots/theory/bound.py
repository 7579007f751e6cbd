"""The ELBO as a bound: q moves and widens, ln p(x) stays, and the divergence is what lies between."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from vael.errors import InputError
from vael.plots.numbers import signed
from vael.plots.style import LIGHT, Theme
from vael.plots.theory.kl_asymmetry import NormalFit, fit_exclusive
from vael.plots.theory.record import TheoryFigure
from vael.theory import Density, kl_quadrature, normal_density
from vael.theory.bound import LatentToy, ThreeWays, elbo_three_ways, log_values

__all__ = ["BOUND", "elbo_bound", "exponential_toy"]

Limits = tuple[float | int, float | int]
POINTS = 25
"""Normals along a curve."""


def exponential_toy(noise: float | int = 0.6) -> LatentToy:
    """Z ~ N(0, 1) and x | z ~ N(e^z, noise^2): small z all give much the same x, so posteriors lean."""
    error = normal_density(0.0, noise)
    return LatentToy(normal_density(), lambda x, z: error.log_pdf(x - np.exp(np.minimum(z, 50.0))))


def elbo_bound(
    toy: LatentToy | None = None,
    x: float | int = 1.5,
    *,
    shifts: Sequence[float | int] = (-2.0, -1.0, 0.0),
    widths: Sequence[float | int] = (0.5, 1.0, 1.6),
    limits: Limits = (-3.0, 2.5),
    theme: Theme = LIGHT,
) -> Figure:
    """Draw the ELBO of normals q under the constant ln p(x), against q's mean and against its width.

    The best normal is sought first. Left, it is moved by multiples of its own width (``shifts`` are marked);
    right, it is scaled (``widths`` are marked). Above, these q beside the true posterior, within ``limits``.
    """
    toy = exponential_toy() if toy is None else toy
    if toy.latent != 1:
        raise InputError(f"the bound is drawn for one latent, this toy has {toy.latent}")
    if not shifts or not widths or min(widths) <= 0:
        raise InputError(
            f"shifts and widths must name q's, widths > 0, got {list(shifts)} and {list(widths)}"
        )
    evidence, posterior, best = _posterior_and_best(toy, x)
    m, s = best.mean, best.standard_deviation
    figure = theme.figure(4.5)
    panels = figure.subplots(2, 2, height_ratios=[1.0, 1.25])
    panels[0, 1].sharey(panels[0, 0])
    moved = np.linspace(min(-2.4, *shifts), max(1.2, *shifts), POINTS)
    scaled = np.linspace(min(0.25, *widths), max(1.8, *widths), POINTS)
    columns = (
        ("q moves", "mean of q", [(m + a * s, s) for a in moved], [(m + a * s, s) for a in shifts], 0),
        (
            "q widens",
            "standard deviation of q",
            [(m, a * s) for a in scaled],
            [(m, a * s) for a in widths],
            1,
        ),
    )
    z = np.linspace(*limits, 501)
    for (above, below), (title, name, path, marked, which) in zip(panels.T, columns):
        theme.dress(above, title=title)
        above.fill_between(z, posterior.pdf(z), color=theme.muted, alpha=0.28, lw=0)
        above.plot(z, posterior.pdf(z), color=theme.muted, lw=1.0, label="p(z|x)")
        colours = theme.class_colours(len(marked))
        for q, colour in zip(marked, colours):
            above.plot(z, normal_density(*q).pdf(z), color=colour, lw=1.7, label="q")
        above.set_xlim(*limits)
        above.set_xlabel("z")
        elbo = evidence - np.array([kl_quadrature(normal_density(*q), posterior).value for q in path])
        _curve(below, np.array([q[which] for q in path]), elbo, evidence, theme)
        for q, colour in zip(marked, colours):
            side = int(np.sign((m, s)[which] - q[which]))
            _mark(below, elbo_three_ways(toy, x, normal_density(*q)), q[which], side, colour, theme)
        below.set_xlabel(name)
    panels[0, 0].set_ylim(bottom=0.0)
    panels[0, 0].set_ylabel("density")
    panels[1, 0].set_ylabel("nats")
    return figure


def _posterior_and_best(toy: LatentToy, x: float | int) -> tuple[float, Density, NormalFit]:
    """Ln p(x), p(z|x), and the normal of greatest ELBO."""
    start = normal_density()
    evidence = float(elbo_three_ways(toy, x, start).evidence)

    def log_posterior(z: NDArray) -> NDArray:
        return log_values(toy.log_prior, z) + np.asarray(toy.log_likelihood(x, z)) - evidence

    points = (-2.0, -1.0, 0.0, 1.0, 2.0, *(float(np.ravel(p)[0]) for p in toy.points))
    ends = toy.limits[0] if toy.limits is not None else (-np.inf, np.inf)
    posterior = Density(log_posterior, *ends, log=True, points=sorted(points), name="p(z|x)")
    moments = posterior.mean, float(np.sqrt(posterior.variance))
    return evidence, posterior, fit_exclusive(posterior, (moments,))[0]


def _curve(axes: Axes, place: NDArray, elbo: NDArray, evidence: float, theme: Theme) -> None:
    theme.dress(axes)
    axes.axhline(evidence, color=theme.text, lw=1.6, label="ln p(x)")
    axes.fill_between(place, elbo, evidence, color=theme.contrast, alpha=0.2, lw=0)
    axes.plot(place, elbo, color=theme.accent, lw=1.9, label="ELBO")
    axes.annotate(
        f"ln p(x) = {signed(evidence, 2)}",
        xy=(1.0, evidence), xycoords=("axes fraction", "data"), xytext=(0, 3), textcoords="offset points",
        ha="right", va="bottom", color=theme.text, fontsize=theme.small_size,
    )  # fmt: skip
    low = float(elbo.min())
    axes.set_ylim(low - 0.22 * (evidence - low), evidence + 0.16 * (evidence - low))
    axes.set_xlim(place.min(), place.max())


def _mark(axes: Axes, ways: ThreeWays, place: float, side: int, colour: str, theme: Theme) -> None:
    """Mark the ELBO of one q, by expectations under it, and how far it is from the evidence.

    The words go to the ``side`` where the best q is, below the curve.
    """
    elbo, evidence = float(ways.joint), float(ways.evidence)
    axes.plot([place] * 2, [elbo, evidence], color=theme.contrast, lw=1.2, ls=(0, (2, 2)), label="KL")
    axes.plot([place], [elbo], "o", ms=7, color=colour, mec=theme.background, label="marked", zorder=4)
    axes.annotate(
        f"KL {signed(float(ways.kl_posterior), 2)}",
        xy=(place, elbo), xytext=(5 * side, -3 if side else -8), textcoords="offset points",
        ha=("center", "left", "right")[side], va="top",
        color=theme.text, fontsize=theme.small_size, path_effects=theme.halo(),
    )  # fmt: skip


BOUND = TheoryFigure(
    name="elbo-bound",
    title="The ELBO is a bound, whatever q is",
    caption=(
        "A model with one latent and one observed x. Above, the true posterior p(z|x) in grey and some "
        "normals q; below, the ELBO of every q on the way from one to the next, under the constant ln "
        "p(x). What lies between (orange) is KL(q ‖ p(z|x)): it shrinks as q comes nearer to the "
        "posterior, by moving (left) or by widening (right), and never becomes negative. The best normal "
        "still leaves a little, for this posterior leans to the left and no normal does: that is the "
        "approximation gap."
    ),
    alt="Posterior and normals above; below, the ELBO as a curve under the constant log-evidence.",
    draw=elbo_bound,
)
