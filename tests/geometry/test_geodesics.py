from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import dijkstra
from torch import Tensor, nn

from ring import ring
from vael.errors import InputError, VaelWarning
from vael.geometry import LatentManifold, Manifold, MetricManifold
from vael.geometry.geodesics import DataGraph
from vael.geometry.geodesics.blocks import Blocks, refined
from vael.geometry.geodesics.lengths import curve_length
from vael.geometry.immersion import Immersion


def points(*rows: tuple[float, ...]) -> Tensor:
    return torch.tensor(rows, dtype=torch.float64)


def sphere(z: Tensor) -> Tensor:
    t, p = z[..., 0], z[..., 1]
    return torch.stack([t.sin() * p.cos(), t.sin() * p.sin(), t.cos()], -1)


def paraboloid(z: Tensor) -> Tensor:
    return torch.cat([z, z.square().sum(-1, keepdim=True) / 2], -1)


def cylinder(z: Tensor) -> Tensor:
    return torch.stack([z[..., 0].cos(), z[..., 0].sin(), z[..., 1]], -1)


def great_circle(a: Tensor, b: Tensor) -> Tensor:
    P, Q = sphere(a), sphere(b)
    return torch.atan2(torch.linalg.cross(P, Q).norm(dim=-1), (P * Q).sum(-1))


def smooth_decoder(seed: int, latent: int = 2, outputs: int = 20) -> nn.Module:
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Linear(latent, 16), nn.Tanh(), nn.Linear(16, outputs)).double()
    return net.requires_grad_(False)


CLOSED_FORMS = [
    (sphere, (1.2, 0.0), (0.6, 1.5), 1.227817887617859),
    (sphere, (math.pi / 4, 0.0), (math.pi / 4, math.pi / 2), math.pi / 3),
    (paraboloid, (0.0, 0.0), (1.0, 0.0), 1.147793574696319),
    (cylinder, (0.0, 0.0), (2.0, 1.0), math.sqrt(5)),
]


@pytest.mark.parametrize(("chart", "a", "b", "expected"), CLOSED_FORMS)
def test_lengths_are_those_of_closed_forms(chart, a, b, expected) -> None:
    manifold = LatentManifold(chart)
    found = manifold.geodesic(points(a), points(b), segments=64)
    assert found.converged.all()
    assert abs(float(found.length) - expected) < 1e-7
    assert found.energy.item() == pytest.approx(expected**2, rel=1e-3)
    assert found.constant_speed.item() > 1 - 1e-6


@pytest.mark.parametrize(("chart", "a", "b", "expected"), CLOSED_FORMS)
def test_single_precision_is_good_to_a_ten_thousandth(chart, a, b, expected) -> None:
    found = LatentManifold(chart).geodesic(points(a).float(), points(b).float())
    assert found.length.dtype == torch.float32
    assert float(found.length) == pytest.approx(expected, rel=1e-4)


def test_a_metric_given_directly_has_the_same_geodesics() -> None:
    def metric(z: Tensor) -> Tensor:
        return torch.diag_embed(torch.stack([torch.ones_like(z[:, 0]), z[:, 0].sin() ** 2], -1))

    a, b = points((1.2, 0.0), (0.9, -1.0)), points((0.6, 1.5), (2.0, 0.3))
    found = MetricManifold(metric).geodesic(a, b, segments=64)
    torch.testing.assert_close(found.length, great_circle(a, b), rtol=0, atol=1e-7)


def test_chords_of_a_great_circle_are_too_short_by_the_known_part() -> None:
    a, b = points((math.pi / 4, 0.0)), points((math.pi / 4, math.pi / 2))
    for T in (16, 32):
        found = LatentManifold(sphere).geodesic(a, b, segments=T, tolerance=1e-16)
        chords = (T * found.energy).sqrt() / math.sqrt(T)
        L = math.pi / 3
        missing = float(1 - chords / L)
        assert missing == pytest.approx(L**2 / (24 * T**2), rel=2e-3)


@settings(max_examples=15)
@given(st.integers(0, 10**6))
def test_distances_are_a_metric(seed: int) -> None:
    decoder = smooth_decoder(seed % 7)
    manifold = LatentManifold(decoder)
    a, b, c = torch.randn(3, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    ends = torch.stack([a, b, b, a, a]), torch.stack([b, a, c, c, a])
    ab, ba, bc, ac, aa = manifold.distance(*ends).tolist()
    assert ab == pytest.approx(ba, rel=1e-8)
    assert aa == 0
    assert ac <= (ab + bc) * (1 + 1e-8)
    assert ab >= float((decoder(a) - decoder(b)).norm())


@settings(max_examples=15)
@given(st.integers(0, 10**6))
def test_reparametrisation_changes_no_distance(seed: int) -> None:
    decoder = smooth_decoder(seed % 5)
    generator = torch.Generator().manual_seed(seed)
    a, b = torch.randn(2, 4, 2, generator=generator, dtype=torch.float64)
    turn = torch.randn(2, 2, generator=generator, dtype=torch.float64) + 2 * torch.eye(2)
    if torch.linalg.det(turn).abs() < 0.3:
        return

    def back(y: Tensor) -> Tensor:  # of h: a bend, then a linear map
        x = y @ torch.linalg.inv(turn).T
        return torch.stack([x[..., 0], x[..., 1] - 0.3 * x[..., 0].sin()], -1)

    def forth(z: Tensor) -> Tensor:
        return torch.stack([z[..., 0], z[..., 1] + 0.3 * z[..., 0].sin()], -1) @ turn.T

    here = LatentManifold(decoder).distance(a, b, segments=64)
    there = LatentManifold(lambda y: decoder(back(y))).distance(forth(a), forth(b), segments=64)
    torch.testing.assert_close(here, there, rtol=1e-6, atol=1e-9)


def test_no_curve_on_the_ring_is_bad() -> None:
    function, Z = ring(0)
    generator = torch.Generator().manual_seed(1)
    a, b = (Z[torch.randint(len(Z), (40,), generator=generator)] for _ in range(2))
    known = Manifold(Immersion(function), data=Z)
    found = known.geodesic(a, b, segments=32)
    best = known.geodesic(a, b, segments=128)
    fine = [known.structure.squares(x(np.linspace(0, 1, 1025))).sqrt().sum(-1) for x in (found, best)]
    assert (fine[0] <= 1.01 * torch.minimum(*fine)).all()
    # Across the hole it is shorter in the coordinates, and several times as long.
    ends = points((2.0, 0.0)), points((-2.0, 0.0))
    assert float(known.geodesic(*ends).straight_excess) > 1


def test_items_that_are_bad_spoil_no_others() -> None:
    def half(z: Tensor) -> Tensor:  # not finite left of -1
        return torch.stack([z[..., 0], z[..., 1], (z[..., 0] + 1).sqrt()], -1)

    manifold = LatentManifold(half)
    a, b = points((0.0, 0.0), (-2.0, 0.0), (1.0, 1.0)), points((1.0, 1.0), (0.0, 0.0), (1.0, 1.0))
    found = manifold.geodesic(a, b)
    alone = manifold.geodesic(a[:1], b[:1])
    assert found.converged.tolist() == [True, False, True]
    torch.testing.assert_close(found.length[:1], alone.length)
    assert found.length[2] == 0
    assert found.straight_excess[2] == 0
    assert torch.isfinite(found.points).all()


def test_results_are_the_same_alone_and_in_a_batch() -> None:
    manifold = LatentManifold(smooth_decoder(3))
    a, b = torch.randn(2, 30, 2, dtype=torch.float64)
    together = manifold.geodesic(a, b)
    alone = [manifold.geodesic(x, y) for x, y in zip(a, b)]
    torch.testing.assert_close(together.length, torch.stack([x.length for x in alone]), rtol=1e-9, atol=0)


def test_shapes_broadcast_and_the_curve_is_called() -> None:
    manifold = LatentManifold(cylinder)
    a, b = torch.zeros(3, 1, 2).double(), torch.randn(1, 4, 2).double()
    found = manifold.geodesic(a, b)
    assert found.points.shape == (3, 4, 33, 2)
    assert found.length.shape == found.converged.shape == (3, 4)
    assert found(0.5).shape == (3, 4, 2)
    assert found([0, 0.5, 1]).shape == (3, 4, 3, 2)
    torch.testing.assert_close(found(0.25), 0.75 * a + 0.25 * b)
    torch.testing.assert_close(found.velocity(0.3), (b - a).expand(3, 4, 2))
    single = manifold.geodesic(points((0.0, 0.0))[0], points((1.0, 1.0))[0])
    assert single.length.shape == ()
    assert "33" not in repr(single)
    assert "32 segments" in repr(single)
    with pytest.raises(InputError, match=r"t in \[0, 1\]"):
        found(1.5)


def test_one_latent_is_a_curve() -> None:
    helix = LatentManifold(lambda z: torch.cat([z.cos(), z.sin(), z], -1))
    found = helix.geodesic(torch.zeros(1, 1).double(), torch.full((1, 1), 3.0).double(), segments=64)
    assert float(found.length) == pytest.approx(3 * math.sqrt(2), abs=1e-7)


def test_a_linear_decoder_is_flat() -> None:
    W = torch.randn(8, 3, dtype=torch.float64)
    manifold = LatentManifold(lambda z: z @ W.T)
    a, b = torch.randn(2, 5, 3, dtype=torch.float64)
    found = manifold.geodesic(a, b)
    torch.testing.assert_close(found.length, ((a - b) @ W.T).norm(dim=-1))
    assert found.straight_excess.max() < 1e-12
    assert found.steps.max() == 0
    torch.testing.assert_close(manifold.log(a, b), b - a)


def test_a_jacobian_of_lower_rank_still_has_lengths() -> None:
    manifold = LatentManifold(lambda z: torch.cat([z[..., :1], z[..., :1].sin()], -1))
    found = manifold.geodesic(points((0.0, 0.0)), points((1.0, 1.0)), segments=64)
    x = torch.linspace(0, 1, 200001, dtype=torch.float64)
    exact = torch.trapezoid((1 + x.cos() ** 2).sqrt(), x)
    assert float(found.length) == pytest.approx(float(exact), abs=1e-7)


@pytest.mark.parametrize("graph", [False, True])
def test_gradients_of_distances_are_those_of_closed_forms(graph: bool) -> None:
    a, b = points((1.2, 0.0), (0.5, 0.5)), points((0.6, 1.5), (0.5, 0.5))
    data = torch.rand(50, 2, dtype=torch.float64) + 0.5
    manifold = LatentManifold(sphere, data=data if graph else None)
    x, y = a.clone().requires_grad_(), b.clone().requires_grad_()
    found = torch.autograd.grad(manifold.distance(x, y, segments=64, tolerance=1e-16)[0], (x, y))
    u, v = a.clone().requires_grad_(), b.clone().requires_grad_()
    exact = torch.autograd.grad(great_circle(u, v)[0], (u, v))
    for one, other in zip(found, exact):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-6)
    zero = torch.autograd.grad(manifold.distance(x, y)[1], x)[0]
    assert (zero == 0).all()  # ends that coincide


def test_gradients_reach_the_decoder_where_they_are_asked_for() -> None:
    net = smooth_decoder(0).requires_grad_(True)
    a, b = torch.randn(2, 3, 2, dtype=torch.float64)
    assert not LatentManifold(net).distance(a, b).requires_grad
    LatentManifold(net).distance(a, b, segments=64, trace=True).sum().backward()
    weight = net[2].weight
    with torch.no_grad():
        direction = torch.randn_like(weight)
        step = 1e-4
        values = []
        for sign in (1, -1):
            weight += sign * step * direction
            values.append(LatentManifold(net).distance(a, b, segments=64).sum())
            weight -= sign * step * direction
    slope = (values[0] - values[1]) / (2 * step)
    assert float((weight.grad * direction).sum()) == pytest.approx(float(slope), rel=1e-5)


def test_the_logarithm_is_the_great_circles_direction() -> None:
    a, b = points((1.2, 0.0), (math.pi / 4, 0.0), (1.0, 1.0)), points((0.6, 1.5), (1.0, 1.2), (1.0, 1.0))
    manifold = LatentManifold(sphere)
    v = manifold.log(a, b, segments=64, tolerance=1e-16, polish=False)
    torch.testing.assert_close(manifold.exp(a, manifold.log(a, b)), b, rtol=0, atol=1e-9)
    P, Q = sphere(a), sphere(b)
    across = Q - P * (P * Q).sum(-1, keepdim=True)
    unit = across / across.norm(dim=-1, keepdim=True).clamp(min=1e-300)
    pushed = torch.einsum("nai,ni->na", manifold.structure.factor(a), v)
    torch.testing.assert_close(pushed, unit * great_circle(a, b)[:, None], rtol=0, atol=1e-7)


# -- all pairs ---------------------------------------------------------------------------------------------


def test_pairwise_by_graph_is_near_and_refined_is_exact() -> None:
    generator = torch.Generator().manual_seed(0)
    Z = torch.rand(300, 2, generator=generator, dtype=torch.float64) * 1.2 + 0.5
    manifold = LatentManifold(sphere, data=Z)
    exact = great_circle(Z[:20, None], Z[None, :20])
    rough = manifold.pairwise(Z)[:20, :20]
    apart = ~torch.eye(20, dtype=torch.bool)
    assert (rough[apart] >= exact[apart] * (1 - 1e-4)).all()
    assert (rough / exact - 1)[apart].median() < 0.02
    fine = manifold.pairwise(Z[:20], refine=True, segments=64)
    torch.testing.assert_close(fine, exact, rtol=0, atol=1e-6)
    for found in (rough, fine):
        assert (found == found.T).all()
        assert (found.diagonal() == 0).all()


def test_pairwise_of_points_that_coincide() -> None:
    Z = points((0.0, 0.0), (1.0, 0.0), (0.0, 0.0), (1.0, 1.0))
    found = LatentManifold(lambda z: z * 2).pairwise(Z)
    torch.testing.assert_close(found, 2 * torch.cdist(Z, Z))
    assert LatentManifold(cylinder).pairwise(Z[:1]).tolist() == [[0.0]]


def test_a_graph_in_parts_says_which() -> None:
    Z = torch.cat([torch.randn(20, 2), torch.randn(30, 2) + 100]).double()
    manifold = LatentManifold(lambda z: z)
    with pytest.raises(InputError, match=r"2 parts \(20 points, row 0 among them; 30 points, row 20 among"):
        manifold.pairwise(Z, neighbours=5, connect="error")
    with pytest.warns(VaelWarning, match="joined by straight lines"):
        found = manifold.pairwise(Z, neighbours=5)
    assert torch.isfinite(found).all()
    assert (found >= torch.cdist(Z, Z) - 1e-9).all()


# -- parts -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("latent", [1, 2, 5])
def test_block_elimination_solves_the_dense_system(latent: int) -> None:
    manifold = LatentManifold(smooth_decoder(1, latent), latent=latent)
    curves = torch.randn(3, 7, latent, dtype=torch.float64)
    blocks = Blocks.of(manifold.structure.segments(curves))
    right = torch.randn(3, 5, latent, dtype=torch.float64)
    found = blocks.solve(right, torch.tensor([0.0, 0.1, 3.0]))
    for c, damping in enumerate((0.0, 0.1, 3.0)):
        dense = torch.zeros(5 * latent, 5 * latent, dtype=torch.float64)
        for i in range(5):
            here = slice(i * latent, (i + 1) * latent)
            dense[here, here] = (1 + damping) * blocks.diagonal[c, i]
            if i < 4:
                after = slice((i + 1) * latent, (i + 2) * latent)
                dense[here, after] = blocks.upper[c, i]
                dense[after, here] = blocks.upper[c, i].T
        torch.testing.assert_close(found[c].flatten(), torch.linalg.solve(dense, right[c].flatten()))


def test_gradients_are_those_of_the_energy() -> None:
    manifold = LatentManifold(smooth_decoder(2))
    curves = torch.randn(4, 9, 2, dtype=torch.float64, requires_grad=True)
    half = (
        0.5 * manifold.immersion.value(curves.reshape(-1, 2)).unflatten(0, (4, 9)).diff(dim=1).square().sum()
    )
    (exact,) = torch.autograd.grad(half, curves)
    with torch.no_grad():
        found = manifold.structure.segments(curves)
        squares, gradient = manifold.structure.gradient(curves)
    torch.testing.assert_close(found.gradient, exact[:, 1:-1])
    torch.testing.assert_close(gradient, exact[:, 1:-1])
    torch.testing.assert_close(squares, found.squares)


def test_refined_segments_are_exact_where_the_jacobian_is_linear() -> None:
    manifold = LatentManifold(paraboloid)
    ends = torch.randn(2, 3, 2, dtype=torch.float64)
    fine = torch.stack(
        [torch.lerp(x[:-1, None], x[1:, None], torch.arange(4)[:, None].double() / 4) for x in ends]
    )
    fine = torch.cat([fine.flatten(1, 2), ends[:, -1:]], 1)
    found = refined(manifold.structure.segments(ends), 4)
    exact = manifold.structure.segments(fine)
    for name in ("start", "cross", "end"):
        torch.testing.assert_close(getattr(found, name), getattr(exact, name))


# -- the door ----------------------------------------------------------------------------------------------


def test_points_are_checked_at_the_door() -> None:
    manifold = LatentManifold(smooth_decoder(0))
    good = torch.zeros(4, 2, dtype=torch.float64)
    with pytest.raises(InputError, match="b has points of 3 coordinates, but this manifold has 2"):
        manifold.geodesic(good, torch.zeros(4, 3))
    bad = good.clone()
    bad[2, 1] = torch.nan
    with pytest.raises(InputError, match="a holds nan at point 2, coordinate 1"):
        manifold.distance(bad, good)
    with pytest.raises(InputError, match="do not fit"):
        manifold.geodesic(good, good[:3])
    with pytest.raises(InputError, match="segments must be >= 2"):
        manifold.geodesic(good, good, segments=1)
    with pytest.raises(InputError, match="connect must be"):
        manifold.pairwise(good, connect="no")


def test_a_decoder_in_training_mode_is_evaluated() -> None:
    net = nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Dropout(0.5), nn.Linear(8, 5))
    net.train()
    manifold = LatentManifold(net)
    a, b = torch.randn(2, 6, 2)
    found = manifold.distance(a, b)
    torch.testing.assert_close(found[:1], manifold.distance(a[:1], b[:1]))
    assert net.training
    assert net[1].training
    assert (net[1].running_mean == 0).all()


def test_a_line_through_what_is_not_finite_is_infinitely_long() -> None:
    squares = torch.tensor([[1.0, torch.nan, 4.0, 0.0], [1.0, 1.0, 1.0, 0.0]], requires_grad=True)
    found = curve_length(squares, squares[:, ::2])
    assert found.tolist() == [math.inf, pytest.approx((4 * 3 - 2) / 3)]
    (slope,) = torch.autograd.grad(found[1], squares)
    assert torch.isfinite(slope[1]).all()
    half = LatentManifold(lambda z: torch.cat([z, z[..., :1].sqrt()], -1))
    Z = points((1.0, 0.0), (2.0, 0.0), (-3.0, 0.0))
    graph = DataGraph.of(half.structure, Z, 2)
    assert graph.lengths.toarray()[0, 1] > 1
    assert np.isinf(dijkstra(graph.lengths, indices=0)[2])
