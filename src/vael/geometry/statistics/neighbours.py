"""Nearest neighbours by geodesic distance, and the classifier that asks them."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.neighbors import NearestNeighbors
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from vael.datasets import check_labels
from vael.errors import InputError
from vael.geometry.manifold import Manifold
from vael.geometry.statistics.door import as_numpy, one_of, read_rows, whole_number
from vael.geometry.statistics.point_graph import PointGraph

__all__ = ["GeodesicKNeighborsClassifier"]

WEIGHTS = ("uniform", "distance")
CANDIDATES = ("graph", "euclidean")
NEIGHBOURS = 16  # of each node of the graph
ATTACHED = 16  # nodes that a point is joined with, at least


class GeodesicKNeighborsClassifier(ClassifierMixin, BaseEstimator):
    """Vote of the nearest training points by geodesic distance.

    Distances are shortest ways through the graph of 16 nearest neighbours over the training points, too long
    by a percent or so; with ``refine=True`` they only choose candidates, and a geodesic to each decides.

    Parameters
    ----------
    manifold : vael.geometry.Manifold
        The manifold, as ``vae.manifold(X)`` makes. Clones of the estimator share it.
    n_neighbors : int, default=5
        Training points that vote.
    weights : {"uniform", "distance"}, default="uniform"
        Each vote counts the same, or as the inverse of its distance.
    candidates : {"graph", "euclidean"}, default="graph"
        Which training points may be neighbours: those near by the graph, or in the coordinates.
    n_candidates : int, default=None
        How many of them; None: four times `n_neighbors`, 16 at least.
    refine : bool, default=False
        Whether geodesics decide among the candidates, one for each point and candidate.
    segments : int, default=16
        Segments of those geodesics.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes.
    n_samples_fit_ : int
        Number of training points.
    n_features_in_ : int
        Number of latents.
    feature_names_in_ : ndarray of str
        Names of the columns, where all are strings.

    See Also
    --------
    sklearn.neighbors.KNeighborsClassifier : The same in the coordinates.

    References
    ----------
    Cover & Hart 1967, Nearest neighbor pattern classification, IEEE Transactions on Information Theory 13,
    21-27.
    Arvanitidis, Hansen & Hauberg 2018, Latent space oddity, arXiv 1710.11379.

    Examples
    --------
    >>> import numpy as np
    >>> from vael.geometry import GeodesicKNeighborsClassifier, LatentManifold
    >>> near = GeodesicKNeighborsClassifier(LatentManifold(lambda z: z), n_neighbors=1)
    >>> near.fit([[0.0, 0.0], [4.0, 0.0]], ["left", "right"]).predict([[1.0, 0.5]]).tolist()
    ['left']
    """

    def __init__(
        self,
        manifold: Manifold,
        n_neighbors: int = 5,
        *,
        weights: str = "uniform",
        candidates: str = "graph",
        n_candidates: int | None = None,
        refine: bool = False,
        segments: int = 16,
    ) -> None:
        self.manifold = manifold
        self.n_neighbors = n_neighbors
        self.weights = weights
        self.candidates = candidates
        self.n_candidates = n_candidates
        self.refine = refine
        self.segments = segments

    def fit(self, X: Any, y: Any) -> Self:
        """Keep the training points, and build the graph over them where it is used.

        Parameters
        ----------
        X : array-like or tensor of shape (n_samples, n_features)
            Points of the latent space.
        y : array-like of shape (n_samples,)
            Their classes.

        Returns
        -------
        self : GeodesicKNeighborsClassifier
            The fitted estimator.
        """
        k = whole_number("n_neighbors", self.n_neighbors)
        one_of("weights", self.weights, WEIGHTS)
        one_of("candidates", self.candidates, CANDIDATES)
        if self.n_candidates is not None and whole_number("n_candidates", self.n_candidates) < k:
            raise InputError(f"n_candidates={self.n_candidates} is less than n_neighbors={k}")
        points = read_rows(self, X, reset=True)
        labels = check_labels(as_numpy(y) if isinstance(y, Tensor) else y, len(points))
        try:
            check_classification_targets(labels)
        except ValueError as error:
            raise InputError(str(error)) from error
        if k > len(points):
            raise InputError(f"n_neighbors={k} is more than the {len(points)} training points")
        self.classes_, self._label = np.unique(labels, return_inverse=True)
        self.n_samples_fit_ = len(points)
        self._points = points
        by_lines = self.refine and self.candidates == "euclidean"
        self._graph = None if by_lines else PointGraph.of(self.manifold, points, NEIGHBOURS)
        return self

    def kneighbors(
        self, X: Any = None, n_neighbors: int | None = None, return_distance: bool = True
    ) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
        """Find the nearest training points.

        Parameters
        ----------
        X : array-like or tensor of shape (n_samples, n_features), default=None
            Points of the latent space; None: the training points, which are no neighbours of themselves.
        n_neighbors : int, default=None
            How many; None: as at construction.
        return_distance : bool, default=True
            Whether to return distances too.

        Returns
        -------
        distances : ndarray of shape (n_samples, n_neighbors)
            Geodesic distances, least first; only with ``return_distance=True``.
        index : ndarray of shape (n_samples, n_neighbors)
            Rows of the training points.
        """
        check_is_fitted(self)
        k = whole_number("n_neighbors", self.n_neighbors if n_neighbors is None else n_neighbors)
        most = self.n_samples_fit_ - (X is None)
        if k > most:
            raise InputError(f"n_neighbors={k} is more than there are training points to choose from: {most}")
        if X is None:
            distances, index = _without_own(*self._nearest(self._points, k + 1))
        else:
            distances, index = self._nearest(read_rows(self, X, reset=False), k)
        return (distances, index) if return_distance else index

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the share of each class in the vote.

        Parameters
        ----------
        X : array-like or tensor of shape (n_samples, n_features)
            Points of the latent space.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        check_is_fitted(self)
        distances, index = self._nearest(read_rows(self, X, reset=False), self.n_neighbors)
        votes = _votes(distances) if self.weights == "distance" else np.ones(distances.shape)
        shares = np.zeros((len(index), len(self.classes_)))
        np.add.at(shares, (np.arange(len(index))[:, None], self._label[index]), votes)
        return shares / shares.sum(1, keepdims=True)

    def predict(self, X: Any) -> np.ndarray:
        """Return the class with the most votes; of several, the first in `classes_`.

        Parameters
        ----------
        X : array-like or tensor of shape (n_samples, n_features)
            Points of the latent space.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            The classes.
        """
        return self.classes_[self.predict_proba(X).argmax(1)]

    def _nearest(self, points: Tensor, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Distances of the k nearest training points and their rows, least first."""
        asked = max(4 * self.n_neighbors, ATTACHED) if self.n_candidates is None else self.n_candidates
        count = min(max(asked, k), self.n_samples_fit_)
        if self._graph is None:
            search = NearestNeighbors(n_neighbors=count).fit(as_numpy(self._points).astype(np.float64))
            rows = search.kneighbors(as_numpy(points).astype(np.float64), return_distance=False)
            return self._refined(points, rows, k)
        distances, rows = self._by_graph(self._graph, points, count if self.refine else k, count)
        return self._refined(points, rows, k) if self.refine else (distances, rows)

    def _by_graph(
        self, graph: PointGraph, points: Tensor, k: int, count: int
    ) -> tuple[np.ndarray, np.ndarray]:
        attached = graph.attach(points, max(count, ATTACHED) if self.candidates == "graph" else count)
        found: list[tuple[np.ndarray, np.ndarray]] = []
        done = 0
        for lengths in graph.reach(attached):
            if self.candidates == "euclidean":
                near = attached.index[done : done + len(lengths)]
                allowed = np.full_like(lengths, np.inf)
                np.put_along_axis(allowed, near, np.take_along_axis(lengths, near, 1), 1)
                lengths = allowed
            done += len(lengths)
            found.append(_least(lengths[:, graph.node_of], k))
        return np.concatenate([d for d, _ in found]), np.concatenate([r for _, r in found])

    def _refined(self, points: Tensor, rows: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Let geodesics decide among candidates."""
        ends = self._points[torch.as_tensor(rows, device=points.device)]
        with torch.no_grad():
            exact = self.manifold.distance(points.unsqueeze(1), ends, segments=self.segments)
        lengths = np.nan_to_num(as_numpy(exact).astype(np.float64), nan=np.inf, posinf=np.inf)
        distances, place = _least(lengths, k)
        return distances, np.take_along_axis(rows, place, 1)


def _least(values: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k least of each row and their columns, least first; of equals the first."""
    columns = np.argpartition(values, k - 1, axis=1)[:, :k] if k < values.shape[1] else None
    if columns is None:
        columns = np.broadcast_to(np.arange(values.shape[1]), values.shape)
    columns = np.sort(columns, axis=1)
    order = np.argsort(np.take_along_axis(values, columns, 1), axis=1, kind="stable")
    columns = np.take_along_axis(columns, order, 1)
    return np.take_along_axis(values, columns, 1), columns


def _without_own(distances: np.ndarray, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Leave out of each row's neighbours the row itself, or the farthest where others coincide with it."""
    own = index == np.arange(len(index))[:, None]
    own[~own.any(1), -1] = True
    shape = (len(index), index.shape[1] - 1)
    return distances[~own].reshape(shape), index[~own].reshape(shape)


def _votes(distances: np.ndarray) -> np.ndarray:
    """Inverse distances; points that coincide with neighbours hear these alone."""
    exact = distances == 0
    with np.errstate(divide="ignore"):
        votes = 1 / distances
    met = exact.any(1)
    votes[met] = exact[met]
    return votes
