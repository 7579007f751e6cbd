"""Nearest rows against SciPy's distances, where float32 alone would err too."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from vael.evaluation.samples import distances
from vael.evaluation.samples.distances import nearest, squared_distance_bounds


def brute(queries: np.ndarray, rows: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    d = cdist(queries.astype(np.float64), rows.astype(np.float64))
    indices = np.argsort(d, axis=1, kind="stable")[:, :k]
    return indices, np.take_along_axis(d, indices, axis=1)


@pytest.mark.parametrize("kind", ["normal", "bytes", "far", "huge", "crowded"])
def test_nearest_rows_are_those_of_scipy(kind: str) -> None:
    rng = np.random.default_rng(0)
    queries, rows = rng.normal(size=(50, 20)), rng.normal(size=(300, 20))
    if kind == "bytes":
        queries, rows = (rng.integers(0, 256, a.shape, dtype=np.uint8) for a in (queries, rows))
    elif kind == "far":  # float32 keeps no digit of the differences where rows are not centred
        queries, rows = queries * 1e-3 + 1e5, rows * 1e-3 + 1e5
    elif kind == "huge":
        queries, rows = queries * 1e30, rows * 1e30
    elif kind == "crowded":  # far apart from the queries and from each other by less than float32 sees
        queries, rows = queries + 10, rows * 1e-7
    indices, found = brute(queries, rows, 3)
    result = nearest(queries, rows, 3)
    np.testing.assert_allclose(result.distances, found, rtol=1e-10)
    np.testing.assert_array_equal(result.indices, indices)


def test_nearest_rows_do_not_depend_on_blocks_or_on_the_rows_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    queries, rows = rng.normal(size=(30, 7)).astype(np.float32), rng.normal(size=(100, 7)).astype(np.float32)
    whole = nearest(queries, rows, 2)
    alone = nearest(queries[4:5], rows, 2)
    np.testing.assert_array_equal(alone.distances, whole.distances[4:5])
    monkeypatch.setattr(distances, "_QUERIES", 7)
    monkeypatch.setattr(distances, "_ROWS", 5)
    cut = nearest(queries, rows, 2)
    np.testing.assert_array_equal(cut.indices, whole.indices)
    np.testing.assert_array_equal(cut.distances, whole.distances)


def test_a_copy_is_at_distance_zero_and_ties_go_by_index() -> None:
    rows = np.array([[5.0, 1.0], [2.0, 2.0], [5.0, 1.0], [0.0, 0.1]])
    result = nearest(np.array([[5.0, 1.0]]), rows, 3)
    assert result.indices.tolist() == [[0, 2, 1]]
    assert result.distances[0, :2].tolist() == [0.0, 0.0]


def test_bounds_hold_the_distance_between_them() -> None:
    rng = np.random.default_rng(2)
    X, Y = rng.normal(size=(40, 50)) * 1e3, rng.normal(size=(30, 50))
    Y[0] = X[0]
    least, greatest = squared_distance_bounds(X, Y, np.square(X).sum(axis=1), np.square(Y).sum(axis=1))
    exact = np.square(X[:, None].astype(np.longdouble) - Y).sum(axis=2)
    assert (least <= exact).all()
    assert (exact <= greatest).all()
    np.testing.assert_allclose(greatest - least, 0, atol=1e-12 * np.square(X).sum(axis=1).max())
