from __future__ import annotations

import math

import pytest
import torch
from charts import (
    bent,
    cylinder,
    half_plane,
    paraboloid,
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

from vael.errors import InputError
from vael.geometry import LatentManifold, MetricManifold
from vael.geometry.chorded import NormalFisherRao
from vael.geometry.half_plane import normal_fisher_rao_chord
from vael.geometry.manifold import Manifold

EXACT = {"rtol": 0.0, "atol": 1e-10}


def some(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def intrinsic(manifold: Manifold) -> MetricManifold:
    """The same metric, without its immersion."""
    return MetricManifold(lambda z: manifold.structure.factor(z).mT @ manifold.structure.factor(z))


@pytest.mark.parametrize(
    ("chart", "exact", "mean"),
    [
        (sphere, lambda z: torch.ones_like(z[:, 0]), lambda z: torch.ones_like(z[:, 0])),
        (stereographic, lambda z: torch.ones_like(z[:, 0]), lambda z: torch.ones_like(z[:, 0])),
        (
            torus,
            lambda z: z[:, 0].cos() / (2 + z[:, 0].cos()),
            lambda z: (1 + z[:, 0].cos() / (2 + z[:, 0].cos())).abs() / 2,
        ),
        (
            paraboloid,
            lambda z: (1 + z.square().sum(1)) ** -2,
            lambda z: (2 + z.square().sum(1)) / (2 * (1 + z.square().sum(1)) ** 1.5),
        ),
        (cylinder, lambda z: torch.zeros_like(z[:, 0]), lambda z: torch.full_like(z[:, 0], 0.5)),
    ],
)
def test_surfaces_have_the_curvatures_of_closed_forms(chart, exact, mean) -> None:
    z = 0.3 + 2.2 * some(20, 2)
    manifold = LatentManifold(chart)
    torch.testing.assert_close(manifold.curvature(z), exact(z), **EXACT)
    torch.testing.assert_close(manifold.scalar(z), 2 * exact(z), **EXACT)
    torch.testing.assert_close(manifold.ricci(z), exact(z)[:, None, None] * manifold.metric(z), **EXACT)
    torch.testing.assert_close(manifold.mean_curvature(z), mean(z), **EXACT)
    torch.testing.assert_close(intrinsic(manifold).curvature(z), exact(z), **EXACT)


def test_the_torus_of_the_books() -> None:
    found = LatentManifold(torus).curvature(points((math.pi / 3, 0.0), (math.pi, 1.0)))
    torch.testing.assert_close(found, torch.tensor([0.2, -1.0], dtype=torch.float64), **EXACT)


def test_cumulative_products_with_zeros_are_differentiated_right() -> None:
    z = points((1.0, 0.0), (1.0, math.pi))  # the chart is made of them
    torch.testing.assert_close(LatentManifold(sphere).curvature(z), torch.ones(2).double(), **EXACT)
    acceleration = LatentManifold(sphere).structure.acceleration(z, torch.ones_like(z), torch.ones_like(z))
    torch.testing.assert_close(acceleration[:, 1], -2 / z[:, 0].tan())


def test_the_torus_curves_by_nothing_in_all() -> None:
    turn = torch.arange(64, dtype=torch.float64) * (2 * math.pi / 64)
    z = torch.stack([turn, torch.zeros_like(turn)], -1)
    manifold = LatentManifold(torus)
    weight = manifold.log_volume(z).exp()
    assert abs(float((manifold.curvature(z) * weight).sum())) < 1e-10
    assert float((manifold.curvature(z).abs() * weight).sum()) > 1


def test_linear_maps_are_flat() -> None:
    W = torch.randn(6, 3, dtype=torch.float64)
    manifold, z = LatentManifold(lambda z: z @ W.T), torch.randn(4, 3, dtype=torch.float64)
    assert manifold.ricci(z).abs().max() == 0
    assert manifold.mean_curvature(z).abs().max() == 0
    assert LatentManifold(lambda z: z).curvature(z[:, :2]).abs().max() == 0  # of no codimension


@pytest.mark.parametrize("latent", [3, 4])
@pytest.mark.parametrize("chart", [sphere, stereographic])
@pytest.mark.parametrize("immersed", [True, False])
def test_spheres_of_more_dimensions(latent, chart, immersed) -> None:
    manifold = LatentManifold(chart)
    if not immersed:
        manifold = intrinsic(manifold)
    z, u, v = 0.5 + some(4, latent), some(4, latent, seed=1) - 0.5, some(4, latent, seed=2) - 0.5
    one = torch.ones(4, dtype=torch.float64)
    torch.testing.assert_close(manifold.sectional(z, u, v), one, **EXACT)
    torch.testing.assert_close(manifold.ricci(z), (latent - 1) * manifold.metric(z), **EXACT)
    torch.testing.assert_close(manifold.scalar(z), latent * (latent - 1) * one, **EXACT)
    if immersed:
        torch.testing.assert_close(manifold.mean_curvature(z), one, **EXACT)


def test_metrics_of_the_books() -> None:
    z = 0.4 + some(6, 2)
    torch.testing.assert_close(MetricManifold(sphere_metric).curvature(z), torch.ones(6).double(), **EXACT)
    plane = MetricManifold(half_plane)
    torch.testing.assert_close(plane.curvature(z), -torch.ones(6).double(), **EXACT)
    torch.testing.assert_close(plane.ricci(z), -plane.metric(z), **EXACT)
    with pytest.raises(InputError, match="no immersion"):
        plane.mean_curvature(z)


def test_normal_laws_have_curvature_minus_one_half() -> None:
    structure = NormalFisherRao(lambda z: (z[:, :1], z[:, 1:].exp()), normal_fisher_rao_chord)
    found = Manifold(structure).curvature(some(5, 2))
    torch.testing.assert_close(found, torch.full((5,), -0.5).double(), **EXACT)


def test_a_product_curves_where_its_factors_do() -> None:
    def product(z: Tensor) -> Tensor:
        return torch.cat([sphere(z[:, :2]), 3 * sphere(z[:, 2:])], -1)

    manifold, z = LatentManifold(product), 0.5 + some(3, 4)
    e = torch.eye(4, dtype=torch.float64)
    for (i, j), exact in {(0, 1): 1.0, (2, 3): 1 / 9, (0, 2): 0.0, (1, 3): 0.0}.items():
        found = manifold.sectional(z, e[i], e[j])
        torch.testing.assert_close(found, torch.full((3,), exact, dtype=torch.float64), **EXACT)
    torch.testing.assert_close(manifold.scalar(z), torch.full((3,), 2 + 2 / 9, dtype=torch.float64), **EXACT)


@settings(max_examples=4)
@given(st.integers(0, 10**6), st.sampled_from([nn.Tanh, nn.SiLU, nn.Softplus]), st.integers(2, 3))
def test_the_gauss_equation_agrees_with_the_metrics_derivatives(seed, activation, latent) -> None:
    manifold = LatentManifold(smooth_decoder(seed, latent, activation=activation))
    z = torch.randn(3, latent, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    u, v = some(3, latent, seed=seed) - 0.5, some(3, latent, seed=seed + 1) - 0.5
    inner = intrinsic(manifold)
    scale = float(manifold.ricci(z).abs().max()) + 1
    close = {"rtol": 1e-8, "atol": 1e-8 * scale}
    torch.testing.assert_close(manifold.sectional(z, u, v), inner.sectional(z, u, v), **close)
    torch.testing.assert_close(manifold.ricci(z), inner.ricci(z), **close)
    torch.testing.assert_close(manifold.scalar(z), inner.scalar(z), **close)


@settings(max_examples=4)
@given(st.integers(0, 10**6))
def test_coordinates_change_no_curvature(seed) -> None:
    net = smooth_decoder(seed, 3)
    here, there = LatentManifold(net), LatentManifold(lambda y: net(unbent(y)))
    z = torch.randn(3, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    u, v = some(3, 3, seed=seed) - 0.5, some(3, 3, seed=seed + 1) - 0.5
    push = torch.stack([torch.autograd.functional.jacobian(bent, row) for row in z])
    U, V = (torch.einsum("nij,nj->ni", push, w) for w in (u, v))
    close = {"rtol": 1e-9, "atol": 1e-9 * (1 + float(here.scalar(z).abs().max()))}
    torch.testing.assert_close(there.sectional(bent(z), U, V), here.sectional(z, u, v), **close)
    torch.testing.assert_close(there.scalar(bent(z)), here.scalar(z), **close)
    torch.testing.assert_close(there.mean_curvature(bent(z)), here.mean_curvature(z), **close)
    ricci = push.mT @ there.ricci(bent(z)) @ push
    torch.testing.assert_close(ricci, here.ricci(z), rtol=1e-8, atol=1e-8)


def test_sectional_curvature_is_of_the_plane_alone() -> None:
    manifold, z = LatentManifold(smooth_decoder(3, 3)), some(5, 3)
    u, v = some(5, 3, seed=1) - 0.5, some(5, 3, seed=2) - 0.5
    found = manifold.sectional(z, u, v)
    torch.testing.assert_close(manifold.sectional(z, 5 * v - u, u + 1e-3 * v), found, rtol=1e-8, atol=1e-8)
    # The Ricci curvature of a unit vector is the sum over planes through it and an orthonormal frame.
    L = torch.linalg.cholesky(manifold.metric(z))
    frame = torch.linalg.inv(L).mT
    sums = sum(manifold.sectional(z, frame[:, :, 0], frame[:, :, k]) for k in (1, 2))
    exact = torch.einsum("ni,nij,nj->n", frame[:, :, 0], manifold.ricci(z), frame[:, :, 0])
    torch.testing.assert_close(sums, exact, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("immersed", [True, False])
def test_single_precision(immersed) -> None:
    z = 0.5 + 2 * some(50, 2)
    for chart in (sphere, torus, paraboloid):
        manifold = LatentManifold(chart) if immersed else intrinsic(LatentManifold(chart))
        found = manifold.curvature(z.float())
        assert found.dtype == torch.float32
        torch.testing.assert_close(found.double(), manifold.curvature(z), rtol=1e-4, atol=1e-4)
    net = smooth_decoder(0)
    double = LatentManifold(net).curvature(z)
    single = LatentManifold(net.float()).curvature(z)
    assert (single - double).abs().max() < 1e-3 * double.abs().max()


# -- what torch's second derivatives in forward mode get wrong ---------------------------------------------


def by_differences(function, z: Tensor, step: float = 1e-3) -> Tensor:
    """Curvature of two latents, of derivatives by central differences of the fourth order."""
    offsets = torch.arange(-3, 4, dtype=torch.float64)
    first = torch.tensor([-1, 9, -45, 0, 45, -9, 1]).double() / 60
    second = torch.tensor([2, -27, 270, -490, 270, -27, 2]).double() / 180
    x, y = torch.meshgrid(offsets, offsets, indexing="ij")
    grid = z + step * torch.stack([x, y], -1)
    F = function(grid.reshape(-1, 2)).detach().reshape(7, 7, -1)
    unit = torch.eye(7, dtype=torch.float64)[3]
    d = [
        [torch.einsum("ijn,i,j->n", F, a, b) for a, b in rows]
        for rows in ([(first, unit), (unit, first)], [(second, unit), (first, first), (unit, second)])
    ]
    J = torch.stack(d[0], -1) / step
    bends = torch.stack(d[1], -1) / step**2
    P = torch.eye(len(J), dtype=torch.float64) - J @ torch.linalg.pinv(J)
    xx, xy, yy = (P @ bends).unbind(-1)
    return (xx @ yy - xy @ xy) / torch.linalg.det(J.T @ J)


@pytest.mark.filterwarnings("ignore:There is a performance drop")
@pytest.mark.parametrize(
    "middle",
    [
        nn.LayerNorm(12),
        nn.Sequential(nn.Unflatten(1, (3, 4)), nn.GroupNorm(3, 3), nn.Flatten()),
        nn.Sequential(nn.Unflatten(1, (3, 4)), nn.InstanceNorm1d(3, affine=True), nn.Flatten()),
        nn.Sequential(nn.Unflatten(1, (3, 4)), nn.InstanceNorm1d(3, track_running_stats=True), nn.Flatten()),
        nn.RMSNorm(12),
        nn.BatchNorm1d(12),
        nn.GLU(),
        nn.Softmax(-1),
    ],
    ids=lambda m: type(m[1] if isinstance(m, nn.Sequential) else m).__name__,
)
def test_every_kind_of_layer_has_its_curvature(middle) -> None:
    wide = 6 if isinstance(middle, nn.GLU) else 12
    net = nn.Sequential(nn.Linear(2, 12), nn.Tanh(), middle, nn.Linear(wide, 9), nn.SiLU()).double()
    z = points((0.4, -0.7))
    manifold = LatentManifold(net)
    net.eval()
    exact = by_differences(net, z)
    torch.testing.assert_close(manifold.curvature(z)[0], exact, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(intrinsic(manifold).curvature(z)[0], exact, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    "scale",
    [
        lambda A: torch.linalg.det(A) - 3,
        lambda A: torch.det(A) - 3,
        lambda A: torch.logdet(A),
        lambda A: A.slogdet().logabsdet,
        lambda A: torch.linalg.solve(A, torch.ones(A.shape[0], 2, dtype=A.dtype)).sum(-1),
        lambda A: torch.linalg.solve(A, A + torch.ones_like(A), left=False).sum((-2, -1)),
        lambda A: torch.cholesky_inverse(torch.linalg.cholesky(A)).sum((-2, -1)),
    ],
)
def test_metrics_that_solve_and_take_determinants(scale) -> None:
    def matrix(z: Tensor) -> Tensor:
        B = torch.stack([z.sin() + 1, z.flip(-1) * z[:, :1]], -1)
        return B @ B.mT + torch.eye(2, dtype=z.dtype)

    def metric(z: Tensor) -> Tensor:  # conformal: K = - Laplace(f) exp(-2 f)
        return torch.eye(2, dtype=z.dtype) * (0.2 * scale(matrix(z))).exp()[:, None, None]

    z, step = points((0.4, 0.9)), 1e-3
    stencil = torch.tensor([2, -27, 270, -490, 270, -27, 2]).double() / (180 * step**2)
    offsets = step * torch.arange(-3, 4, dtype=torch.float64)[:, None] * torch.eye(2)[:, None].double()
    f = 0.1 * scale(matrix((z + offsets).reshape(-1, 2))).reshape(2, 7)
    exact = -(f @ stencil).sum() * (-2 * 0.1 * scale(matrix(z))).exp()
    torch.testing.assert_close(MetricManifold(metric).curvature(z), exact, rtol=1e-6, atol=1e-8)


# -- bad input ---------------------------------------------------------------------------------------------


def test_piecewise_linear_decoders_are_refused() -> None:
    net = smooth_decoder(0, activation=nn.ReLU)
    z, u, v = some(4, 2), points((1.0, 0.0)), points((0.0, 1.0))
    manifold = LatentManifold(net)
    calls = [manifold.curvature, manifold.ricci, manifold.scalar, manifold.mean_curvature]
    for call in [*calls, lambda z: manifold.sectional(z, u, v), lambda z: manifold.exp(z, u)]:
        with pytest.raises(InputError, match=r'piecewise linear \(ReLU\).*activation="silu"'):
            call(z)
    for seen in (z, z[:1]):  # nothing but numbers tells
        with pytest.raises(InputError, match="piecewise linear: its second derivatives are zero"):
            LatentManifold(lambda y: net(y)).curvature(seen)
    assert LatentManifold(lambda y: net[0](y)).curvature(z).abs().max() == 0  # linear is not piecewise


def test_bad_input_is_told() -> None:
    manifold, z = LatentManifold(sphere), points((1.0, 0.0), (1.0, 1.0))
    with pytest.raises(InputError, match="two latents, these points have 3"):
        manifold.curvature(torch.ones(3))
    with pytest.raises(InputError, match="u and v are parallel at point 1"):
        manifold.sectional(z, points((1.0, 0.0), (1.0, 1.0)), points((0.0, 1.0), (-3.0, -3.0)))
    with pytest.raises(InputError, match="v has length zero at point 0"):
        manifold.sectional(z, points((1.0, 0.0)), points((0.0, 0.0)))
    for call in (manifold.curvature, manifold.ricci):
        with pytest.raises(InputError, match="rank 1 of 2 at point 1"):
            call(points((1.0, 0.0), (0.0, 1.0)))
    with pytest.raises(InputError, match="z holds nan"):
        manifold.scalar(points((1.0, math.nan)))
    assert manifold.curvature(z[:0]).shape == (0,)
    assert manifold.ricci(z[:0]).shape == (0, 2, 2)
    assert manifold.curvature(z[0]).shape == ()


def test_chunks_change_nothing() -> None:
    net, z = smooth_decoder(1, 3), torch.randn(5, 3, dtype=torch.float64)
    for make in (lambda m: m, intrinsic):
        whole, small = make(LatentManifold(net)), make(LatentManifold(net))
        small.structure.memory = 2**12
        torch.testing.assert_close(whole.ricci(z), small.ricci(z), rtol=1e-9, atol=1e-9)
        found = small.sectional(z, z.flip(1), z.roll(1, 1))
        torch.testing.assert_close(whole.sectional(z, z.flip(1), z.roll(1, 1)), found, rtol=1e-9, atol=1e-9)
