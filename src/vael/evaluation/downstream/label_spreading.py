"""Label spreading on a sparse graph."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vael.errors import InputError
from vael.evaluation.downstream.conjugate_gradients import conjugate_gradients
from vael.evaluation.downstream.graph_learner import GraphLearner, Spread
from vael.evaluation.downstream.graphs import NeighbourGraph

__all__ = ["LabelSpreading"]


class LabelSpreading(GraphLearner):
    """Label nodes by a walk that starts at the labels and dies with probability 1 - alpha a step.

    F = (1 - alpha) (I - alpha S)^-1 Y with S = D^-1/2 W D^-1/2. On the same weights this is the
    limit of scikit-learn's `LabelSpreading`, which holds a dense matrix or a graph without weights;
    this one needs memory in proportion to the edges.

    Parameters
    ----------
    alpha : float, default=0.99
        Between 0 and 1, both excluded: how far labels spread, and how easily a given one changes.

    The other parameters, and the attributes: `GraphLearner`.
    Source: Zhou, Bousquet, Lal, Weston & Schoelkopf (NIPS 2003).
    """

    def __init__(
        self,
        k: int = 10,
        *,
        alpha: float = 0.99,
        class_fractions: Sequence[float] | None = None,
        tolerance: float = 1e-6,
        max_iter: int = 2000,
    ):
        super().__init__(k, class_fractions=class_fractions, tolerance=tolerance, max_iter=max_iter)
        self.alpha = alpha

    def _spread(self, graph: NeighbourGraph, Y: np.ndarray) -> Spread:
        if not 0 < self.alpha < 1:
            raise InputError(f"alpha must lie between 0 and 1, got {self.alpha}")
        degrees = graph.degrees
        root = np.divide(1.0, np.sqrt(degrees), out=np.zeros_like(degrees), where=degrees > 0)[:, None]
        solution = conjugate_gradients(
            lambda F: F - self.alpha * root * (graph.weights @ (root * F)),
            (1 - self.alpha) * Y,
            diagonal=np.ones(len(graph)),
            tolerance=self.tolerance,
            max_iter=self.max_iter,
        )
        return Spread(np.maximum(solution.x, 0.0), solution.iterations)
