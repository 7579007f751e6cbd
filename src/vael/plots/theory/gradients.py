"""How noisy the two estimators of a gradient are, by dimension and by number of samples."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from vael.errors import InputError
from vael.plots.style import LIGHT, Theme
from vael.plots.theory.record import TheoryFigure
from vael.theory.gradient_study import GradientStudy, gradient_study

__all__ = ["GRADIENTS", "gradient_variance"]

_LINES = ("-", "-", (0, (5, 2)), (0, (1, 1.5)))
_MARKERS = ("o", "s", "^", "D")


def gradient_variance(
    study: GradientStudy | None = None, *, dimension: int | None = None, theme: Theme = LIGHT
) -> Figure:
    """Draw how noisy estimators of d E_q[f] / d mu are, against the dimension and against the samples.

    The left is the variance of one sample, the right the error of a mean, of one ``dimension`` of the study,
    by default its middle one. By default the study of |z - 1|^2 / 2.
    """
    study = gradient_study(sample_sizes=(1, 4, 16, 64, 256, 1024)) if study is None else study
    dimension = study.dimensions[len(study.dimensions) // 2] if dimension is None else dimension
    if dimension not in study.dimensions:
        raise InputError(f"the study has no dimension {dimension}, it has {list(study.dimensions)}")
    figure = theme.figure(3.5)
    left, right = figure.subplots(1, 2)
    place = study.dimensions.index(dimension)
    _curves(left, study.dimensions, study.variance_mu, theme)
    theme.dress(left, title="Variance of one sample's estimate")
    left.set_xlabel("dimension of z")
    _curves(right, study.sample_sizes, study.error_mu[:, place], theme)
    theme.dress(right, title=f"Error of the mean of n, dimension {dimension}")
    right.set_xlabel("samples n")
    handles = []
    for name, line in zip(study.estimators, left.lines):
        line.set_label(name)
        handles.append(line)
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
    theme.dress_legend(figure.legends[0])
    return figure


def _curves(axes: Axes, x: tuple[int, ...], rows: np.ndarray, theme: Theme) -> None:
    colours = (theme.accent, theme.contrast, theme.contrast, theme.contrast)
    for i, row in enumerate(rows):
        axes.plot(
            x, row, color=colours[i % 4], ls=_LINES[i % 4], marker=_MARKERS[i % 4], ms=4, lw=1.6,
        )  # fmt: skip
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(x[:: -(-len(x) // 8)])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_locator(NullLocator())


GRADIENTS = TheoryFigure(
    name="gradient-variance",
    title="Why reparameterise: the variance of the gradient",
    caption=(
        "Estimators of the gradient of the mean of f(z) under q = N(μ, σ² I), towards μ, for f(z) = |z − "
        "1|²/2. All are unbiased; they differ in noise. Left: the reparameterised gradient (blue) knows "
        "f′, and its variance stays as the dimension grows; the score function (orange) knows only the "
        "value of f, and its variance grows with the square of the dimension. With a baseline it grows in "
        "proportion to it. Right: all errors fall as one over the root of n, so a variance a hundred times "
        "as large costs a hundred times the samples."
    ),
    alt=(
        "Variance against dimension and error against samples of two gradient estimators, on logarithmic "
        "axes."
    ),
    draw=gradient_variance,
)
