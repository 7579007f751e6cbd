"""The weight of the KL term: what is stored of an image, against how well it comes back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vael.datasets.shades import value_range
from vael.errors import InputError
from vael.plots.images import colour_images, draw_mosaic, tile
from vael.plots.style import LIGHT, Theme
from vael.plots.theory.measures import FitMeasures, check_fits
from vael.plots.theory.record import TheoryFigure

__all__ = ["BETA_SWEEP", "beta_sweep"]


def beta_sweep(
    fits: Sequence[FitMeasures],
    reconstructions: np.ndarray,
    samples: np.ndarray,
    originals: np.ndarray,
    image_shape: tuple[int, ...],
    *,
    theme: Theme = LIGHT,
) -> Figure:
    """Draw KL against reconstruction of fits with different beta, and what each makes of images and of noise.

    ``reconstructions`` and ``samples`` are of shape (fits, k, features), ``originals`` (k, features).
    Lines join points of equal ELBO.
    """
    check_fits(fits, "fits")
    for name, images in (("reconstructions", reconstructions), ("samples", samples)):
        if images.ndim != 3 or len(images) != len(fits):
            raise InputError(
                f"{name} must have shape (fits, k, features) for {len(fits)} fits, got {images.shape}"
            )
    order = np.argsort([fit.beta for fit in fits])
    fits = [fits[i] for i in order]
    figure = theme.figure(3.9)
    grid = figure.add_gridspec(1, 2, width_ratios=[1.0, 1.35])
    _rates(figure.add_subplot(grid[0]), fits, theme)
    _pictures(figure, grid[1], fits, reconstructions[order], samples[order], originals, image_shape, theme)
    return figure


def _rates(axes: Axes, fits: Sequence[FitMeasures], theme: Theme) -> None:
    theme.dress(axes, title="Rate and distortion, held out")
    rate = np.array([fit.test_kl for fit in fits])
    distortion = np.array([-fit.test_reconstruction for fit in fits])
    across, up = max(float(np.ptp(rate)), 1e-9), max(float(np.ptp(distortion)), 1e-9)
    axes.set_xlim(float(rate.min()) - 0.1 * across, float(rate.max()) + 0.16 * across)
    axes.set_ylim(float(distortion.min()) - 0.12 * up, float(distortion.max()) + 0.12 * up)
    best = min(fits, key=lambda fit: -fit.test_elbo)
    low, high = axes.get_xlim()
    ends = np.array([low, high])
    axes.plot(ends, -best.test_elbo - ends, color=theme.muted, lw=1.0, ls=(0, (4, 3)), label="equal ELBO")
    axes.plot(rate, distortion, color=theme.accent, lw=1.7, marker="o", ms=5, label="fits")
    axes.plot([best.test_kl], [-best.test_reconstruction], "o", ms=9, mfc="none", mec=theme.contrast, mew=1.6)
    for fit, x, y in zip(fits, rate, distortion):
        axes.annotate(
            f"$\\beta$ = {fit.beta:g}" if fit in (fits[0], fits[-1]) else f"{fit.beta:g}",
            xy=(float(x), float(y)), xytext=(6, 5), textcoords="offset points",
            color=theme.text, fontsize=theme.small_size, path_effects=theme.halo(),
        )  # fmt: skip
    axes.annotate(
        f"broken line: ELBO {best.test_elbo:.1f} nats".replace("-", "\N{MINUS SIGN}"),
        xy=(0.98, 0.98), xycoords="axes fraction", ha="right", va="top", color=theme.muted,
        fontsize=theme.small_size,
    )  # fmt: skip
    axes.set_xlabel("rate: KL(q(z|x) ‖ p(z)), nats a row")
    axes.set_ylabel("distortion: −E$_q$[ln p(x|z)], nats a row")


def _pictures(
    figure: Figure,
    place: object,
    fits: Sequence[FitMeasures],
    reconstructions: np.ndarray,
    samples: np.ndarray,
    originals: np.ndarray,
    image_shape: tuple[int, ...],
    theme: Theme,
) -> None:
    left, right = place.subgridspec(1, 2, wspace=0.06).subplots()  # pyright: ignore
    limits = value_range(originals)
    count = originals.shape[0]
    gap = max(1, image_shape[0] // 10)
    shown = np.concatenate([originals[None], reconstructions]).reshape(-1, originals.shape[1])
    mosaic = tile(colour_images(shown, image_shape, limits), count, gap=gap)
    draw_mosaic(left, mosaic, theme)
    names = ["data", *(f"{fit.beta:g}" for fit in fits)]
    left.set_yticks(mosaic.row_centres, labels=names)
    left.tick_params(axis="y", colors=theme.text)
    left.set_ylabel("$\\beta$")
    drawn = colour_images(samples.reshape(-1, samples.shape[2]), image_shape, limits)
    blank = np.zeros((samples.shape[1], *drawn.shape[1:]))
    draw_mosaic(right, tile(np.concatenate([blank, drawn]), samples.shape[1], gap=gap), theme)
    for axes, title in ((left, "reconstructed"), (right, "drawn from the prior")):
        axes.set_title(title, loc="left", color=theme.text, fontsize=theme.small_size)


BETA_SWEEP = TheoryFigure(
    name="beta-sweep",
    title="The weight of the KL term",
    caption=(
        "One model fitted with different weights β of the KL term. Left, on images held out: with small β "
        "much is stored of each image and it comes back well; with large β little is stored, and at the "
        "end nothing. The broken line joins points of one ELBO, that of the best fit (ring): it is near β "
        "= 1, for that is how the bound weighs the two. Right: what each model makes of the same five "
        "images, and of the same draws from the prior. Small β gives sharp reconstructions and poor "
        "samples; large β one and the same blur."
    ),
    alt="Distortion against rate for several beta, with reconstructions and samples of each model.",
    draw=beta_sweep,
    trained=True,
)
