from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.neighbors import KNeighborsClassifier
from statistics_charts import cap, flat, great_circles, sphere, to_chart
from torch import Tensor

from vael.errors import InputError
from vael.geometry import LatentManifold
from vael.geometry.statistics import GeodesicKNeighborsClassifier


@pytest.mark.parametrize("candidates", ["graph", "euclidean"])
@pytest.mark.parametrize("refine", [False, True])
@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_on_a_flat_manifold_it_is_the_one_of_scikit_learn(
    candidates: str, refine: bool, weights: str
) -> None:
    rng = np.random.default_rng(0)
    Z, new = rng.normal(size=(80, 2)), rng.normal(size=(20, 2))
    y = np.array(["a", "b", "c"])[rng.integers(3, size=80)]
    new[0] = Z[3]  # a distance of zero
    ours = GeodesicKNeighborsClassifier(flat(), 4, weights=weights, candidates=candidates, refine=refine).fit(
        Z, y
    )
    theirs = KNeighborsClassifier(4, weights=weights).fit(Z, y)
    np.testing.assert_allclose(ours.predict_proba(new), theirs.predict_proba(new), atol=1e-9)
    np.testing.assert_array_equal(ours.predict(new), theirs.predict(new))
    assert ours.score(new, theirs.predict(new)) == 1
    for rows in (new, None):
        for found, expected in zip(ours.kneighbors(rows), theirs.kneighbors(rows)):
            np.testing.assert_allclose(found, expected, atol=1e-9)


@pytest.mark.parametrize("candidates", ["graph", "euclidean"])
def test_neighbours_on_the_sphere_are_those_of_great_circles(candidates: str) -> None:
    x, new = cap(300, -0.6, 0), cap(25, -0.6, 1)
    y = (x[:, 0] * x[:, 1] > 0).astype(int)
    exact = great_circles(new, x)
    order = np.argsort(exact, 1)[:, :3]
    near = GeodesicKNeighborsClassifier(sphere(), 3, candidates=candidates, refine=True, n_candidates=20).fit(
        to_chart(x), y
    )
    distances, index = near.kneighbors(to_chart(new))
    np.testing.assert_array_equal(index, order)
    np.testing.assert_allclose(distances, np.take_along_axis(exact, order, 1), rtol=1e-5)
    np.testing.assert_array_equal(near.predict(to_chart(new)), (y[order].mean(1) > 0.5).astype(int))


def test_the_graph_alone_is_nearly_right_on_the_sphere() -> None:
    x, new = cap(600, -0.6, 2), cap(100, -0.6, 3)
    exact = great_circles(new, x)
    near = GeodesicKNeighborsClassifier(sphere(), 5).fit(to_chart(x), x[:, 0] > 0)
    distances, index = near.kneighbors(to_chart(new))
    least = np.sort(exact, 1)[:, :5]
    # Neighbours that the graph takes for others are as near as they, but for a part in a hundred.
    assert np.median(distances / least) < 1.01
    assert (np.take_along_axis(exact, index, 1) <= 1.03 * least).mean() > 0.98


def test_geodesic_neighbours_do_not_look_across_a_ridge() -> None:
    def ridge(z: Tensor) -> Tensor:
        return torch.cat([z, 8 * (-((z[..., 1:] / 0.15) ** 2)).exp()], -1)

    rng = np.random.default_rng(0)
    x, y = np.linspace(-3, 3, 120), np.arange(120) % 6 == 0
    Z = np.stack([x, np.where(y, 0.4, -0.4)], 1)  # few above the ridge, many below
    new = np.stack([rng.uniform(-3, 3, 30), np.full(30, 0.2)], 1)
    geodesic = GeodesicKNeighborsClassifier(LatentManifold(ridge), 5).fit(Z, y)
    assert geodesic.predict(new).all()
    assert not KNeighborsClassifier(5).fit(Z, y).predict(new).all()


def test_coincident_points_single_classes_and_clones() -> None:
    Z = np.array([[0.0, 0.0]] * 6 + [[1.0, 0.0]])
    near = GeodesicKNeighborsClassifier(flat(), 5).fit(Z, np.ones(7))
    distances, index = near.kneighbors([[0.1, 0.0]])
    np.testing.assert_allclose(distances, np.full((1, 5), 0.1))
    assert len(set(index[0])) == 5
    assert near.predict_proba([[0.1, 0.0]]).tolist() == [[1.0]]
    distances, index = near.kneighbors()
    assert (index != np.arange(7)[:, None]).all()
    assert distances[:6].max() == 0
    assert distances[6].tolist() == [1] * 5
    alone = GeodesicKNeighborsClassifier(flat(), 1).fit(torch.zeros(1, 2), torch.tensor([3]))
    assert alone.predict(torch.ones(2, 2)).tolist() == [3, 3]
    again = clone(near)
    assert again.manifold is near.manifold
    assert again.get_params()["n_neighbors"] == 5


def test_many_points_are_searched_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    Z, new = rng.normal(size=(60, 2)), 3 * rng.normal(size=(40, 2))
    near = GeodesicKNeighborsClassifier(flat(), 3, candidates="euclidean").fit(Z, Z[:, 0] > 0)
    whole = near.kneighbors(new)
    monkeypatch.setattr("vael.geometry.statistics.point_graph.BYTES", 8 * 60 * 7)
    for one, other in zip(near.kneighbors(new), whole):
        np.testing.assert_array_equal(one, other)


def test_bad_input_is_refused() -> None:
    Z, y = np.random.default_rng(0).normal(size=(10, 2)), np.arange(10) % 2
    near = GeodesicKNeighborsClassifier(flat(), 3).fit(Z, y)
    with pytest.raises(InputError, match="n_neighbors=11 is more than the 10 training points"):
        GeodesicKNeighborsClassifier(flat(), 11).fit(Z, y)
    with pytest.raises(InputError, match="to choose from: 9"):
        near.kneighbors(n_neighbors=10)
    with pytest.raises(InputError, match="y has 9 labels"):
        GeodesicKNeighborsClassifier(flat(), 3).fit(Z, y[:9])
    with pytest.raises(InputError, match="continuous"):
        GeodesicKNeighborsClassifier(flat(), 3).fit(Z, y + 0.5)
    with pytest.raises(InputError, match="weights must be one of"):
        GeodesicKNeighborsClassifier(flat(), 3, weights="equal").fit(Z, y)
    with pytest.raises(InputError, match="n_candidates=2 is less than n_neighbors=3"):
        GeodesicKNeighborsClassifier(flat(), 3, n_candidates=2).fit(Z, y)
    with pytest.raises(InputError, match="3 features"):
        near.predict(np.zeros((2, 3)))
    with pytest.raises(InputError, match="infinity"):
        near.predict([[np.inf, 0.0]])
    half = LatentManifold(lambda z: torch.cat([z, z[..., :1].sqrt()], -1))
    safe = GeodesicKNeighborsClassifier(half, 1).fit([[1.0, 0.0], [2.0, 0.0]], [0, 1])
    with pytest.raises(InputError, match="no line of finite length leads from point 1"):
        safe.predict([[1.5, 0.0], [-1.0, 0.0]])
