"""The sparse graph of nearest neighbours that the few-label methods walk on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from scipy.sparse import csgraph

from vael.errors import InputError

__all__ = ["NeighbourGraph", "self_tuned_weights"]


@dataclass(frozen=True, eq=False)
class NeighbourGraph:
    """An undirected weighted graph of n nodes: symmetric W, w_ij >= 0, w_ii = 0.

    Build it with `from_points`, or from any such matrix of your own with `from_weights`.

    Attributes
    ----------
    weights : W, CSR, shape (n, n), float64
    points : the rows that it was built from, (n, features), or None; to `predict` needs them
    k : neighbours per node that `from_points` asked for, or None
    """

    weights: sparse.csr_array
    points: np.ndarray | None = None
    k: int | None = None

    @classmethod
    def from_points(cls, Z: ArrayLike, *, k: int = 10) -> NeighbourGraph:
        """Join each row to its k nearest, by weights that tune themselves to the local density.

        The weights are `self_tuned_weights`, then W := (W + W^T) / 2. Euclidean distance, found
        exactly; a row is no neighbour of itself, another row at the same place is.
        """
        from sklearn.neighbors import NearestNeighbors  # heavy: only when a graph is built

        points = np.ascontiguousarray(Z)
        if points.ndim != 2:
            raise InputError(f"a neighbour graph needs a matrix (rows, features), got shape {points.shape}")
        if points.dtype.name not in ("float32", "float64"):
            points = points.astype(np.float64)
        n = len(points)
        if not 1 <= k < n:
            raise InputError(f"k must be from 1 to rows - 1 = {n - 1}, got {k}")
        distance, neighbour = NearestNeighbors(n_neighbors=k).fit(points).kneighbors()
        row_ends = np.arange(0, n * k + 1, k)
        weights = self_tuned_weights(distance).ravel()
        directed = sparse.csr_array((weights, neighbour.ravel(), row_ends), shape=(n, n))
        return cls(sparse.csr_array((directed + directed.T) * 0.5), points=points, k=k)

    @classmethod
    def from_weights(cls, weights: ArrayLike | sparse.sparray | sparse.spmatrix) -> NeighbourGraph:
        """Take a symmetric matrix of weights, none negative; its diagonal is dropped."""
        W = sparse.csr_array(weights, dtype=np.float64)
        rows, columns = len(W.indptr) - 1, W.T.shape[0]
        if rows != columns:
            raise InputError(f"a weight matrix must be square, got {rows} rows, {columns} columns")
        if not np.isfinite(W.data).all() or (W.data < 0).any():
            raise InputError("a weight matrix must hold finite numbers, none below 0")
        if abs(W - W.T).max() > 1e-12 * max(abs(W).max(), 1e-300):
            raise InputError("a weight matrix must be symmetric: use (W + W.T) / 2")
        hollow = sparse.csr_array(W - sparse.diags_array(W.diagonal()))
        hollow.eliminate_zeros()
        return cls(hollow)

    def __len__(self) -> int:
        """Return the number of nodes."""
        return len(self.weights.indptr) - 1

    @cached_property
    def degrees(self) -> np.ndarray:
        """d_i = sum_j w_ij, shape (n,)."""
        return np.asarray(self.weights.sum(axis=1)).ravel()

    @cached_property
    def components(self) -> np.ndarray:
        """Number of the connected component of each node, shape (n,), from 0."""
        return csgraph.connected_components(self.weights, directed=False)[1]

    def laplacian(self, u: np.ndarray) -> np.ndarray:
        """Apply L = D - W to the columns of u, shape (n, columns)."""
        return self.degrees[:, None] * u - self.weights @ u


def self_tuned_weights(distance: np.ndarray) -> np.ndarray:
    """Turn distances to the k nearest, (n, k) in rising order, into exp(-4 d^2 / d_k^2).

    Source: Zelnik-Manor & Perona (NIPS 2004), in the form of Calder et al. (arXiv 2006.11184).
    """
    squared = np.square(distance, dtype=np.float64)
    radius = squared[:, -1:]
    # A row with k copies of itself has radius 0: its neighbours are all at distance 0, weight 1.
    return np.exp(-4.0 * np.divide(squared, radius, out=np.zeros_like(squared), where=radius > 0))
