"""Laplace learning: labels as boundary values of a harmonic function on the graph."""

from __future__ import annotations

import numpy as np

from vael.evaluation.downstream.conjugate_gradients import conjugate_gradients
from vael.evaluation.downstream.graph_learner import GraphLearner, Spread
from vael.evaluation.downstream.graphs import NeighbourGraph

__all__ = ["LaplaceLearning"]


class LaplaceLearning(GraphLearner):
    """Label nodes by the class where a random walk from them first meets a label.

    L u = 0 at unlabelled nodes, u = y at labelled ones, with L = D - W: u_i is the distribution of
    the first label that a walk from i meets. Labelled nodes keep their label. With few labels u is
    nearly constant but for spikes at the labels, and one class can take too many nodes (on latents
    of MNIST with 10 labels a class the error varied from 4 to 22 % between draws of labels): give
    `class_fractions`, or use `PoissonLearning`.

    Source: Zhu, Ghahramani & Lafferty (ICML 2003). Parameters and attributes: `GraphLearner`.
    """

    def _spread(self, graph: NeighbourGraph, Y: np.ndarray) -> Spread:
        labelled = Y.any(axis=1)
        # A component without a label has no boundary: its system is singular, and it keeps zeros.
        reached = np.isin(graph.components, graph.components[labelled])
        free = np.flatnonzero(reached & ~labelled)
        rows = graph.weights[free]
        inner = rows[:, free]
        degrees = graph.degrees[free]
        solution = conjugate_gradients(
            lambda u: degrees[:, None] * u - inner @ u,
            rows @ Y,
            diagonal=degrees,
            tolerance=self.tolerance,
            max_iter=self.max_iter,
        )
        scores = Y.copy()
        scores[free] = np.maximum(solution.x, 0.0)  # the solution is in [0, 1] up to the tolerance
        return Spread(scores, solution.iterations)
