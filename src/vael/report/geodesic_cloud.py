"""The turning map of a manifold: data, geodesics, and the straight lines between their ends."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from sklearn.decomposition import PCA

from vael.errors import InputError
from vael.geometry import Geodesics, Manifold
from vael.plots.geometry.curves import read_ways
from vael.plots.geometry.local import log_volumes
from vael.plots.geometry.plane import data_of
from vael.report.blocks import PointCloud
from vael.report.pictures import cloud
from vael.report.polylines import Polylines

__all__ = ["geodesic_cloud"]

STRIDE = 2  # of the curves' points: the page needs fewer than a picture


def geodesic_cloud(
    manifold: Manifold,
    geodesics: Geodesics | int,
    y: np.ndarray | None = None,
    *,
    X: np.ndarray | None = None,
    image_shape: tuple[int, ...] | None = None,
    label_name: str = "",
    seed: int = 0,
    caption: str = "",
    alt: str = "",
) -> PointCloud:
    """Make the turning map of a manifold's data with geodesics among them.

    Three latents are drawn as they are, more by their principal components. Two are the ground of a
    landscape whose height is the log volume. Geodesics need not go round its mountains: volume is an area,
    and in some direction a way over may be short.

    Parameters
    ----------
    manifold : Manifold
        With data, of two latents or more.
    geodesics : Geodesics or int
        One or more; or the number of random pairs of data points to join.
    y : array of shape (n,), optional
        A class or a value for each row of the manifold's data.
    X : array of shape (n, n_features), optional
        The rows whose images are shown under the pointer, with `image_shape`.
    image_shape : tuple, optional
        Of the rows.
    label_name : str
        What y is.
    seed : int
        Of the random pairs.
    caption : str
        Below the map.
    alt : str
        In place of the map.

    Raises
    ------
    InputError
        On shapes that do not fit, and for one latent.
    """
    data = data_of(manifold, "a turning map")
    if data.shape[1] < 2:
        raise InputError("a turning map needs two latents or more, this manifold has 1")
    ways = read_ways(manifold, geodesics, seed)
    drawn, *moved = _in_space(manifold, data, ways.curves[:, ::STRIDE], ways.lines[:, ::STRIDE])
    made = cloud(
        drawn,
        y,
        np.empty((len(data), 0)) if X is None else X,
        None if X is None else image_shape,
        label_name=label_name,
        caption=caption,
        alt=alt,
    )
    names = {2: ("z1", "z2", "log volume"), 3: made.axis_names}
    curves, lines = (list(points) for points in moved)
    return replace(
        made,
        axis_names=names.get(data.shape[1], ("PCA 1", "PCA 2", "PCA 3")),
        curves=(Polylines("geodesics", curves), Polylines("straight lines", lines, dashed=True)),
    )


def _in_space(manifold: Manifold, *places: np.ndarray) -> list[np.ndarray]:
    """Bring points ``(..., latent)`` of one space to three dimensions, ``(..., 3)``."""
    latent = places[0].shape[-1]
    if latent == 2:
        return [np.concatenate([Z, log_volumes(manifold, Z)[..., None]], axis=-1) for Z in places]
    if latent == 3:
        return list(places)
    pca = PCA(3, svd_solver="full").fit(places[0])
    return [pca.transform(Z.reshape(-1, latent)).reshape(*Z.shape[:-1], 3) for Z in places]
