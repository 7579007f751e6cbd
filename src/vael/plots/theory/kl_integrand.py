"""Where the KL divergence comes from: its integrand, region by region."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from vael.errors import InputError
from vael.plots.numbers import signed
from vael.plots.style import LIGHT, Theme
from vael.plots.theory.record import TheoryFigure
from vael.theory import normal_density
from vael.theory.divergence import kl_integrand, kl_normal

__all__ = ["KL_INTEGRAND", "kl_contributions"]

Parameters = tuple[float | int, float | int]


def kl_contributions(
    parameters: Sequence[Parameters] = ((0.0, 1.0), (1.0, 1.0), (0.0, 2.0), (0.0, 0.5)),
    reference: Parameters = (0.0, 1.0),
    *,
    theme: Theme = LIGHT,
) -> Figure:
    """Draw q = N(mu, sigma^2) for pairs (mu, sigma) against p = N(reference), and q ln(q/p) below each.

    The signed area of the lower curve is KL(q || p), written above it.
    """
    if not parameters:
        raise InputError("parameters is empty: give pairs of a mean and a standard deviation")
    p = normal_density(*reference)
    every = [reference, *parameters]
    low, high = min(m - 3.2 * s for m, s in every), max(m + 3.2 * s for m, s in every)
    x = np.linspace(low, high, 601)
    figure = theme.figure(3.7)
    panels = figure.subplots(2, len(parameters), sharex=True, sharey="row", squeeze=False)
    for column, (mean, deviation) in enumerate(parameters):
        above, below = panels[:, column]
        q = normal_density(mean, deviation)
        theme.dress(above)
        above.set_title(
            f"$\\mu$ = {signed(mean, 1)}, $\\sigma$ = {signed(deviation, 1)}",
            loc="left", color=theme.text, fontsize=theme.text_size, fontweight="bold",
        )  # fmt: skip
        above.plot(x, p.pdf(x), color=theme.muted, lw=1.6, label="p")
        above.plot(x, q.pdf(x), color=theme.accent, lw=1.8, label="q")
        theme.dress(below)
        values = kl_integrand(q, p, x)
        below.fill_between(x, values, where=(values >= 0).tolist(), color=theme.contrast, alpha=0.55, lw=0)
        below.fill_between(x, values, where=(values <= 0).tolist(), color=theme.accent, alpha=0.45, lw=0)
        below.plot(x, values, color=theme.text, lw=1.1, label="q ln(q/p)")
        below.axhline(0.0, color=theme.muted, lw=0.7)
        divergence = kl_normal(mean, deviation**2, *_squared(reference))
        below.set_title(
            f"KL = {signed(divergence, 3)} nats", loc="left", color=theme.text, fontsize=theme.small_size
        )
        below.set_xlabel("x")
    theme.dress_legend(panels[0, 0].legend(loc="upper left", handlelength=1.0, borderaxespad=0.1))
    panels[0, 0].set_ylim(bottom=0.0)
    panels[0, 0].set_ylabel("density")
    panels[1, 0].set_ylabel("q ln(q/p)")
    return figure


def _squared(parameters: Parameters) -> Parameters:
    return parameters[0], parameters[1] ** 2


KL_INTEGRAND = TheoryFigure(
    name="kl-integrand",
    title="Which regions contribute to the divergence",
    caption=(
        "Above, q in blue against p = N(0, 1) in grey; below, the integrand q ln(q/p), whose area, orange "
        "less blue, is KL(q ‖ p). Where q is larger than p it adds, where q is smaller it takes away, and "
        "the sum is never negative: it is zero only for q = p (first column). Being too wide (third) costs "
        "more than being as much too narrow (fourth), for q then has mass where p has almost none."
    ),
    alt="Four normals against the standard normal, and below each the integrand of the KL divergence.",
    draw=kl_contributions,
)
