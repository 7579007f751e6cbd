from __future__ import annotations

import math

import pytest
import torch
from charts import half_plane, points, smooth_decoder, sphere, sphere_metric, stereographic
from torch import nn

from vael.errors import InputError
from vael.geometry import LatentManifold, MetricManifold


def test_the_metric_is_that_of_the_chart_and_of_any_shape() -> None:
    z = torch.rand(3, 4, 2, dtype=torch.float64) + 0.3
    found = LatentManifold(sphere).metric(z)
    torch.testing.assert_close(found, sphere_metric(z.reshape(-1, 2)).unflatten(0, (3, 4)))
    assert LatentManifold(sphere).metric(z[0, 0]).shape == (2, 2)
    assert LatentManifold(sphere).metric(z[:0]).shape == (0, 4, 2, 2)
    torch.testing.assert_close(MetricManifold(sphere_metric).metric(z), found)


@pytest.mark.parametrize("make", [LatentManifold, MetricManifold])
def test_the_volume_is_the_sine_of_the_colatitude(make) -> None:
    z = torch.rand(5, 2, dtype=torch.float64) + 0.2
    manifold = make(sphere if make is LatentManifold else sphere_metric)
    torch.testing.assert_close(manifold.log_volume(z), z[:, 0].sin().log(), rtol=0, atol=1e-12)
    assert manifold.log_volume(z[:0]).shape == (0,)


def test_the_volume_is_right_where_units_differ_by_far() -> None:
    # A determinant would underflow in single precision, and eigenvalues would lose the small latent.
    W = torch.tensor([[1.0, 0.0], [0.0, 1e-6], [0.0, 0.0]])
    found = LatentManifold(lambda z: z @ W.T).log_volume(torch.zeros(1, 2))
    assert float(found) == pytest.approx(math.log(1e-6), rel=1e-6)


def test_volumes_of_networks_are_half_the_determinant_and_carry_gradients() -> None:
    net = smooth_decoder(0, 3)
    z = torch.randn(6, 3, dtype=torch.float64, requires_grad=True)
    manifold = LatentManifold(net)
    volume = manifold.log_volume(z)
    J = torch.stack([torch.autograd.functional.jacobian(net, row) for row in z.detach()])
    torch.testing.assert_close(volume, 0.5 * torch.logdet(J.mT @ J))
    (slope,) = torch.autograd.grad(volume.sum(), z)
    step = torch.randn_like(z) * 1e-5
    change = (manifold.log_volume(z.detach() + step) - manifold.log_volume(z.detach() - step)).sum() / 2
    assert float((slope * step).sum()) == pytest.approx(float(change), rel=1e-6)


def test_results_carry_no_graph_of_parameters_alone() -> None:
    net = smooth_decoder(0).requires_grad_(True)
    assert not LatentManifold(net).metric(torch.zeros(2, 2).double()).requires_grad


def test_lengths_and_angles() -> None:
    manifold = LatentManifold(sphere)
    z = points((1.2, 0.0), (0.4, 1.0))
    u, v = points((1.0, 0.0))[0], points((0.0, 2.0))[0]
    torch.testing.assert_close(manifold.norm(z, v), 2 * z[:, 0].sin())
    torch.testing.assert_close(manifold.inner(z, u + v, v), 4 * z[:, 0].sin() ** 2)
    torch.testing.assert_close(manifold.angle(z, u, v), torch.full((2,), math.pi / 2, dtype=torch.float64))
    # The half-plane is conformal: its angles are those of the drawing, small ones to all digits.
    plane = MetricManifold(half_plane)
    for size in (1e-9, 0.5, 3.0, math.pi):
        turned = torch.tensor([math.cos(size), math.sin(size)], dtype=torch.float64)
        found = plane.angle(torch.tensor([0.3, 0.7]).double(), u, 5 * turned)
        assert float(found) == pytest.approx(size, rel=1e-12)
    assert manifold.norm(z, torch.randn(7, 1, 2).double()).shape == (7, 2)
    still = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    length = manifold.norm(z[0], still)
    assert length == 0
    assert torch.autograd.grad(length, still)[0].isfinite().all()


def test_condition_numbers() -> None:
    z = points((0.5, 0.0), (math.pi / 2, 1.0))
    found = LatentManifold(sphere).condition_number(z)
    torch.testing.assert_close(found, 1 / z[:, 0].sin() ** 2)
    torch.testing.assert_close(
        LatentManifold(stereographic).condition_number(torch.randn(5, 3).double()),
        torch.ones(5, dtype=torch.float64),
    )
    assert LatentManifold(sphere).condition_number(z.float()).dtype == torch.float32


def test_an_indicatrix_is_at_one_length() -> None:
    manifold = LatentManifold(smooth_decoder(2))
    z = torch.randn(3, 2, dtype=torch.float64)
    ring = manifold.indicatrix(z, 16, 0.25)
    assert ring.shape == (3, 16, 2)
    lengths = manifold.norm(z[:, None], ring - z[:, None])
    torch.testing.assert_close(lengths, torch.full((3, 16), 0.25, dtype=torch.float64))
    apart = manifold.angle(z[:, None], (ring - z[:, None])[:, :-1], (ring - z[:, None])[:, 1:])
    torch.testing.assert_close(apart, torch.full((3, 15), math.pi / 8, dtype=torch.float64))


def test_chunks_change_nothing() -> None:
    net, z = smooth_decoder(1), torch.randn(50, 2, dtype=torch.float64)
    whole, small = LatentManifold(net), LatentManifold(net, memory=2**12)
    torch.testing.assert_close(whole.log_volume(z), small.log_volume(z))
    torch.testing.assert_close(whole.norm(z, z), small.norm(z, z))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("latent", [2, 5])
def test_lower_rank_is_told_with_its_place(dtype, latent) -> None:
    def folded(z):  # a sum alone reaches the output where the first latent is negative
        free = torch.where(z[:, :1] < 0, z.sum(1, keepdim=True) / z.shape[1], z)
        return torch.cat([free.sin(), free.cos(), free], 1)

    manifold = LatentManifold(folded)
    z = torch.rand(4, latent, dtype=dtype) + 0.1
    assert manifold.log_volume(z).isfinite().all()
    z[2, 0] = -0.5
    assert manifold.metric(z).isfinite().all()
    for method in (manifold.log_volume, manifold.condition_number):
        with pytest.raises(InputError, match=rf"rank 1 of {latent} at point 2, z = \(-0.5, "):
            method(z)


def test_the_pole_of_the_sphere_is_told() -> None:
    with pytest.raises(InputError, match=r"rank 1 of 2 at point 1, z = \(0, 1\)"):
        LatentManifold(sphere).log_volume(points((1.0, 1.0), (0.0, 1.0)))
    with pytest.raises(InputError, match="rank 1 of 2 at point 0"):
        LatentManifold(sphere).condition_number(points((math.pi, 1.0)))
    with pytest.raises(InputError, match="rank 0 of 2"):
        LatentManifold(lambda z: 0 * z).log_volume(points((0.0, 1.0)))
    with pytest.raises(InputError, match="the metric is not finite at point 1"):
        LatentManifold(lambda z: z.sqrt()).log_volume(points((1.0, 1.0), (-1.0, 1.0)))


def test_bad_vectors_are_told() -> None:
    manifold = LatentManifold(sphere)
    z = points((1.0, 0.0), (1.0, 1.0))
    with pytest.raises(InputError, match="v has 3 components, but z has 2 coordinates"):
        manifold.norm(z, torch.zeros(3))
    with pytest.raises(InputError, match="do not fit"):
        manifold.inner(z, torch.zeros(3, 2), z)
    with pytest.raises(InputError, match="u holds nan at point 1, coordinate 0"):
        manifold.inner(z, points((0.0, 0.0), (math.nan, 0.0)), z)
    with pytest.raises(InputError, match="u has length zero at point 1"):
        manifold.angle(z, points((1.0, 0.0), (0.0, 0.0)), z)
    with pytest.raises(InputError, match="two latents, these points have 3"):
        LatentManifold(stereographic).indicatrix(torch.zeros(3))
    with pytest.raises(InputError, match="radius > 0"):
        manifold.indicatrix(z, radius=-1.0)
    with pytest.raises(InputError, match="z has points of 3 coordinates, but this manifold has 2"):
        LatentManifold(nn.Linear(2, 3)).metric(torch.zeros(4, 3))
