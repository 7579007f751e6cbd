"""Distance matrices: what Euclid says beside what the geodesics say, of the same points."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform
from scipy.stats import spearmanr

from vael.datasets.classes import Classes, read_labels
from vael.errors import InputError
from vael.plots.checks import check_matrix, check_same_shape
from vael.plots.geometry.layers import add_bar
from vael.plots.geometry.plane import as_array
from vael.plots.numbers import signed
from vael.plots.scatter import local_density
from vael.plots.style import LIGHT, Theme

__all__ = ["distance_matrices", "order_of_rows"]

MOST_PAIRS = 20_000  # in the scatter
TOP = 0.995  # quantile of the strongest colour


def distance_matrices(
    euclidean: np.ndarray,
    geodesic: np.ndarray,
    y: np.ndarray | None = None,
    *,
    theme: Theme = LIGHT,
) -> Figure:
    """Draw two matrices of distances ``(n, n)`` side by side, and one against the other.

    Rows are ordered by class where ``y`` has classes, and by average linkage of the geodesic distances
    within. Each matrix is divided by its median. Above the scatter stands the rank correlation of all pairs.

    Raises ``InputError`` on matrices that are not square, symmetric, finite and of one shape.
    """
    euclid, geodesics = (_checked(D, name) for D, name in ((euclidean, "euclidean"), (geodesic, "geodesic")))
    check_same_shape(euclid, geodesics, "euclidean", "geodesic")
    classes = None if y is None else read_labels(y, len(euclid))
    classes = classes if isinstance(classes, Classes) else None
    order = order_of_rows(geodesics, classes)
    pairs = np.triu_indices(len(order), 1)
    scaled = [D / _median(D[pairs], name) for D, name in ((euclid, "euclidean"), (geodesics, "geodesic"))]
    top = float(np.quantile([D[pairs] for D in scaled], TOP))
    figure = theme.figure(2.55)
    panels = figure.subplots(1, 3)
    drawn = None
    for axes, D, title in zip(panels, scaled, ("Euclidean", "Geodesic")):
        theme.dress(axes, title=title, grid=False)
        drawn = axes.imshow(
            D[np.ix_(order, order)], cmap=theme.values, vmin=0.0, vmax=top, interpolation="nearest"
        )
        _name_blocks(axes, classes, order, theme)
    assert drawn is not None
    add_bar(figure, panels[1], drawn, "distance / its median", theme, shrink=0.9, aspect=26, pad=0.03)
    _scatter(panels[2], scaled[0][pairs], scaled[1][pairs], theme)
    return figure


def order_of_rows(D: np.ndarray, classes: Classes | None) -> np.ndarray:
    """Order rows by class, and within by the leaves of an average linkage."""
    place = np.empty(len(D), dtype=int)
    place[leaves_list(linkage(squareform(D, checks=False), "average"))] = np.arange(len(D))
    return place.argsort() if classes is None else np.lexsort((place, classes.codes))


def _checked(D: np.ndarray, name: str) -> np.ndarray:
    matrix = check_matrix(as_array(D), name)
    if matrix.shape[0] != matrix.shape[1] or len(matrix) < 3:
        raise InputError(f"{name} must be a square matrix of 3 points or more, got shape {matrix.shape}")
    if (matrix < 0).any() or not np.allclose(matrix, matrix.T, rtol=1e-4, atol=1e-4 * matrix.max()):
        raise InputError(f"{name} must be symmetric and not negative, as distances are")
    return (matrix + matrix.T) / 2 * (1 - np.eye(len(matrix)))


def _median(values: np.ndarray, name: str) -> float:
    median = float(np.median(values))
    if not median > 0:
        raise InputError(f"{name} has the median distance 0: most of its points coincide")
    return median


def _name_blocks(axes: Axes, classes: Classes | None, order: np.ndarray, theme: Theme) -> None:
    """Write each class at the middle of its rows, and lines between the classes."""
    axes.spines[:].set_visible(False)
    axes.set_xticks([])
    axes.set_yticks([])
    if classes is None:
        return
    counts = np.bincount(classes.codes, minlength=len(classes.names))
    ends = np.cumsum(counts)
    present = counts > 0
    middles, names = (ends - counts / 2 - 0.5)[present], np.array(classes.names)[present]
    longest = max(map(len, names))
    axes.set_yticks(middles, labels=names.tolist())
    axes.set_xticks(middles, labels=names.tolist(), rotation=90 if longest > 2 else 0)
    for end in np.unique(ends[present])[:-1] - 0.5:
        axes.axhline(end, color=theme.background, lw=0.6)
        axes.axvline(end, color=theme.background, lw=0.6)


def _scatter(axes: Axes, across: np.ndarray, up: np.ndarray, theme: Theme) -> None:
    rank = float(np.asarray(spearmanr(across, up))[0])
    theme.dress(axes, title=f"rank correlation {signed(rank, 3)}")
    shown = np.random.default_rng(0).permutation(len(across))[:MOST_PAIRS]
    points = np.stack([across[shown], up[shown]], axis=1)
    density = local_density(points)
    order = np.argsort(density, kind="stable")
    norm = PowerNorm(0.6, 0.0, 1.0)
    look: dict[str, object] = {"s": 3.0, "linewidths": 0, "rasterized": True}
    axes.scatter(*points[order].T, c=density[order], cmap=theme.density, norm=norm, **look)
    top = 1.04 * float(points.max())
    axes.plot([0, top], [0, top], color=theme.muted, lw=0.8, ls=(0, (4, 3)), zorder=1)
    axes.set_xlim(0, top)
    axes.set_ylim(0, top)
    axes.set_aspect("equal")
    axes.set_xlabel("Euclidean / median")
    axes.set_ylabel("geodesic / median")
