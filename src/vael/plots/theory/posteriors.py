"""True posteriors of single rows, with the q that the encoder gives and the best one of its family."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from matplotlib.patches import Patch

from vael.errors import InputError
from vael.plots.images import colour_images
from vael.plots.numbers import signed
from vael.plots.style import LIGHT, Theme
from vael.plots.theory.record import TheoryFigure
from vael.theory.decompose import Decomposition
from vael.theory.latent_grid import PosteriorGrid

__all__ = ["POSTERIORS", "mass_levels", "normal_ellipse", "posterior_contours"]

MASSES = (0.99, 0.9, 0.5)
"""The regions of highest density that are drawn hold so much of the posterior."""
COLUMNS = 4


def posterior_contours(
    decomposition: Decomposition,
    rows: Sequence[int],
    X: np.ndarray | None = None,
    image_shape: tuple[int, ...] | None = None,
    *,
    theme: Theme = LIGHT,
) -> Figure:
    """Draw p(z|x) of some rows of a decomposition with two latents, and the normals that stand for it.

    Shades are the regions that hold 50, 90 and 99 % of the true posterior; the ellipses hold 90 % of the
    encoder's q and of the best q. ``X`` (n, features) with ``image_shape`` puts each row's image in a corner.
    """
    if decomposition.posterior is None or decomposition.q.mean.shape[1] != 2:
        raise InputError(f"contours need two latents, this model has {decomposition.q.mean.shape[1]}")
    count = len(decomposition.evidence)
    wrong = [row for row in rows if not 0 <= row < count]
    if not len(rows) or wrong:
        raise InputError(f"rows must name rows of the {count} that were decomposed, got {list(rows)}")
    if (X is None) != (image_shape is None):
        raise InputError("X and image_shape go together: give both, or neither")
    columns = min(COLUMNS, len(rows))
    lines = -(-len(rows) // columns)
    figure = theme.figure(0.5 + 1.82 * lines, width=max(theme.width * columns / COLUMNS, 4.0))
    panels = figure.subplots(lines, columns, squeeze=False).ravel()
    for axes, row in zip(panels, rows):
        _panel(axes, decomposition, row, theme)
        if X is not None and image_shape is not None:
            _thumbnail(axes, colour_images(X[row : row + 1], image_shape, None)[0])
    for axes in panels[len(rows) :]:
        axes.set_visible(False)
    figure.legend(handles=_handles(theme), loc="outside lower center", ncols=3)
    theme.dress_legend(figure.legends[0])
    return figure


def mass_levels(grid: PosteriorGrid, masses: Sequence[float] = MASSES) -> list[float]:
    """The densities above which lies so much of a posterior: where to draw its contours."""
    density = np.exp(grid.log_density).ravel()
    order = np.sort(density)[::-1]
    held = np.cumsum(order) * grid.cell
    return [float(order[min(int(np.searchsorted(held, mass)), len(order) - 1)]) for mass in masses]


def normal_ellipse(mean: np.ndarray, covariance: np.ndarray, mass: float = 0.9) -> np.ndarray:
    """The ellipse that holds so much of a normal in the plane, ``(101, 2)``: r^2 = -2 ln(1 - mass)."""
    angle = np.linspace(0.0, 2 * np.pi, 101)
    circle = np.sqrt(-2 * np.log1p(-mass)) * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return mean + circle @ np.linalg.cholesky(covariance).T


def _panel(axes: Axes, split: Decomposition, row: int, theme: Theme) -> None:
    assert split.posterior is not None
    grid = split.posterior[row]
    theme.dress(axes, grid=False)
    levels = mass_levels(grid)
    top = float(np.exp(grid.log_density.max()))
    shades = theme.density([0.0, 0.3, 0.6]).tolist()
    axes.contourf(*grid.axes, np.exp(grid.log_density).T, levels=[*levels, top], colors=shades)
    encoder = normal_ellipse(split.q.mean[row], split.q.covariance[row])
    best = normal_ellipse(split.best_q.mean[row], split.best_q.covariance[row])
    axes.plot(*encoder.T, color=theme.contrast, lw=1.6, label="encoder's q")
    axes.plot(*best.T, color=theme.text, lw=1.3, ls=(0, (4, 2)), label="best q")
    _frame(axes, grid, levels[0], np.concatenate([encoder, best]))
    gaps = (split.approximation_gap[row], split.amortisation_gap[row])
    axes.set_title(
        f"{signed(float(gaps[0]), 2)} + {signed(float(gaps[1]), 2)} nats",
        loc="left", color=theme.text, fontsize=theme.small_size,
    )  # fmt: skip
    axes.locator_params(nbins=3)


def _frame(axes: Axes, grid: PosteriorGrid, level: float, ellipses: np.ndarray) -> None:
    """Show the outermost region and both ellipses in a square of one scale."""
    inside = np.exp(grid.log_density) >= level
    corners = []
    for axis, points in enumerate(grid.axes):
        kept = points[inside.any(axis=1 - axis)]
        corners.append((min(kept[0], ellipses[:, axis].min()), max(kept[-1], ellipses[:, axis].max())))
    centre = [(a + b) / 2 for a, b in corners]
    half = 0.58 * max(b - a for a, b in corners)
    axes.set_xlim(centre[0] - half, centre[0] + half)
    axes.set_ylim(centre[1] - half, centre[1] + half)
    axes.set_box_aspect(1.0)


def _thumbnail(axes: Axes, image: np.ndarray) -> None:
    """Put an image into the corner where it hides least of what is drawn."""
    drawn = [np.asarray(line.get_xydata()) for line in axes.lines]
    for regions in axes.collections:
        drawn += [path.vertices for path in regions.get_paths()]
    across, up = (axes.transLimits.transform(np.concatenate(drawn))).T
    size = 0.3
    corners = [(x, y) for y in (1.0, 0.0) for x in (1.0, 0.0)]
    hidden = [int(((np.abs(across - x) < size) & (np.abs(up - y) < size)).sum()) for x, y in corners]
    corner = corners[int(np.argmin(hidden))]
    box = OffsetImage(image, zoom=24 / image.shape[0], interpolation="nearest")
    axes.add_artist(
        AnnotationBbox(
            box, corner, xycoords="axes fraction", box_alignment=corner, pad=0.0, frameon=False
        )
    )  # fmt: skip


def _handles(theme: Theme) -> list[Line2D | Patch]:
    return [
        Patch(color=theme.density(0.3), label="true posterior, 50, 90 and 99 %"),
        Line2D([], [], color=theme.contrast, lw=1.6, label="encoder's q, 90 %"),
        Line2D([], [], color=theme.text, lw=1.3, ls=(0, (4, 2)), label="best q, 90 %"),
    ]


POSTERIORS = TheoryFigure(
    name="posteriors",
    title="The true posterior, the encoder's q, and the best q",
    caption=(
        "The latent plane near the posterior of single images (each panel has its own scale). Shades: the "
        "true p(z|x) on a grid. Orange: the encoder's q(z|x). Broken: the normal of q's family, axes along "
        "the latents, that is best for this image. Above each panel the two gaps: what the best q loses, "
        "because posteriors lean, bend or split, and what the encoder loses on top by misplacing q or "
        "giving it the wrong width. The best q would rather leave mass out than put some where there is "
        "none: it minimises KL(q ‖ p)."
    ),
    alt=(
        "Contours of true posteriors in the latent plane, each with two ellipses for the encoder's and the "
        "best q."
    ),
    draw=posterior_contours,
    trained=True,
)
