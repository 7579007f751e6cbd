from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from statistics_charts import cap, flat, from_chart, great_circles, sheared, sphere, to_chart
from torch import Tensor

from vael.errors import InputError
from vael.geometry import LatentManifold
from vael.geometry.statistics import GeodesicKMeans
from vael.geometry.statistics.medoids import find_medoids, plus_plus


def blobs(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = rng.integers(3, size=n)
    return np.array([[0.0, 0.0], [6.0, 0.0], [0.0, 6.0]])[y] + 0.5 * rng.normal(size=(n, 2)), y


@pytest.mark.parametrize("method", ["medoid", "frechet"])
def test_on_a_flat_manifold_clusters_are_those_of_k_means(method: str) -> None:
    Z, y = blobs(90)
    found = GeodesicKMeans(flat(), 3, method=method, random_state=0).fit(Z)
    euclidean = KMeans(3, n_init=10, random_state=0).fit(Z)
    assert adjusted_rand_score(found.labels_, euclidean.labels_) == 1
    assert adjusted_rand_score(found.labels_, y) == 1
    new, y_new = blobs(50, 1)
    assert adjusted_rand_score(found.predict(new), y_new) == 1
    if method == "frechet":
        order = [((euclidean.cluster_centers_ - c) ** 2).sum(1).argmin() for c in found.cluster_centers_]
        np.testing.assert_allclose(found.cluster_centers_, euclidean.cluster_centers_[order], atol=1e-6)
        assert found.inertia_ == pytest.approx(euclidean.inertia_, rel=1e-6)
    else:
        assert euclidean.inertia_ < found.inertia_ < 1.1 * euclidean.inertia_


def test_distances_to_centres_are_great_circles() -> None:
    Z = to_chart(cap(800, -0.2, 0))
    found = GeodesicKMeans(sphere(), 5, random_state=0, max_points=500).fit(Z)
    exact = great_circles(from_chart(Z), from_chart(found.cluster_centers_))
    ratio = found.transform(Z) / np.maximum(exact, 1e-9)
    far = exact > 0.1
    assert np.median(ratio[far]) < 1.02
    assert ratio[far].min() > 0.97
    assert np.quantile(ratio[far], 0.99) < 1.05
    assert (found.labels_ == exact.argmin(1)).mean() > 0.98
    assert found.inertia_ == pytest.approx((exact.min(1) ** 2).sum(), rel=0.03)


def test_clusters_go_round_what_is_dear_to_cross() -> None:
    # Two arms, near each other in the chart, a ridge between them.
    rng = np.random.default_rng(0)
    x, y = rng.uniform(-3, 3, 400), rng.integers(2, size=400)
    Z = np.stack([x, np.where(y == 1, 0.5, -0.5) + 0.1 * rng.normal(size=400)], 1)

    def ridge(z: Tensor) -> Tensor:
        return torch.cat([z, 8 * (-((z[..., 1:] / 0.15) ** 2)).exp()], -1)

    found = GeodesicKMeans(LatentManifold(ridge), 2, random_state=0).fit(Z)
    assert adjusted_rand_score(found.labels_, y) == 1
    assert adjusted_rand_score(KMeans(2, n_init=10, random_state=0).fit_predict(Z), y) < 0.1


@pytest.mark.slow
def test_frechet_centres_have_less_inertia_than_medoids() -> None:
    Z = to_chart(cap(24, 0.3, 1))
    medoid = GeodesicKMeans(sphere(), 2, random_state=0).fit(Z)
    found = GeodesicKMeans(sphere(), 2, method="frechet", random_state=0).fit(Z)
    exact = (great_circles(from_chart(Z), from_chart(medoid.cluster_centers_)).min(1) ** 2).sum()
    assert found.inertia_ < exact
    np.testing.assert_array_equal(found.predict(Z), found.labels_)


def test_labels_are_predictions_and_are_the_same_twice() -> None:
    Z = np.random.default_rng(3).normal(size=(300, 2)).astype(np.float32)
    one = GeodesicKMeans(sheared(), 4, random_state=1, max_points=100).fit(Z)
    other = clone(one).fit(torch.from_numpy(Z))
    np.testing.assert_array_equal(one.labels_, other.labels_)
    np.testing.assert_array_equal(one.labels_, one.predict(Z))
    np.testing.assert_allclose(one.transform(Z)[::7], one.transform(Z[::7]))
    assert one.cluster_centers_.dtype == np.float32
    assert other.manifold is one.manifold
    assert one.get_feature_names_out().tolist() == [f"geodesickmeans{i}" for i in range(4)]


def test_points_that_coincide_count_as_often_as_they_are() -> None:
    Z = np.array([[0.0, 0.0]] * 50 + [[1.0, 0.0]] * 3 + [[9.0, 0.0]])
    found = GeodesicKMeans(flat(), 2, random_state=0).fit(Z)
    assert sorted(found.cluster_centers_[:, 0]) == [0, 9]
    assert found.inertia_ == pytest.approx(3)
    assert GeodesicKMeans(flat(), 1, random_state=0).fit(Z[:1]).inertia_ == 0


def test_medoids_of_a_line_are_found() -> None:
    x = np.array([0.0, 1.0, 2.0, 10.0, 11.0, 12.0, 20.0])
    squares = (x[:, None] - x) ** 2
    weights = np.ones(7)
    found = find_medoids(squares, weights, 3, starts=5, max_steps=50, generator=np.random.default_rng(0))
    assert sorted(x[found.index]) == [1, 11, 20]
    assert found.inertia == 4
    # Each seed is another point, and far ones are preferred.
    seeds = [plus_plus(squares, weights, 3, np.random.default_rng(i)) for i in range(20)]
    assert all(len(set(s)) == 3 for s in seeds)
    assert np.mean([squares[:, s].min(1).sum() for s in seeds]) < 15


def test_bad_input_is_refused() -> None:
    Z = blobs(20)[0]
    with pytest.raises(InputError, match="manifold must be one of vael"):
        GeodesicKMeans(flat(), 2).set_params(manifold=flat).fit(Z)
    with pytest.raises(InputError, match="n_clusters=21 is more than there are points: 20 points"):
        GeodesicKMeans(flat(), 21).fit(Z)
    with pytest.raises(InputError, match="20 points, 1 distinct"):
        GeodesicKMeans(flat(), 2).fit(np.zeros((20, 2)))
    with pytest.raises(InputError, match="method must be one of 'medoid', 'frechet', got 'mean'"):
        GeodesicKMeans(flat(), 2, method="mean").fit(Z)
    with pytest.raises(InputError, match="n_clusters must be a whole number >= 1"):
        GeodesicKMeans(flat(), 0).fit(Z)
    with pytest.raises(InputError, match="max_points=2 is less than n_clusters=3"):
        GeodesicKMeans(flat(), 3, max_points=2).fit(Z)
    with pytest.raises(InputError, match="NaN"):
        GeodesicKMeans(flat(), 2).fit(np.full((3, 2), np.nan))
    with pytest.raises(InputError, match="3 features"):
        GeodesicKMeans(flat(), 2).fit(Z).predict(np.zeros((4, 3)))
    half = LatentManifold(lambda z: torch.cat([z, z[..., :1].sqrt()], -1))
    with pytest.raises(InputError, match="leave out points where the decoder is not finite"):
        GeodesicKMeans(half, 2).fit(np.array([[1.0, 0.0], [2.0, 0.0], [-3.0, 0.0]]))
