"""A joint density in the plane: its marginals, and a slice of it that becomes a conditional."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from vael.errors import InputError
from vael.plots.style import LIGHT, Theme
from vael.plots.theory.record import TheoryFigure
from vael.theory import JointDensity, normal_density

__all__ = ["JOINT", "joint_density"]

Limits = tuple[float | int, float | int]


def _bent() -> JointDensity:
    """A parabola with noise: x ~ N(0, 1) and y | x ~ N(x^2 - 1, 0.6^2)."""
    x_density, noise = normal_density(0.0, 1.0), normal_density(0.0, 0.6)

    def log_density(x: NDArray, y: NDArray) -> NDArray:
        return x_density.log_pdf(x) + noise.log_pdf(y - x**2 + 1)

    return JointDensity(
        log_density, (-8.0, 8.0), (-8.0, 66.0), log=True, points=((-1.5, 1.2), (0.0, -1.0), (1.5, 1.2))
    )


def joint_density(
    joint: JointDensity | None = None,
    y: float | int = 1.0,
    *,
    x_limits: Limits = (-3.2, 3.2),
    y_limits: Limits = (-3.0, 5.0),
    theme: Theme = LIGHT,
) -> Figure:
    """Draw p(x, y) with both marginals, and the slice at ``y``, which scaled to area 1 is p(x | y).

    The limits are those of the picture. By default x ~ N(0, 1) and y = x^2 - 1 + noise: p(x) has one peak,
    p(x | y = 1) has two.
    """
    joint = _bent() if joint is None else joint
    if not y_limits[0] < y < y_limits[1]:
        raise InputError(f"y must lie within the picture, between {y_limits[0]} and {y_limits[1]}, got {y}")
    xs, ys = np.linspace(*x_limits, 161), np.linspace(*y_limits, 161)
    figure = theme.figure(4.6, width=6.2)
    grid = figure.add_gridspec(2, 2, height_ratios=[1.0, 2.1], width_ratios=[2.6, 1.0])
    main = figure.add_subplot(grid[1, 0])
    above = figure.add_subplot(grid[0, 0], sharex=main)
    beside = figure.add_subplot(grid[1, 1], sharey=main)
    _plane(main, joint, xs, ys, theme)
    main.axhline(y, color=theme.contrast, lw=1.4, label="slice")
    main.text(
        x_limits[0], y + 0.015 * (y_limits[1] - y_limits[0]), f" y = {y:g}",
        va="bottom", color=theme.contrast, fontsize=theme.text_size,
        path_effects=theme.halo(),
    )  # fmt: skip
    marginal, conditional = joint.marginal_x().pdf(xs), joint.conditional_x(y).pdf(xs)
    theme.dress(above)
    above.fill_between(xs, conditional, color=theme.contrast, alpha=0.25, lw=0)
    above.plot(xs, conditional, color=theme.contrast, lw=1.8, label=f"p(x | y = {y:g})", zorder=3)
    above.plot(xs, marginal, color=theme.accent, lw=1.8, label="p(x)")
    above.tick_params(labelbottom=False)
    above.set_ylim(bottom=0.0)
    above.set_ylabel("density")
    corner = figure.add_subplot(grid[0, 1])
    corner.set_axis_off()
    corner.set_facecolor(theme.background)
    theme.dress_legend(corner.legend(handles=above.lines[::-1], loc="upper left", handlelength=1.4))
    theme.dress(beside)
    beside.plot(joint.marginal_y().pdf(ys), ys, color=theme.accent, lw=1.8, label="p(y)")
    beside.axhline(y, color=theme.contrast, lw=1.4)
    beside.tick_params(labelleft=False)
    beside.set_xlim(left=0.0)
    beside.set_xlabel("p(y)")
    return figure


def _plane(axes: Axes, joint: JointDensity, xs: NDArray, ys: NDArray, theme: Theme) -> None:
    theme.dress(axes, grid=False)
    values = joint.pdf(xs[None, :], ys[:, None])
    levels = values.max() * np.linspace(0.03, 1.0, 11)
    axes.contourf(xs, ys, values, levels=levels, cmap=theme.density)
    axes.set_xlim(xs[0], xs[-1])
    axes.set_ylim(ys[0], ys[-1])
    axes.set_xlabel("x")
    axes.set_ylabel("y")


JOINT = TheoryFigure(
    name="joint",
    title="Joint, marginal, conditional",
    caption=(
        "The plane shows p(x, y) of x ~ N(0, 1) and y = x² − 1 + noise. Blue: the marginals, the joint "
        "summed along the other axis. Orange: a slice of the joint at one y, which divided by p(y) has "
        "area 1 and is the conditional p(x | y). Before y is seen, x has one peak at zero; after, it has "
        "two, for two values of x explain that y. That is how a simple prior and a simple likelihood come "
        "to a posterior that is not simple."
    ),
    alt="Contours of a bent joint density with both marginals and the two-peaked conditional of a slice.",
    draw=joint_density,
)
