from __future__ import annotations

import math

import pytest
import torch
from charts import bent, cylinder, half_plane, points, smooth_decoder, sphere, sphere_metric, torus, unbent
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from vael.errors import InputError
from vael.geometry import LatentManifold, MetricManifold


def parallel(t: float, count: int) -> Tensor:
    """Round the sphere at one colatitude."""
    turn = torch.linspace(0, 2 * math.pi, count, dtype=torch.float64)
    return torch.stack([torch.full_like(turn, t), turn], -1)


def wiggle(count: int = 60, latent: int = 2) -> Tensor:
    t = torch.linspace(0, 1, count, dtype=torch.float64)
    return torch.stack([0.5 + 0.8 * (3 * t + k).sin() * t for k in range(latent)], -1)


@pytest.mark.parametrize("make", [lambda: LatentManifold(sphere), lambda: MetricManifold(sphere_metric)])
@pytest.mark.parametrize("t", [0.3, 1.0, 1.5])
def test_holonomy_of_the_sphere(make, t) -> None:
    found = make().transport(points((1.0, 0.0))[0], parallel(t, 200))
    # In the orthonormal frame (d_theta, d_phi / sin), a turn by 2 pi cos t.
    turn = math.atan2(float(found[1]) * math.sin(t), float(found[0]))
    holonomy = 2 * math.pi * (1 - math.cos(t))
    assert math.remainder(turn - holonomy, 2 * math.pi) == pytest.approx(0, abs=1e-6) or math.remainder(
        turn + holonomy, 2 * math.pi
    ) == pytest.approx(0, abs=1e-6)
    assert float(make().norm(parallel(t, 2)[0], found)) == pytest.approx(1, abs=1e-8)


def test_holonomy_turns_the_way_the_sphere_curves() -> None:
    # Counter-clockwise round a piece of positive curvature, a vector turns counter-clockwise, by its area.
    t = 0.3
    found = LatentManifold(sphere).transport(points((1.0, 0.0))[0], parallel(t, 200))
    turn = math.atan2(float(found[1]) * math.sin(t), float(found[0]))
    assert turn == pytest.approx(2 * math.pi * (1 - math.cos(t)), abs=1e-6)


def test_cylinders_carry_vectors_unchanged() -> None:
    found = LatentManifold(cylinder).transport(points((1.0, -2.0))[0], wiggle(), path=True)
    torch.testing.assert_close(found, points((1.0, -2.0)).expand(60, 2), rtol=0, atol=1e-12)


@settings(max_examples=2)
@given(st.integers(0, 10**6))
def test_products_are_kept_and_the_way_back_undoes(seed) -> None:
    net = smooth_decoder(seed, 3, activation=nn.SiLU)
    manifold, curve = LatentManifold(net), wiggle(80, 3)
    u, v = torch.randn(2, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    a, b = manifold.transport(torch.stack([u, v]), curve, path=True)
    products = manifold.inner(curve, a, b)
    scale = manifold.norm(curve[0], u) * manifold.norm(curve[0], v)
    assert ((products - products[0]).abs() / scale).max() < 1e-6
    lengths = manifold.norm(curve, a)
    torch.testing.assert_close(lengths, lengths[:1].expand(80), rtol=1e-6, atol=0)
    back = manifold.transport(a[-1], curve.flip(0))
    torch.testing.assert_close(back, u, rtol=0, atol=1e-6)
    there = LatentManifold(lambda y: net(unbent(y)))
    first, last = (torch.autograd.functional.jacobian(bent, curve[i]) for i in (0, -1))
    moved = there.transport(first @ u, bent(curve))
    torch.testing.assert_close(moved, last @ a[-1], rtol=0, atol=1e-4)


def test_a_geodesic_carries_its_own_velocity() -> None:
    manifold = LatentManifold(sphere)
    found = manifold.geodesic(points((1.2, 0.0)), points((0.6, 1.5)), segments=64, tolerance=1e-16)
    carried = manifold.transport(found.velocity(0.0), found)
    torch.testing.assert_close(carried, found.velocity(1.0), rtol=0, atol=1e-3)
    # The angle of any vector with the velocity is kept.
    v = points((0.3, -0.4))
    before = manifold.angle(found.points[:, 0], v, found.velocity(0.0))
    after = manifold.angle(found.points[:, -1], manifold.transport(v, found), found.velocity(1.0))
    torch.testing.assert_close(after, before, rtol=0, atol=1e-3)


def test_error_falls_by_the_fourth_power() -> None:
    manifold, curve = LatentManifold(torus), wiggle(5)
    v = points((0.3, 0.7))[0]
    exact = manifold.transport(v, curve, substeps=256)
    errors = [(manifold.transport(v, curve, substeps=n) - exact).norm() for n in (2, 4, 8)]
    assert errors[1] < errors[0] / 12
    assert errors[2] < errors[1] / 12


def test_shapes() -> None:
    manifold = MetricManifold(half_plane)
    curves = torch.stack([wiggle(20) + 1, wiggle(20) + 2])
    v = torch.randn(3, 1, 2, dtype=torch.float64)
    found = manifold.transport(v, curves)
    assert found.shape == (3, 2, 2)
    assert manifold.transport(v, curves, path=True).shape == (3, 2, 20, 2)
    torch.testing.assert_close(manifold.transport(v[1, 0], curves[1]), found[1, 1])
    assert manifold.transport(v[0, 0], curves[:0]).shape == (0, 2)
    assert manifold.transport(v[0, 0], curves[0, :2]).shape == (2,)
    single = manifold.transport(v.float(), curves.float())
    assert single.dtype == torch.float32
    torch.testing.assert_close(single.double(), found, rtol=1e-4, atol=1e-4)


def test_bad_input_is_told() -> None:
    manifold = LatentManifold(sphere)
    v = points((1.0, 0.0))[0]
    with pytest.raises(InputError, match="a curve is points of shape"):
        manifold.transport(v, points((1.0, 0.0)))
    with pytest.raises(InputError, match="v has 3 components"):
        manifold.transport(torch.ones(3), wiggle())
    with pytest.raises(InputError, match="do not fit"):
        manifold.transport(torch.ones(3, 2), wiggle().expand(2, 60, 2))
    with pytest.raises(InputError, match="substeps must be >= 1"):
        manifold.transport(v, wiggle(), substeps=0)
    bad = points((0.5, 0.0), (0.25, 0.0), (0.0, 0.0), (0.2, 0.0))
    with pytest.raises(InputError, match=r"curve 1 leaves the region .* before its point 2"):
        manifold.transport(v, torch.stack([bad + 1, bad]))
    with pytest.raises(InputError, match="piecewise linear"):
        LatentManifold(smooth_decoder(0, activation=nn.ReLU)).transport(v, wiggle())
