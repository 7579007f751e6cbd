"""What the learners on a neighbour graph share: labels in, labels of all nodes out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin

from vael.errors import InputError
from vael.evaluation.downstream.class_sizes import labels_with_class_sizes
from vael.evaluation.downstream.graphs import NeighbourGraph, self_tuned_weights

__all__ = ["GraphLearner", "Spread"]


@dataclass(frozen=True, eq=False)
class Spread:
    """Labels spread over a graph: one score a node and class, and the iterations it took."""

    scores: Float[np.ndarray, "n classes"]
    iterations: int


class GraphLearner(ClassifierMixin, BaseEstimator, ABC):
    """Base of the transductive classifiers: it sees every row, labelled or not, when it is fitted.

    Parameters
    ----------
    k : int, default=10
        Neighbours per node, when `fit` is given points and builds the graph.
    class_fractions : sequence of float, default=None
        The share of each class among all nodes, in the order of `classes_`, where it is known. The
        hard labels then keep those class sizes. None assumes nothing.
    tolerance : float, default=1e-6
        Relative residual at which conjugate gradients stop.
    max_iter : int, default=2000
        Iterations at most; a warning says if they did not do.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    transduction_ : ndarray of shape (n_nodes,)
        The label of each node.
    label_distributions_ : ndarray of shape (n_nodes, n_classes)
        Rows sum to 1. A node that no label can reach has the shares of the given labels.
    n_iter_ : int
        Iterations of conjugate gradients.
    graph_ : NeighbourGraph
    """

    def __init__(
        self,
        k: int = 10,
        *,
        class_fractions: Sequence[float] | None = None,
        tolerance: float = 1e-6,
        max_iter: int = 2000,
    ):
        self.k = k
        self.class_fractions = class_fractions
        self.tolerance = tolerance
        self.max_iter = max_iter

    @abstractmethod
    def _spread(self, graph: NeighbourGraph, Y: np.ndarray) -> Spread:
        """Spread Y, one-hot rows of labelled nodes and zero rows of the others; scores are >= 0."""

    def fit(self, graph: NeighbourGraph | ArrayLike, y: ArrayLike) -> GraphLearner:
        """Label every node.

        Parameters
        ----------
        graph : NeighbourGraph, or array-like of shape (n_nodes, n_features)
            A graph is used as it is, so that many label sets can share one; points are joined
            to their `k` nearest.
        y : array-like of int, of shape (n_nodes,)
            Labels, and -1 for a node without one.
        """
        graph = graph if isinstance(graph, NeighbourGraph) else NeighbourGraph.from_points(graph, k=self.k)
        labels = np.asarray(y)
        if labels.shape != (len(graph),) or labels.dtype.kind not in "iu":
            raise InputError(
                f"y must be {len(graph)} integers, one a node, -1 for none; "
                f"got {labels.dtype} of shape {labels.shape}"
            )
        labelled = labels != -1
        if not labelled.any():
            raise InputError("no node has a label: y is -1 everywhere")
        self.classes_ = np.unique(labels[labelled])
        Y = (labels[:, None] == self.classes_).astype(np.float64)
        spread = self._spread(graph, Y)
        total = spread.scores.sum(axis=1, keepdims=True)
        shares = np.broadcast_to(Y.sum(axis=0) / Y.sum(), Y.shape)
        self.label_distributions_ = np.divide(spread.scores, total, out=shares.copy(), where=total > 0)
        self.transduction_ = self.classes_[self._choose(self.label_distributions_)]
        self.n_iter_ = spread.iterations
        self.graph_ = graph
        return self

    def _choose(self, distributions: np.ndarray) -> np.ndarray:
        if self.class_fractions is None:
            return distributions.argmax(axis=1)
        return labels_with_class_sizes(distributions, self.class_fractions)

    def predict_proba(self, Z: ArrayLike) -> np.ndarray:
        """Label distributions of new rows, shape (n_rows, n_classes).

        Each is the mean of those of the row's k nearest nodes, weighted by `self_tuned_weights`.
        New rows do not change what was fitted.
        Source: Delalleau, Bengio & Le Roux (AISTATS 2005).
        """
        from sklearn.neighbors import NearestNeighbors  # heavy: only when asked for

        points = self.graph_.points
        if points is None:
            raise InputError("this learner was fitted on a bare graph: fit it on points to label new rows")
        nearest = NearestNeighbors(n_neighbors=self.graph_.k or self.k).fit(points)
        distance, neighbour = nearest.kneighbors(np.asarray(Z, dtype=points.dtype))
        weight = self_tuned_weights(distance)
        weight /= weight.sum(axis=1, keepdims=True)
        return np.einsum("nk,nkc->nc", weight, self.label_distributions_[neighbour])

    def predict(self, Z: ArrayLike) -> np.ndarray:
        """Most probable label of new rows, (n_rows,); see `predict_proba`."""
        return self.classes_[self.predict_proba(Z).argmax(axis=1)]
