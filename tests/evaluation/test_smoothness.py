"""Smoothness: scikit-learn's trustworthiness, isometries, the exchange of data and embedding, chance."""

from __future__ import annotations

import json
import sys
from types import ModuleType

import numpy as np
import pytest
from sklearn.manifold import trustworthiness
from sklearn.neighbors import NearestNeighbors

from vael.errors import InputError
from vael.evaluation.smoothness import SmoothnessRow, smoothness


def rows(n: int = 120, features: int = 5, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, features))


def measured(X: np.ndarray, Z: np.ndarray, k: int = 10) -> SmoothnessRow:
    return smoothness(X, {"Z": Z}, k=k, umap=False).rows[0]


def test_an_isometry_keeps_everything() -> None:
    X = rows()
    turn = np.linalg.qr(rows(5, 5, 9))[0]
    for Z in (X, 3 * X @ turn + 7):
        found = measured(X, Z)
        assert (found.trustworthiness, found.continuity, found.overlap) == (1.0, 1.0, 1.0)
        assert found.errors == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("k", [1, 5, 25])
def test_scikit_learns_trustworthiness_and_its_exchange(k: int) -> None:
    X = rows()
    Z = X[:, :2] + 0.3 * rows(120, 2, 1)
    found, exchanged = measured(X, Z, k), measured(Z, X, k)
    assert found.trustworthiness == pytest.approx(trustworthiness(X, Z, n_neighbors=k), abs=1e-12)
    assert found.continuity == pytest.approx(trustworthiness(Z, X, n_neighbors=k), abs=1e-12)
    assert found.continuity == pytest.approx(exchanged.trustworthiness, abs=1e-12)
    assert found.overlap == pytest.approx(exchanged.overlap, abs=1e-12)


def test_overlap_of_neighbour_sets() -> None:
    X = rows()
    Z = X[:, :2]
    sets = [
        NearestNeighbors(n_neighbors=7).fit(points).kneighbors(return_distance=False) for points in (X, Z)
    ]
    shares = [len(set(a) & set(b)) / 7 for a, b in zip(*sets)]
    assert measured(X, Z, 7).overlap == pytest.approx(np.mean(shares), abs=1e-12)


def test_chance_is_what_embeddings_at_random_have() -> None:
    X = rows(100, 3)
    found = [measured(X, rows(100, 2, seed), 8) for seed in range(1, 31)]
    chance = smoothness(X, {"Z": X}, k=8, umap=False).chance
    assert np.mean([f.trustworthiness for f in found]) == pytest.approx(chance[0], abs=0.02)
    assert np.mean([f.continuity for f in found]) == pytest.approx(chance[1], abs=0.02)
    assert np.mean([f.overlap for f in found]) == pytest.approx(chance[2], abs=0.01)
    assert chance[2] == 8 / 99


def test_tearing_and_folding_are_told_apart() -> None:
    line = np.linspace(0, 1, 200)[:, None]
    folded = np.abs(line - 0.5)
    found = measured(line, folded)
    assert found.continuity is not None
    assert found.trustworthiness is not None
    assert found.continuity > 0.95 > 0.7 > found.trustworthiness
    torn = np.where(line < 0.5, line, line + 10)
    torn[::2] += 50
    assert measured(line, torn).continuity < measured(line, folded).continuity


def test_pca_of_each_size_stands_beside() -> None:
    X = rows(80, 6)
    table = smoothness(X, {"two": X[:, :2], "three": X[:, :3], "wide": rows(80, 9)}, umap=False)
    assert [row.name for row in table.rows] == ["two", "three", "wide", "PCA (2)", "PCA (3)", "PCA (6)"]
    assert table.rows[-1].overlap == 1.0
    assert table.notes == ()


def test_umap_where_it_is_and_where_it_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    X = rows(40, 4)
    monkeypatch.setitem(sys.modules, "umap", None)
    without = smoothness(X, {"Z": X[:, :2]})
    assert "umap-learn" in without.notes[0]
    assert "umap-learn" in str(without)
    fake = ModuleType("umap")

    class UMAP:
        def __init__(self, n_components: int, random_state: int) -> None:
            self.size = n_components

        def fit_transform(self, X: np.ndarray) -> np.ndarray:
            return X[:, : self.size].astype(np.float32)

    fake.UMAP = UMAP  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "umap", fake)
    with_it = smoothness(X, {"Z": X[:, :2]})
    assert [row.name for row in with_it.rows] == ["Z", "PCA (2)", "UMAP (2)"]
    assert with_it.rows[2].overlap == with_it.rows[0].overlap
    assert with_it.notes == ()


def test_rows_are_drawn_together_and_bytes_are_numbers() -> None:
    X = np.random.default_rng(0).integers(0, 256, (90, 4, 4), dtype=np.uint8)
    table = smoothness(X, {"Z": X.reshape(90, 16).astype(float)}, rows=50, umap=False)
    assert table.n == 50
    assert table.rows[0].overlap == 1.0
    assert table == smoothness(X, {"Z": X.reshape(90, 16).astype(float)}, rows=50, umap=False)
    json.dumps(table.to_dict())


def test_a_collapsed_code_is_not_defined() -> None:
    table = smoothness(rows(), {"Z": np.ones((120, 2))}, umap=False)
    assert table.rows[0].trustworthiness is None
    assert table.rows[0].why is not None
    assert "not defined" in str(table)
    json.dumps(table.to_dict())


@pytest.mark.parametrize(
    ("X", "Z", "k", "message"),
    [
        (rows(), rows(119), 10, "119 rows"),
        (rows(20), rows(20), 10, "below half of the 20"),
        (rows(), rows(), 0, "at least 1"),
        (np.ones((50, 2)), rows(50), 5, "all rows of X"),
        (rows(50), np.where(np.eye(50, 5) > 0, np.nan, 0.0), 5, "holds nan at row 0"),
        (rows(50)[:, 0], rows(50), 5, "rows first"),
    ],
)
def test_bad_input(X: np.ndarray, Z: np.ndarray, k: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        smoothness(X, {"Z": Z}, k=k)


def test_nothing_to_measure() -> None:
    with pytest.raises(InputError, match="at least one embedding"):
        smoothness(rows(), {})
