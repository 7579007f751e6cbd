"""Learners on a neighbour graph against dense linear algebra, and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn.semi_supervised as sk_semi_supervised
from scipy import sparse
from scipy.optimize import linear_sum_assignment
from sklearn.base import clone

from vael.errors import InputError, VaelWarning
from vael.evaluation.downstream.class_sizes import labels_with_class_sizes
from vael.evaluation.downstream.conjugate_gradients import conjugate_gradients
from vael.evaluation.downstream.graphs import NeighbourGraph
from vael.evaluation.downstream.label_spreading import LabelSpreading
from vael.evaluation.downstream.laplace_learning import LaplaceLearning
from vael.evaluation.downstream.poisson_learning import (
    PoissonLearning,
    poisson_potentials,
    poisson_sources,
)

LEARNERS = [LaplaceLearning(), PoissonLearning(), LabelSpreading(alpha=0.9)]


def blobs(n: int = 60, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Three overlapping clouds in the plane: points, all labels, labels with -1 for most."""
    rng = np.random.default_rng(seed)
    truth = np.arange(n) % 3
    Z = np.array([[0.0, 0.0], [2.5, 0.0], [0.0, 2.5]])[truth] + rng.normal(size=(n, 2))
    y = np.where(np.arange(n) < 9, truth, -1)
    return Z, truth, y


def dense(graph: NeighbourGraph) -> tuple[np.ndarray, np.ndarray]:
    W = graph.weights.toarray()
    return W, np.diag(W.sum(axis=1)) - W


def one_hot(y: np.ndarray) -> np.ndarray:
    return (y[:, None] == np.unique(y[y >= 0])).astype(float)


def test_graph_weights_are_the_formula_computed_pair_by_pair() -> None:
    Z, _, _ = blobs(25)
    k = 4
    distance = np.linalg.norm(Z[:, None] - Z[None], axis=-1)
    W = np.zeros((25, 25))
    for i in range(25):
        nearest = [j for j in np.argsort(distance[i]) if j != i][:k]
        for j in nearest:
            W[i, j] = np.exp(-4 * distance[i, j] ** 2 / distance[i, nearest[-1]] ** 2)
    graph = NeighbourGraph.from_points(Z, k=k)
    np.testing.assert_allclose(graph.weights.toarray(), (W + W.T) / 2, atol=1e-12)
    np.testing.assert_allclose(graph.degrees, ((W + W.T) / 2).sum(axis=1))


def test_copies_of_a_row_are_joined_with_weight_one() -> None:
    Z = np.concatenate([np.zeros((4, 2)), np.random.default_rng(0).normal(size=(8, 2)) + 5])
    graph = NeighbourGraph.from_points(Z, k=3)
    np.testing.assert_array_equal(graph.weights.toarray()[:4, :4], 1.0 - np.eye(4))


def test_graph_of_integers_is_that_of_the_same_floats() -> None:
    X = np.random.default_rng(1).integers(0, 255, size=(30, 5)).astype(np.uint8)
    of_bytes = NeighbourGraph.from_points(X, k=5).weights.toarray()
    of_floats = NeighbourGraph.from_points(X.astype(float), k=5).weights.toarray()
    np.testing.assert_array_equal(of_bytes, of_floats)


def test_scale_of_the_points_does_not_change_the_graph() -> None:
    Z, _, _ = blobs()
    W = NeighbourGraph.from_points(Z).weights.toarray()
    np.testing.assert_allclose(NeighbourGraph.from_points(1e3 * Z).weights.toarray(), W, atol=1e-9)


def test_conjugate_gradients_solve_each_column_also_a_zero_one() -> None:
    rng = np.random.default_rng(0)
    root = rng.normal(size=(20, 20))
    A = root @ root.T + np.eye(20)
    b = rng.normal(size=(20, 3))
    b[:, 1] = 0.0
    found = conjugate_gradients(lambda u: A @ u, b, diagonal=np.diag(A).copy(), tolerance=1e-12)
    np.testing.assert_allclose(found.x, np.linalg.solve(A, b), atol=1e-9)
    assert (found.residual <= 1e-12).all()


def test_conjugate_gradients_warn_when_they_stop_early() -> None:
    A = np.diag(np.arange(1.0, 21.0))
    with pytest.warns(VaelWarning, match="stopped after 2 iterations"):
        conjugate_gradients(lambda u: A @ u, np.ones((20, 1)), diagonal=np.ones(20), max_iter=2)


def test_laplace_learning_is_the_dense_harmonic_solution() -> None:
    Z, _, y = blobs()
    learner = LaplaceLearning(tolerance=1e-12).fit(Z, y)
    _, L = dense(learner.graph_)
    free, fixed = y == -1, y != -1
    exact = np.linalg.solve(L[np.ix_(free, free)], -L[np.ix_(free, fixed)] @ one_hot(y)[fixed])
    np.testing.assert_allclose(learner.label_distributions_[free], exact, atol=1e-9)
    np.testing.assert_array_equal(learner.transduction_[fixed], y[fixed])


def test_laplace_learning_on_a_path_is_linear_between_its_ends() -> None:
    n = 11
    W = sparse.diags_array([np.ones(n - 1), np.ones(n - 1)], offsets=[-1, 1])
    y = np.full(n, -1)
    y[0], y[-1] = 0, 1
    learner = LaplaceLearning(tolerance=1e-12).fit(NeighbourGraph.from_weights(W), y)
    np.testing.assert_allclose(learner.label_distributions_[:, 1], np.arange(n) / (n - 1), atol=1e-9)


def test_poisson_potentials_are_the_dense_pseudoinverse() -> None:
    Z, _, y = blobs()
    graph = NeighbourGraph.from_points(Z)
    sources = poisson_sources(graph, one_hot(y))
    np.testing.assert_allclose(sources.sum(axis=0), 0.0, atol=1e-12)
    np.testing.assert_array_equal(sources[y == -1], 0.0)
    u, _ = poisson_potentials(graph, sources, tolerance=1e-12)
    _, L = dense(graph)
    exact = np.linalg.pinv(L) @ sources
    exact -= graph.degrees @ exact / graph.degrees.sum()
    np.testing.assert_allclose(u, exact, atol=1e-9)
    np.testing.assert_allclose(graph.degrees @ u, 0.0, atol=1e-9)
    labels = PoissonLearning(tolerance=1e-12).fit(graph, y).transduction_
    np.testing.assert_array_equal(labels, exact.argmax(axis=1))


def test_poisson_learning_is_the_limit_of_its_random_walk() -> None:
    # Algorithm 1 of arXiv 2006.11184: u <- u + D^-1 (sources - L u), from u = 0.
    Z, _, y = blobs()
    graph = NeighbourGraph.from_points(Z)
    sources = poisson_sources(graph, one_hot(y))
    u = np.zeros_like(sources)
    for _ in range(5000):
        u += (sources - graph.laplacian(u)) / graph.degrees[:, None]
    found, _ = poisson_potentials(graph, sources, tolerance=1e-12)
    np.testing.assert_allclose(found, u, atol=1e-8)


def test_each_component_of_the_graph_is_a_problem_of_its_own() -> None:
    left, _, y_left = blobs(seed=1)
    right, truth_right, y_right = blobs(seed=2)
    far = left + 1e3
    alone, unreached = far + 1e3, far + 2e3
    Z = np.concatenate([left, right + 1e4, alone, unreached])
    only_two = np.where(np.arange(60) == 0, 2, -1)
    y = np.concatenate([y_left, y_right, only_two, np.full(60, -1)])
    graph = NeighbourGraph.from_points(Z)
    assert graph.components.max() == 3
    for learner in LEARNERS:
        whole = clone(learner).fit(graph, y)
        part = clone(learner).fit(left, y_left)
        np.testing.assert_allclose(whole.label_distributions_[:60], part.label_distributions_, atol=1e-5)
        assert (whole.transduction_[60:120] == truth_right).mean() > 0.7
        np.testing.assert_array_equal(whole.transduction_[120:180], 2)
        shares = np.bincount(y[y >= 0]) / (y >= 0).sum()
        np.testing.assert_allclose(whole.label_distributions_[180:], np.tile(shares, (60, 1)), atol=1e-12)


@pytest.mark.parametrize("alpha", [0.2, 0.9])
def test_label_spreading_agrees_with_scikit_learn_on_a_dense_kernel(alpha: float) -> None:
    Z, _, y = blobs()
    gamma = 0.7
    theirs = sk_semi_supervised.LabelSpreading(
        kernel="rbf", gamma=gamma, alpha=alpha, max_iter=5000, tol=1e-13
    ).fit(Z, y)
    W = np.exp(-gamma * np.square(Z[:, None] - Z[None]).sum(axis=-1))
    ours = LabelSpreading(alpha=alpha, tolerance=1e-12).fit(NeighbourGraph.from_weights(W), y)
    np.testing.assert_allclose(ours.label_distributions_, theirs.label_distributions_, atol=1e-9)
    np.testing.assert_array_equal(ours.transduction_, theirs.transduction_)


@pytest.mark.parametrize("learner", LEARNERS, ids=lambda learner: type(learner).__name__)
def test_order_of_nodes_and_names_of_classes_do_not_matter(learner) -> None:
    Z, _, y = blobs()
    fitted = clone(learner).fit(Z, y)
    order = np.random.default_rng(3).permutation(len(Z))
    shuffled = clone(learner).fit(Z[order], y[order])
    np.testing.assert_allclose(shuffled.label_distributions_, fitted.label_distributions_[order], atol=1e-5)
    names = np.array([7, 3, 5])
    renamed = clone(learner).fit(Z, np.where(y >= 0, names[y], -1))
    np.testing.assert_array_equal(renamed.classes_, [3, 5, 7])
    np.testing.assert_allclose(
        renamed.label_distributions_, fitted.label_distributions_[:, [1, 2, 0]], atol=1e-5
    )


@pytest.mark.parametrize("learner", LEARNERS, ids=lambda learner: type(learner).__name__)
def test_distributions_sum_to_one_and_most_nodes_are_right(learner) -> None:
    Z, truth, y = blobs(300)
    fitted = clone(learner).fit(Z, y)
    np.testing.assert_allclose(fitted.label_distributions_.sum(axis=1), 1.0)
    assert (fitted.label_distributions_ >= 0).all()
    assert (fitted.transduction_ == truth).mean() > 0.75
    new, new_truth, _ = blobs(90, seed=9)
    np.testing.assert_allclose(fitted.predict_proba(new).sum(axis=1), 1.0)
    assert fitted.score(new, new_truth) > 0.7


def test_new_rows_get_the_weighted_mean_of_their_neighbours() -> None:
    Z, _, y = blobs()
    fitted = PoissonLearning(k=4).fit(Z, y)
    new = np.array([[1.0, 1.0]])
    distance = np.linalg.norm(Z - new, axis=1)
    nearest = np.argsort(distance)[:4]
    weight = np.exp(-4 * (distance[nearest] / distance[nearest[-1]]) ** 2)
    expected = weight @ fitted.label_distributions_[nearest] / weight.sum()
    np.testing.assert_allclose(fitted.predict_proba(new)[0], expected)


def test_class_sizes_give_the_assignment_of_greatest_score() -> None:
    rng = np.random.default_rng(0)
    scores = rng.dirichlet([0.5, 0.5, 1.0], size=120)
    sizes = np.array([60, 36, 24])
    slots = np.repeat(np.arange(3), sizes)
    rows, columns = linear_sum_assignment(scores[:, slots], maximize=True)
    best = scores[rows, slots[columns]].sum()
    found = labels_with_class_sizes(scores, sizes / 120)
    assert np.abs(np.bincount(found, minlength=3) - sizes).max() <= 1
    assert scores[np.arange(120), found].sum() == pytest.approx(best, abs=1.0)
    agree = (found == slots[columns[np.argsort(rows)]]).mean()
    assert agree > 0.97


def test_class_fractions_mend_laplace_learning_with_one_label_a_class() -> None:
    Z, truth, _ = blobs(600, seed=4)
    y = np.where(np.arange(600) < 3, truth, -1)
    graph = NeighbourGraph.from_points(Z)
    plain = LaplaceLearning().fit(graph, y)
    balanced = LaplaceLearning(class_fractions=[1 / 3] * 3).fit(graph, y)
    assert np.abs(np.bincount(balanced.transduction_) - 200).max() <= 6
    assert (balanced.transduction_ == truth).mean() > (plain.transduction_ == truth).mean()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: NeighbourGraph.from_points(np.zeros((5, 2)), k=5), "k must be from 1 to"),
        (lambda: NeighbourGraph.from_points(np.zeros(5), k=2), "shape"),
        (lambda: NeighbourGraph.from_weights(np.ones((2, 3))), "2 rows, 3 columns"),
        (lambda: NeighbourGraph.from_weights([[0.0, 1.0], [0.5, 0.0]]), "symmetric"),
        (lambda: NeighbourGraph.from_weights([[0.0, -1.0], [-1.0, 0.0]]), "below 0"),
        (lambda: PoissonLearning().fit(blobs()[0], np.full(60, -1)), "no node has a label"),
        (lambda: PoissonLearning().fit(blobs()[0], np.zeros(59, int)), "60 integers"),
        (lambda: PoissonLearning().fit(blobs()[0], np.zeros(60)), "float64"),
        (lambda: LabelSpreading(alpha=1.0).fit(*blobs()[::2]), "alpha"),
        (lambda: LaplaceLearning(class_fractions=[0.5, 0.5]).fit(*blobs()[::2]), "3 positive"),
        (
            lambda: (
                PoissonLearning()
                .fit(NeighbourGraph.from_weights(1 - np.eye(60)), blobs()[2])
                .predict(blobs()[0])
            ),
            "bare graph",
        ),
    ],
)
def test_bad_input_is_one_clear_error(call, message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()
