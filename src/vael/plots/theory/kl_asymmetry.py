"""The two directions of the KL divergence: a normal fitted to two peaks seeks one, or covers both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.optimize import minimize

from vael.errors import InputError
from vael.plots.numbers import signed
from vael.plots.style import LIGHT, Theme
from vael.plots.theory.record import TheoryFigure
from vael.theory import Density, normal_density
from vael.theory.divergence import kl_quadrature

__all__ = ["KL_ASYMMETRY", "NormalFit", "fit_exclusive", "fit_inclusive", "kl_asymmetry"]


@dataclass(frozen=True)
class NormalFit:
    """A normal q fitted to a density p.

    Attributes
    ----------
        mean, standard_deviation: Of q.
        divergence: The one that was made least, in nats.
    """

    mean: float
    standard_deviation: float
    divergence: float

    @property
    def density(self) -> Density:
        """The density of q."""
        return normal_density(self.mean, self.standard_deviation)


def fit_inclusive(target: Density) -> NormalFit:
    """The normal q of least KL(p || q): its mean and variance are those of p."""
    mean, deviation = target.mean, float(np.sqrt(target.variance))
    return NormalFit(mean, deviation, kl_quadrature(target, normal_density(mean, deviation)).value)


def fit_exclusive(target: Density, starts: tuple[tuple[float | int, float | int], ...]) -> list[NormalFit]:
    """Every normal q at which KL(q || p) is least nearby, best first: searched from pairs (mean, deviation).

    A few thousandths apart, fits are one.
    """

    def divergence(at: NDArray) -> float:
        return kl_quadrature(normal_density(float(at[0]), float(np.exp(at[1]))), target).value

    found: list[NormalFit] = []
    for mean, deviation in starts:
        best = minimize(
            divergence, [mean, np.log(deviation)], method="BFGS", options={"gtol": 1e-4, "eps": 1e-5}
        )
        fit = NormalFit(float(best.x[0]), float(np.exp(best.x[1])), float(best.fun))
        if all(abs(fit.mean - other.mean) > 5e-3 for other in found):
            found.append(fit)
    if not found:
        raise InputError("starts is empty: give pairs of a mean and a standard deviation to search from")
    return sorted(found, key=lambda fit: fit.divergence)


def _two_peaks() -> Density:
    parts = (0.6, normal_density(-2.4, 0.6)), (0.4, normal_density(2.4, 0.8))

    def log_density(x: NDArray) -> NDArray:
        return np.logaddexp(*(np.log(weight) + part.log_pdf(x) for weight, part in parts))

    return Density(log_density, log=True, points=(-3.6, -2.4, 0.0, 2.4, 4.0), name="two peaks")


def kl_asymmetry(
    target: Density | None = None,
    *,
    starts: tuple[tuple[float | int, float | int], ...] = ((-2.4, 0.6), (2.4, 0.8)),
    limits: tuple[float | int, float | int] = (-6.5, 6.5),
    theme: Theme = LIGHT,
) -> Figure:
    """Draw the normals nearest to a density p, by KL(q || p) at the left, by KL(p || q) at the right.

    ``starts`` are where searches for the first begin: pairs (mean, standard deviation), one for each peak.
    The second is found by its moments. By default p = 0.6 N(-2.4, 0.6^2) + 0.4 N(2.4, 0.8^2).
    """
    target = _two_peaks() if target is None else target
    exclusive, inclusive = fit_exclusive(target, starts), fit_inclusive(target)
    x = np.linspace(*limits, 701)
    figure = theme.figure(2.9)
    left, right = figure.subplots(1, 2, sharey=True)
    _target(left, target, x, theme, "KL(q ‖ p): q seeks a mode")
    for i, fit in enumerate(exclusive):
        _fit(left, fit, x, theme, best=i == 0)
    _target(right, target, x, theme, "KL(p ‖ q): q covers the mass")
    _fit(right, inclusive, x, theme, best=True)
    tallest = max(float(line.get_ydata().max()) for line in left.lines)  # pyright: ignore
    left.set_ylim(0.0, 1.42 * tallest)
    left.set_ylabel("density")
    return figure


def _target(axes: Axes, target: Density, x: NDArray, theme: Theme, title: str) -> None:
    theme.dress(axes, title=title)
    axes.fill_between(x, target.pdf(x), color=theme.muted, alpha=0.28, lw=0)
    axes.plot(x, target.pdf(x), color=theme.muted, lw=1.0, label="p")
    axes.set_xlim(x[0], x[-1])
    axes.set_xlabel("x")


def _fit(axes: Axes, fit: NormalFit, x: NDArray, theme: Theme, *, best: bool) -> None:
    y = fit.density.pdf(x)
    axes.plot(x, y, color=theme.contrast, lw=1.9, ls="-" if best else (0, (4, 2)), label="q")
    near = axes.lines[0].get_ydata()[np.abs(x - fit.mean) < 2.2].max()  # pyright: ignore
    axes.annotate(
        f"N({signed(fit.mean, 2)}, {signed(fit.standard_deviation, 2)}$^2$)\n"
        f"KL = {signed(fit.divergence, 2)} nats",
        xy=(fit.mean, max(float(y.max()), float(near))), xytext=(0, 5), textcoords="offset points",
        ha="center", va="bottom",
        color=theme.text, fontsize=theme.small_size, path_effects=theme.halo(),
    )  # fmt: skip


KL_ASYMMETRY = TheoryFigure(
    name="kl-asymmetry",
    title="The divergence has a direction",
    caption=(
        "A normal q (orange) fitted to a density p with two peaks (grey). Left, KL(q ‖ p) punishes q for "
        "mass where p has none, so q takes one peak and leaves the other: both peaks are local optima, the "
        "solid one is the better. This is the direction of variational inference. Right, KL(p ‖ q) "
        "punishes q for lacking mass where p has some, so q covers both peaks and the valley between them; "
        "it has the mean and the variance of p. This is the direction of maximum likelihood."
    ),
    alt="A density of two peaks with normals fitted by each direction of the KL divergence.",
    draw=kl_asymmetry,
)
