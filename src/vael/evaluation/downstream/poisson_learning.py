"""Poisson learning: labels as sources and sinks of a flow on the graph."""

from __future__ import annotations

import numpy as np

from vael.evaluation.downstream.conjugate_gradients import conjugate_gradients
from vael.evaluation.downstream.graph_learner import GraphLearner, Spread
from vael.evaluation.downstream.graphs import NeighbourGraph

__all__ = ["PoissonLearning", "poisson_potentials", "poisson_sources"]


class PoissonLearning(GraphLearner):
    """Label nodes by the class whose labels lie upstream: made for a handful of labels a class.

    L u = sum over labelled j of (y_j - mean y) delta_j, with L = D - W and sum_i d_i u_i = 0. A
    labelled node may get another label than it came with. The rows of `label_distributions_` are u
    shifted to start at 0 and scaled to sum to 1: their order has a meaning, their values are not
    calibrated. Each connected component is a problem of its own, with its own mean of y.

    Not to be confused with Poisson regression.

    Parameters and attributes: `GraphLearner`.
    Source: Calder, Cook, Thorpe & Slepcev (ICML 2020, arXiv 2006.11184).
    """

    def _spread(self, graph: NeighbourGraph, Y: np.ndarray) -> Spread:
        sources = poisson_sources(graph, Y)
        u, iterations = poisson_potentials(graph, sources, tolerance=self.tolerance, max_iter=self.max_iter)
        counts = _sum_by_component(graph, Y)
        present = np.greater(counts[graph.components], 0)
        low = np.where(present, u, np.inf).min(axis=1, keepdims=True)
        scores = np.where(present, u - np.where(np.isfinite(low), low, 0.0), 0.0)
        # With one class in the component u is 0: the class takes all of it.
        alone = scores.max(axis=1) <= 0
        scores[alone] = counts[graph.components[alone]]
        return Spread(scores, iterations)


def poisson_sources(graph: NeighbourGraph, Y: np.ndarray) -> np.ndarray:
    """Subtract from labels their mean over the component: in each, the sources sum to 0."""
    labelled = np.asarray(Y.any(axis=1))
    counts = _sum_by_component(graph, Y)
    mean = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
    return np.where(labelled[:, None], Y - mean[graph.components], 0.0)


def poisson_potentials(
    graph: NeighbourGraph, sources: np.ndarray, *, tolerance: float = 1e-6, max_iter: int = 2000
) -> tuple[np.ndarray, int]:
    """Solve L u = sources with sum_i d_i u_i = 0 in each component; also the iterations it took."""
    degrees = graph.degrees
    solution = conjugate_gradients(
        graph.laplacian, sources, diagonal=degrees, tolerance=tolerance, max_iter=max_iter
    )
    weighted = _sum_by_component(graph, degrees[:, None] * solution.x)
    volume = _sum_by_component(graph, degrees[:, None])
    mean = np.divide(weighted, volume, out=np.zeros_like(weighted), where=volume > 0)
    return solution.x - mean[graph.components], solution.iterations


def _sum_by_component(graph: NeighbourGraph, values: np.ndarray) -> np.ndarray:
    """Sum the rows of values over each connected component, (components, columns)."""
    total = np.zeros((int(graph.components.max()) + 1, values.shape[1]))
    np.add.at(total, graph.components, values)
    return total
