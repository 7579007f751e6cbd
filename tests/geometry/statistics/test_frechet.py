from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from statistics_charts import (
    SHEAR,
    cap,
    flat,
    from_chart,
    great_circles,
    on_sphere,
    sheared,
    sphere,
    to_chart,
)
from torch import Tensor, nn

from vael.errors import InputError
from vael.geometry import LatentManifold, MetricManifold
from vael.geometry.statistics import frechet_mean

CORNERS = np.eye(3)


def test_the_mean_of_an_eighth_of_the_sphere_is_its_middle() -> None:
    found = frechet_mean(sphere(), to_chart(CORNERS), tolerance=1e-8)
    assert found.converged
    np.testing.assert_allclose(from_chart(found.point), np.ones(3) / math.sqrt(3), atol=2e-8)
    # The angle from the middle to a corner is acos(1 / sqrt 3).
    assert found.variance == pytest.approx(math.acos(1 / math.sqrt(3)) ** 2, abs=1e-7)


def test_the_mean_is_where_the_exact_logarithms_sum_to_nothing() -> None:
    x = cap(40, 0.2, 0)
    weights = np.random.default_rng(1).uniform(size=40)
    found = frechet_mean(sphere(), to_chart(x), weights, segments=64)
    m = from_chart(found.point)
    angle = great_circles(m[None], x)[0]
    towards = x - np.cos(angle)[:, None] * m
    logs = towards / np.linalg.norm(towards, axis=1, keepdims=True) * angle[:, None]
    assert found.converged
    assert np.linalg.norm(weights @ logs) / weights.sum() < 3e-6
    assert found.variance == pytest.approx(weights @ angle**2 / weights.sum(), abs=1e-7)


def test_the_mean_velocity_is_half_the_gradient_of_the_variance() -> None:
    Z, place = torch.from_numpy(to_chart(cap(7, 0.5, 2))), torch.tensor([0.3, -0.1]).double()
    manifold = sphere()
    found = frechet_mean(manifold, Z, start=place, max_steps=0, segments=64)
    at = place.clone().requires_grad_()
    (slope,) = torch.autograd.grad(manifold.distance(at, Z, segments=64).square().mean(), at)
    # -2 G times the mean velocity, whose norm in the metric is the one that is told.
    G = manifold.structure.metric(place[None])[0]
    velocity = -0.5 * torch.linalg.solve(G, slope)
    assert found.steps == 0
    assert not found.converged
    assert found.gradient_norm == pytest.approx(float((velocity @ G @ velocity).sqrt()), rel=1e-5)


@pytest.mark.parametrize(("manifold", "map_"), [(flat(), np.eye(2)), (sheared(), SHEAR.numpy())])
def test_on_a_flat_manifold_it_is_the_arithmetic_mean(manifold: LatentManifold, map_: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    Z, weights = rng.normal(size=(30, 2)), rng.uniform(size=30)
    found = frechet_mean(manifold, Z, weights, start=[5.0, 5.0])
    middle = weights @ Z / weights.sum()
    np.testing.assert_allclose(found.point, middle, atol=1e-9)
    squares = (((Z - middle) @ map_.T) ** 2).sum(1)
    assert found.variance == pytest.approx(weights @ squares / weights.sum())


@pytest.mark.slow
def test_reparametrisation_moves_the_mean_along() -> None:
    def bend(z: Tensor) -> Tensor:
        return torch.stack([z[..., 0] + 0.3 * z[..., 1].sin(), 2 * z[..., 1]], -1)

    def back(y: Tensor) -> Tensor:
        half = y[..., 1] / 2
        return torch.stack([y[..., 0] - 0.3 * half.sin(), half], -1)

    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 10)).double().requires_grad_(False)
    Z = torch.randn(6, 2, dtype=torch.float64)
    here = frechet_mean(LatentManifold(net), Z, segments=64)
    there = frechet_mean(LatentManifold(lambda y: net(back(y))), bend(Z), segments=64)
    assert here.converged
    assert there.converged
    assert there.variance == pytest.approx(here.variance, rel=1e-6)
    np.testing.assert_allclose(there.point, bend(torch.from_numpy(here.point)).numpy(), atol=1e-5)


@pytest.mark.slow
def test_a_piecewise_linear_decoder_has_a_mean() -> None:
    torch.manual_seed(1)
    net = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 10)).double().requires_grad_(False)
    manifold = LatentManifold(net)
    Z = torch.randn(6, 2, dtype=torch.float64)
    found = frechet_mean(manifold, Z, segments=16)
    # No point beside it is nearer to all, but for what the kinks hide.
    turns = torch.arange(8).double() * math.pi / 4
    beside = torch.from_numpy(found.point) + 0.05 * torch.stack([turns.cos(), turns.sin()], -1)
    variances = manifold.distance(beside.unsqueeze(1), Z, segments=16).square().mean(1)
    assert found.variance < 1.005 * float(variances.min())
    middle = manifold.distance(Z.mean(0), Z, segments=16).square().mean()
    assert found.variance < float(middle)


@pytest.mark.slow
def test_a_metric_given_directly_has_the_mean_of_the_immersion() -> None:
    def metric(z: Tensor) -> Tensor:
        return 4 / (1 + z.square().sum(-1))[:, None, None] ** 2 * torch.eye(2, dtype=z.dtype)

    Z = to_chart(CORNERS)
    found = frechet_mean(MetricManifold(metric), Z, tolerance=1e-5, segments=64)
    np.testing.assert_allclose(from_chart(found.point), np.ones(3) / math.sqrt(3), atol=5e-5)


def test_single_precision_and_weights_of_nothing() -> None:
    Z = np.concatenate([to_chart(CORNERS), [[0.7, -0.7]]]).astype(np.float32)
    found = frechet_mean(sphere(), torch.from_numpy(Z), [1, 1, 1, 0])
    assert found.point.dtype == np.float32
    assert found.converged
    np.testing.assert_allclose(from_chart(found.point), np.ones(3) / math.sqrt(3), atol=3e-3)


def test_points_that_coincide_are_their_own_mean() -> None:
    for n in (1, 4):
        found = frechet_mean(sphere(), [[0.2, 0.3]] * n)
        assert found.converged
        assert found.variance == 0
        np.testing.assert_allclose(found.point, [0.2, 0.3], atol=1e-12)


def test_the_start_is_in_the_data_where_the_middle_is_no_place() -> None:
    def off_centre(z: Tensor) -> Tensor:  # not finite near the origin
        return torch.cat([z, (z.square().sum(-1, keepdim=True) - 0.5).sqrt()], -1)

    turns = np.linspace(-2, 2, 9)
    Z = 1.5 * np.stack([np.cos(turns), np.sin(turns)], 1)
    manifold = LatentManifold(off_centre, data=Z)
    found = frechet_mean(manifold, np.concatenate([Z, -Z[4:5]])[:9], max_steps=3)
    assert np.isfinite(found.variance)
    with pytest.raises(InputError, match=r"from \(0, 0\) no geodesics of finite length"):
        frechet_mean(manifold, Z, start=[0.0, 0.0])


def test_bad_input_is_refused() -> None:
    Z = np.zeros((4, 2))
    manifold = LatentManifold(on_sphere, latent=2)
    with pytest.raises(InputError, match="3 coordinates, but this manifold has 2"):
        frechet_mean(manifold, np.zeros((4, 3)))
    with pytest.raises(InputError, match="NaN"):
        frechet_mean(manifold, [[np.nan, 0.0]])
    with pytest.raises(InputError, match="weights must be 4 numbers"):
        frechet_mean(manifold, Z, [1.0, 2.0])
    with pytest.raises(InputError, match="none negative"):
        frechet_mean(manifold, Z, [1.0, 2.0, -1.0, 1.0])
    with pytest.raises(InputError, match=r"start must be one point of shape \(2,\)"):
        frechet_mean(manifold, Z, start=[[0.0, 0.0]])
    with pytest.raises(InputError, match="n >= 1"):
        frechet_mean(manifold, torch.zeros(0, 2))
