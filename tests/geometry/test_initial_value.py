from __future__ import annotations

import math

import pytest
import torch
from charts import (
    bent,
    cylinder,
    great_circle,
    half_plane,
    points,
    smooth_decoder,
    sphere,
    sphere_metric,
    stereographic,
    torus,
    unbent,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from vael.errors import InputError, VaelWarning
from vael.geometry import LatentManifold, MetricManifold
from vael.geometry.initial_value import flow, shoot


def along_great_circles(manifold: LatentManifold, z: Tensor, v: Tensor) -> Tensor:
    """Where great circles lead, in space."""
    start = manifold.immersion.value(z)
    pushed = torch.einsum("nai,ni->na", manifold.structure.factor(z), v)
    speed = pushed.norm(dim=-1, keepdim=True)
    return start * speed.cos() + pushed / speed * speed.sin()


@pytest.mark.parametrize("chart", [sphere, stereographic])
@pytest.mark.parametrize("latent", [2, 3])
def test_geodesics_of_spheres_are_great_circles(chart, latent) -> None:
    generator = torch.Generator().manual_seed(1)
    z = 1 + 0.4 * torch.rand(8, latent, generator=generator, dtype=torch.float64)
    v = 0.3 * torch.randn(8, latent, generator=generator, dtype=torch.float64)
    manifold = LatentManifold(chart)
    exact = along_great_circles(manifold, z, v)
    errors = [(chart(manifold.exp(z, v, steps)) - exact).abs().max() for steps in (10, 20)]
    assert errors[0] < 1e-5
    assert errors[1] < errors[0] / 10  # of the fourth order


def test_ten_steps_are_good_to_eight_digits_on_the_sphere() -> None:
    manifold, z = LatentManifold(sphere), points((math.pi / 2, 0.0), (1.4, 1.0))
    v = points((0.2, 0.4), (-0.1, 0.3))
    assert (sphere(manifold.exp(z, v, 10)) - along_great_circles(manifold, z, v)).abs().max() < 1e-8


def test_cylinders_and_linear_maps_have_straight_geodesics() -> None:
    z, v = torch.randn(2, 5, 2, dtype=torch.float64)
    for function in (cylinder, lambda z: z @ torch.ones(2, 3, dtype=z.dtype).tril()):
        torch.testing.assert_close(LatentManifold(function).exp(z, v, 4), z + v, rtol=1e-12, atol=1e-12)


def test_the_half_planes_geodesics_are_half_circles() -> None:
    plane = MetricManifold(half_plane)
    # From (0, 1) sideways at speed 1: (tanh t, 1 / cosh t).
    found = plane.exp(points((0.0, 1.0)), points((1.5, 0.0)), 24)
    exact = points((math.tanh(1.5), 1 / math.cosh(1.5)))
    torch.testing.assert_close(found, exact, rtol=0, atol=1e-6)


def test_a_metric_leads_where_its_immersion_leads() -> None:
    z, v = points((1.0, 0.0), (1.2, 1.0)), points((0.1, 0.5), (-0.3, 0.2))
    found = MetricManifold(sphere_metric).exp(z, v, 6)
    torch.testing.assert_close(found, LatentManifold(sphere).exp(z, v, 6), rtol=1e-12, atol=1e-12)


@settings(max_examples=2)
@given(st.integers(0, 10**6))
def test_coordinates_change_no_geodesic_and_there_is_a_way_back(seed) -> None:
    net = smooth_decoder(seed, 3, activation=nn.SiLU)
    here, there = LatentManifold(net), LatentManifold(lambda y: net(unbent(y)))
    generator = torch.Generator().manual_seed(seed)
    z, v = torch.randn(2, 4, 3, generator=generator, dtype=torch.float64)
    v = 0.5 * v
    push = torch.stack([torch.autograd.functional.jacobian(bent, row) for row in z])
    v = 0.5 * v
    way = flow(here, z, v, 12)
    end = way.points[:, -1]
    moved = there.exp(bent(z), torch.einsum("nij,nj->ni", push, v), 12)
    torch.testing.assert_close(moved, bent(end), rtol=0, atol=1e-5)
    torch.testing.assert_close(here.exp(end, -way.velocities[:, -1], 12), z, rtol=0, atol=1e-5)
    speeds = here.norm(way.points, way.velocities)
    torch.testing.assert_close(speeds, speeds[:, :1].expand_as(speeds), rtol=1e-5, atol=0)


def test_geodesics_of_ends_are_those_of_starts() -> None:
    manifold = LatentManifold(smooth_decoder(4))
    a, b = 0.5 * torch.randn(2, 6, 2, dtype=torch.float64)
    v = manifold.log(a, b, segments=64, tolerance=1e-16, polish=False)
    torch.testing.assert_close(manifold.exp(a, v, 20), b, rtol=0, atol=1e-5)


def test_shapes_and_chunks() -> None:
    manifold = LatentManifold(sphere)
    fan, z = torch.randn(3, 2, 2, dtype=torch.float64) * 0.1, points((1.0, 0.5))[0]
    found = manifold.exp(z, fan, 3)
    assert found.shape == (3, 2, 2)
    small = LatentManifold(sphere, memory=2**12)
    torch.testing.assert_close(small.exp(z, fan, 3), found)
    torch.testing.assert_close(manifold.exp(z, fan[2, 1], 3), found[2, 1])
    assert manifold.exp(z, fan[:0], 3).shape == (0, 2, 2)
    assert manifold.exp([1.0, 0.5], [0.0, 0.0], 3).tolist() == pytest.approx([1.0, 0.5])


def test_single_precision() -> None:
    manifold, z, v = LatentManifold(torus), points((0.3, 0.0)), points((0.6, 0.5))
    found = manifold.exp(z.float(), v.float(), 12)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), manifold.exp(z, v, 12), rtol=1e-5, atol=1e-5)


def test_gradients_reach_starts_and_velocities() -> None:
    net = nn.Sequential(nn.Linear(2, 6), nn.LayerNorm(6), nn.Tanh(), nn.Linear(6, 8)).double()
    manifold = LatentManifold(net)
    z, v = points((0.3, -0.2)).requires_grad_(), points((0.04, 0.05)).requires_grad_()
    assert torch.autograd.gradcheck(lambda z, v: manifold.exp(z, v, 2), (z, v), atol=1e-5)
    assert not manifold.exp(z.detach(), v.detach()).requires_grad


@pytest.mark.parametrize(
    ("manifold", "a", "v"),
    [
        (LatentManifold(sphere), (1.2, 0.0), (-0.5, 0.9)),
        (LatentManifold(torus), (0.3, 0.2), (1.2, 0.8)),
        (LatentManifold(smooth_decoder(0)), (0.3, -0.4), (1.0, 0.7)),
        (
            LatentManifold(
                nn.Sequential(nn.Linear(2, 8), nn.LayerNorm(8), nn.SiLU(), nn.Linear(8, 12)).double()
            ),
            (0.3, -0.4),
            (0.4, 0.3),
        ),
        (MetricManifold(half_plane), (0.3, 1.0), (0.9, 0.5)),
    ],
)
def test_shooting_inverts_exp(manifold, a, v) -> None:
    a, v = points(a), points(v)
    b = manifold.exp(a, v, 6)
    rough = torch.stack([v[0] * 0.8 + 0.1, v[0] * 1.15 - 0.05, b[0] - a[0]])
    found = shoot(manifold, a.expand(3, 2), b.expand(3, 2), rough, steps=6)
    assert found.converged.all()
    assert (manifold.exp(a, found.velocity, 6) - b).abs().max() < 1e-9
    torch.testing.assert_close(found.velocity[:2], v.expand(2, 2), rtol=0, atol=1e-8)
    assert not shoot(manifold, a, b, rough[:1], steps=6, iterations=0).converged.any()


def test_shooting_tells_those_that_fail_and_spoils_no_others() -> None:
    plane = LatentManifold(lambda z: torch.cat([z, (z[:, :1] + 1).sqrt()], -1))
    a, v = points((0.0, 0.0), (0.0, 0.0), (1.0, 1.0)), points((0.5, 0.2), (0.1, 0.0), (0.0, 0.0))
    b = torch.stack([plane.exp(a[0], v[0], 8), points((-1.5, 0.0))[0], a[2]])
    found = shoot(plane, a, b, v * 0.9, steps=8)
    assert found.converged.tolist() == [True, False, True]
    torch.testing.assert_close(found.velocity[0], v[0], rtol=0, atol=1e-9)
    assert torch.isfinite(found.velocity).all()
    empty = shoot(plane, a[:0], a[:0], a[:0])
    assert empty.converged.shape == (0,)


def test_trajectories_that_leave_are_told_and_spoil_no_others() -> None:
    # Not finite left of -1: a square root.
    plane = LatentManifold(lambda z: torch.cat([z, (z[:, :1] + 1).sqrt()], -1))
    z = points((0.0, 0.0), (0.0, 0.0), (0.0, 1.0))
    v = points((1.0, 0.0), (-20.0, 0.0), (0.5, 0.5))
    with pytest.raises(InputError, match=r"geodesic of item 1 left the region .* of 12 steps, near point 1"):
        plane.exp(z, v, 12)
    way = flow(plane, z, v, 12)
    assert torch.isfinite(way.points).all()
    assert way.reached.tolist()[::2] == [12, 12]
    assert way.reached[1] < 12
    torch.testing.assert_close(way.points[::2, -1], plane.exp(z[::2], v[::2], 12))


def test_a_start_where_the_metric_is_singular_is_told() -> None:
    with pytest.raises(InputError, match=r"item 1 left .* after 0 of 4"):
        LatentManifold(sphere).exp(points((1.0, 0.0), (0.0, 0.0)), points((0.1, 0.0), (0.1, 0.0)), 4)


def test_steps_that_are_too_long_are_told() -> None:
    with pytest.warns(VaelWarning, match="speed of 1 of 2 geodesics is not constant .that of item 1"):
        LatentManifold(sphere).exp(points((1.2, 0.0), (0.1, 0.0)), points((0.1, 0.1), (0.2, 1.0)), 4)


def test_bad_input_is_told() -> None:
    manifold, z = LatentManifold(sphere), points((1.0, 0.0), (1.0, 1.0))
    with pytest.raises(InputError, match="steps must be >= 1, got 0"):
        manifold.exp(z, z, 0)
    with pytest.raises(InputError, match="v has 3 components"):
        manifold.exp(z, torch.ones(2, 3))
    with pytest.raises(InputError, match="v holds inf at point 0"):
        manifold.exp(z, points((math.inf, 0.0)))
    assert great_circle(sphere(z[0]), sphere(z[0])) == 0
