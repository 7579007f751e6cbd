"""What the KL term does to the latent space: an autoencoder beside a VAE."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from vael.datasets.classes import Classes, read_labels
from vael.datasets.shades import value_range
from vael.errors import InputError
from vael.plots.checks import check_matrix
from vael.plots.images import colour_images, draw_mosaic, tile
from vael.plots.scatter import class_handles, point_look, shuffled
from vael.plots.style import LIGHT, Theme
from vael.plots.theory.record import TheoryFigure

__all__ = ["LATENTS", "LatentView", "latent_regularisation"]

COLUMNS = 8


@dataclass(frozen=True, eq=False)
class LatentView:
    """The latent space of one model.

    Attributes
    ----------
        codes: Latents of n rows, ``(n, 2)``.
        decoded: What it decodes draws from N(0, I) to, ``(m, features)``.
    """

    codes: np.ndarray
    decoded: np.ndarray


def latent_regularisation(
    autoencoder: LatentView,
    vae: LatentView,
    y: np.ndarray,
    image_shape: tuple[int, ...],
    *,
    value_limits: tuple[float, float] | None = None,
    theme: Theme = LIGHT,
) -> Figure:
    """Draw the codes of a model without the KL term beside those of one with it, and decoded noise.

    ``y`` holds the n classes of the rows. The circle holds 95 % of the prior N(0, I).
    """
    views = (("Without the KL term: autoencoder", autoencoder), ("With it: VAE", vae))
    for name, view in views:
        if check_matrix(view.codes, f"codes of {name}").shape[1] != 2:
            raise InputError(f"codes must have two columns, got {view.codes.shape[1]}")
        if len(check_matrix(view.decoded, f"decoded of {name}")) < COLUMNS:
            raise InputError(f"decoded must hold {COLUMNS} images or more, got {len(view.decoded)}")
    figure = theme.figure(5.0)
    grid = figure.add_gridspec(2, 2, height_ratios=[1.75, 1.0])
    limits = value_limits or value_range(np.concatenate([autoencoder.decoded, vae.decoded]))
    for column, (title, view) in enumerate(views):
        labels = read_labels(np.asarray(y), len(view.codes))
        if not isinstance(labels, Classes) or len(labels.names) > len(theme.classes):
            raise InputError(f"y must hold at most {len(theme.classes)} classes")
        axes = figure.add_subplot(grid[0, column])
        _codes(axes, view.codes, labels, title, theme)
        _decoded(figure.add_subplot(grid[1, column]), view.decoded, image_shape, limits, theme)
        if column == 1:
            legend = figure.legend(
                handles=class_handles(labels, theme), loc="outside right upper", handletextpad=0.2
            )
            theme.dress_legend(legend)
    return figure


def _codes(axes: Axes, codes: np.ndarray, labels: Classes, title: str, theme: Theme) -> None:
    theme.dress(axes, title=title)
    area, opacity = point_look(len(codes))
    order = shuffled(len(codes))
    colours = np.array(theme.class_colours(len(labels.names)))
    axes.scatter(
        *codes[order].T, c=colours[labels.codes[order]].tolist(), s=area, alpha=opacity, linewidths=0,
        rasterized=True, label="codes",
    )  # fmt: skip
    radius = float(np.sqrt(-2 * np.log(0.05)))
    axes.add_patch(Circle((0.0, 0.0), radius, fill=False, edgecolor=theme.background, lw=3.2, zorder=3))
    axes.add_patch(Circle((0.0, 0.0), radius, fill=False, edgecolor=theme.text, lw=1.4, zorder=4))
    reach = 1.06 * max(float(np.quantile(np.abs(codes), 0.999)), radius * 1.25)
    axes.set_xlim(-reach, reach)
    axes.set_ylim(-reach, reach)
    axes.set_box_aspect(1.0)
    axes.locator_params(nbins=6)
    axes.set_xlabel("$z_1$")
    axes.set_ylabel("$z_2$")


def _decoded(
    axes: Axes, decoded: np.ndarray, image_shape: tuple[int, ...], limits: tuple[float, float], theme: Theme
) -> None:
    images = colour_images(decoded, image_shape, limits, "decoded")
    rows = min(len(images) // COLUMNS, 4)
    draw_mosaic(axes, tile(images[: rows * COLUMNS], COLUMNS, gap=max(1, image_shape[0] // 14)), theme)
    axes.set_title("decoded draws from N(0, I)", loc="left", color=theme.text, fontsize=theme.small_size)


LATENTS = TheoryFigure(
    name="latent-regularisation",
    title="What the KL term does to the latent space",
    caption=(
        "The same networks, trained without the KL term (left) and with it (right). Above, codes of images "
        "held out, coloured by class; the circle holds 95 % of the prior N(0, I), and the two scales "
        "differ. Without the term nothing ties the codes to the prior: they spread far beyond it, in arms "
        "with empty space between. With it they gather around the prior and leave it hardly a hole. Below, "
        "draws from the prior, decoded: samples of the data only where the prior is where the codes are."
    ),
    alt="Codes of an autoencoder, spread wide, and of a VAE, around the prior; decoded noise below each.",
    draw=latent_regularisation,
    trained=True,
)
