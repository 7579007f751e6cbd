from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.decomposition import PCA
from statistics_charts import SHEAR, cap, flat, from_chart, great_circles, sheared, sphere, to_chart
from torch import Tensor, nn

from vael.errors import InputError
from vael.geometry import LatentManifold
from vael.geometry.statistics import TangentPCA


def turned(x: np.ndarray) -> np.ndarray:
    """Points on the sphere after a rotation, so that nothing is symmetric in the chart."""
    c, s = math.cos(0.4), math.sin(0.4)
    return x @ np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]])


@pytest.mark.parametrize(("manifold", "map_"), [(flat(), np.eye(2)), (sheared(), SHEAR.numpy())])
def test_on_a_flat_manifold_it_is_principal_components(manifold: LatentManifold, map_: np.ndarray) -> None:
    Z = np.random.default_rng(0).normal(size=(40, 2)) @ np.array([[2.0, 0.3], [0.0, 0.5]])
    ours, theirs = TangentPCA(manifold).fit(Z), PCA(2).fit(Z @ map_.T)
    np.testing.assert_allclose(ours.mean_, Z.mean(0), atol=1e-9)
    np.testing.assert_allclose(ours.explained_variance_, theirs.explained_variance_, rtol=1e-8)
    np.testing.assert_allclose(ours.explained_variance_ratio_, theirs.explained_variance_ratio_, rtol=1e-8)
    pushed = ours.components_ @ map_.T
    signs = np.sign((pushed * theirs.components_).sum(1, keepdims=True))
    np.testing.assert_allclose(signs * pushed, theirs.components_, atol=1e-8)
    np.testing.assert_allclose(signs.T * ours.transform(Z), theirs.transform(Z @ map_.T), atol=1e-7)


def test_components_are_orthonormal_in_the_metric_and_scores_are_lengths() -> None:
    Z = to_chart(turned(cap(25, 0.4, 0)))
    pca = TangentPCA(sphere()).fit(Z)
    np.testing.assert_allclose(pca.components_ @ pca.metric_ @ pca.components_.T, np.eye(2), atol=1e-12)
    scores = pca.transform(Z)
    exact = great_circles(from_chart(pca.mean_)[None], from_chart(Z))[0]
    np.testing.assert_allclose(np.linalg.norm(scores, axis=1), exact, rtol=1e-6)
    np.testing.assert_allclose((scores**2).sum(0) / 24, pca.explained_variance_, rtol=1e-5)
    np.testing.assert_allclose(scores.mean(0), 0, atol=1e-5)


def test_data_along_a_great_circle_have_one_component() -> None:
    angle = np.random.default_rng(0).uniform(-0.8, 0.8, 20)
    x = np.stack([np.zeros(20), np.sin(angle), np.cos(angle)], 1)
    Z = to_chart(turned(x))
    pca = TangentPCA(sphere(), n_components=1, segments=64).fit(Z)
    assert pca.explained_variance_ratio_[0] > 1 - 1e-9
    assert pca.explained_variance_[0] == pytest.approx(angle.var(ddof=1), rel=1e-6)
    np.testing.assert_allclose(pca.inverse_transform(pca.transform(Z)), Z, atol=1e-5)
    line = from_chart(pca.inverse_transform(np.linspace(-1, 1, 5)[:, None]))
    np.testing.assert_allclose(np.diag(great_circles(line[:-1], line[1:])), 0.5, rtol=1e-5)


@pytest.mark.slow
def test_all_components_give_the_points_back() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 10)).double().requires_grad_(False)
    Z = torch.randn(15, 2, dtype=torch.float64)
    pca = TangentPCA(LatentManifold(net), segments=64).fit(Z)
    np.testing.assert_allclose(pca.inverse_transform(pca.transform(Z)), Z.numpy(), atol=1e-4)
    new = 0.5 * torch.randn(4, 2, dtype=torch.float64)
    np.testing.assert_allclose(pca.inverse_transform(torch.from_numpy(pca.transform(new))), new, atol=1e-4)


@pytest.mark.slow
def test_reparametrisation_changes_no_score() -> None:
    def bend(z: Tensor) -> Tensor:
        return torch.stack([z[..., 0] + 0.3 * z[..., 1].sin(), 2 * z[..., 1]], -1)

    def back(y: Tensor) -> Tensor:
        half = y[..., 1] / 2
        return torch.stack([y[..., 0] - 0.3 * half.sin(), half], -1)

    Z = torch.from_numpy(to_chart(cap(8, 0.5, 3)))
    here = sphere()
    there = LatentManifold(lambda y: here.immersion.value(back(y)))
    one, other = TangentPCA(here).fit(Z), TangentPCA(there).fit(bend(Z))
    np.testing.assert_allclose(other.explained_variance_, one.explained_variance_, rtol=1e-5)
    np.testing.assert_allclose(np.abs(other.transform(bend(Z))), np.abs(one.transform(Z)), atol=1e-5)


def test_single_precision_clones_and_points_that_coincide() -> None:
    Z = to_chart(cap(10, 0.5, 4)).astype(np.float32)
    pca = clone(TangentPCA(sphere())).fit(Z)
    assert pca.transform(Z).dtype == np.float32
    assert pca.get_feature_names_out().tolist() == ["tangentpca0", "tangentpca1"]
    nothing = TangentPCA(flat()).fit(np.ones((3, 2)))
    assert nothing.explained_variance_ratio_.tolist() == [0, 0]
    np.testing.assert_allclose(nothing.transform(np.ones((3, 2))), 0, atol=1e-12)


def test_bad_input_is_refused() -> None:
    Z = np.random.default_rng(0).normal(size=(5, 2))
    with pytest.raises(InputError, match="n_components=3 is more than 5 points of 2 latents have: 2"):
        TangentPCA(flat(), n_components=3).fit(Z)
    with pytest.raises(InputError, match="n_components must be a whole number"):
        TangentPCA(flat(), n_components=0).fit(Z)
    pca = TangentPCA(flat(), n_components=1).fit(Z)
    with pytest.raises(InputError, match="3 features"):
        pca.transform(np.zeros((2, 3)))
    with pytest.raises(InputError, match="X must have 1 columns, one a component"):
        pca.inverse_transform(np.zeros((2, 2)))
    with pytest.raises(InputError, match="1 sample"):
        TangentPCA(flat()).fit(Z[:1])
    folded = LatentManifold(lambda z: z[..., :1])
    with pytest.raises(InputError, match="not positive definite"):
        TangentPCA(folded).fit(Z)
