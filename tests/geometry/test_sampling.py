from __future__ import annotations

import math

import pytest
import torch
from charts import (
    bent,
    great_circle,
    half_plane,
    paraboloid,
    points,
    smooth_decoder,
    sphere,
    stereographic,
    torus,
    unbent,
)
from scipy import stats
from torch import Tensor, nn

from vael.errors import InputError, VaelWarning
from vael.geometry import LatentManifold, MetricManifold
from vael.geometry.hamiltonian import Box, hamiltonian


def drawn(seed: int = 3) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def thinned(found, size: int) -> Tensor:
    """As many of the draws as are independent."""
    keep = min(size, int(found.effective_sample_size.min()) // 2, len(found.points))
    return found.points[torch.linspace(0, len(found.points) - 1, keep).long()]


BOX = ((0.0, 0.0), (math.pi, 2 * math.pi))


def test_draws_on_the_sphere_are_uniform() -> None:
    found = LatentManifold(sphere).volume_samples(3000, bounds=BOX, chains=64, generator=drawn())
    assert found.points.shape == (3000, 2)
    assert found.draws == 64 * 100
    assert found.r_hat.max() < 1.03
    assert 0.6 < found.acceptance < 0.95
    Z = thinned(found, 1000)
    assert len(Z) > 300
    assert stats.kstest(Z[:, 0].numpy(), lambda t: (1 - torch.as_tensor(t).cos().numpy()) / 2).pvalue > 1e-3
    assert stats.kstest(Z[:, 1].numpy() / (2 * math.pi), "uniform").pvalue > 1e-3
    P = sphere(found.points)
    error = 1 / found.effective_sample_size.min().sqrt()
    assert P.mean(0).abs().max() < 4 * error
    assert (P.mT @ P / len(P) - torch.eye(3) / 3).abs().max() < 4 * error
    # Uniform in the chart, which is what no geometry would give, fails by far.
    flat = math.pi * torch.rand(len(Z), generator=drawn()).double()
    assert stats.kstest(flat.numpy(), lambda t: (1 - torch.as_tensor(t).cos().numpy()) / 2).pvalue < 1e-6


def test_weights_and_boxes_together() -> None:
    # Half-plane between two heights, with a weight: density exp(-y) / y^2 dy.
    plane = MetricManifold(half_plane)
    found = plane.volume_samples(
        2000, bounds=((0.0, 0.5), (1.0, 3.0)), log_weight=lambda z: -z[:, 1], chains=64, generator=drawn()
    )
    Z = thinned(found, 1000)
    y = torch.linspace(0.5, 3, 20001, dtype=torch.float64)
    cdf = torch.cumulative_trapezoid((-y).exp() / y.square(), y)
    heights = Z[:, 1].numpy()
    where = torch.searchsorted(y, Z[:, 1].contiguous()) - 1
    assert stats.kstest((cdf[where] / cdf[-1]).numpy(), "uniform").pvalue > 1e-3
    assert stats.kstest(Z[:, 0].numpy(), "uniform").pvalue > 1e-3
    assert heights.min() >= 0.5
    assert heights.max() <= 3


def test_a_weight_alone_makes_the_measure_finite() -> None:
    # Volume of the paraboloid, sqrt(1 + r^2), times a normal density.
    found = LatentManifold(paraboloid, latent=2).volume_samples(
        2000, log_weight=lambda z: -z.square().sum(1) / 2, chains=64, generator=drawn()
    )
    r = torch.linspace(0, 8, 20001, dtype=torch.float64)
    law = r * (1 + r * r).sqrt() * (-r * r / 2).exp()
    exact = float(torch.trapezoid(law * r * r, r) / torch.trapezoid(law, r))
    squares = found.points.double().square().sum(1)
    error = float(squares.std() / found.effective_sample_size.min().sqrt())
    assert float(squares.mean()) == pytest.approx(exact, abs=4 * error)
    assert exact - 2 > 8 * error  # the normal alone would have 2


@pytest.mark.slow
def test_a_radius_keeps_to_the_data() -> None:
    data = points((0.0, 0.0), (0.5, 0.0), (1.0, 0.0))
    manifold = LatentManifold(lambda z: 2 * z, data=data)
    found = manifold.volume_samples(1500, radius=0.4, chains=16, generator=drawn())
    near = torch.cdist(found.points, data).amin(1)
    assert near.max() <= 0.4
    assert near.max() > 0.35
    assert found.points[:, 0].mean() == pytest.approx(0.5, abs=0.1)


@pytest.mark.slow
def test_draws_do_not_depend_on_coordinates() -> None:
    def moment(manifold, back):
        weight = lambda y: -2 * back(y).square().sum(1)  # noqa: E731
        found = manifold.volume_samples(3000, log_weight=weight, chains=128, warm_up=100, generator=drawn())
        F = manifold.immersion.value(found.points)
        return F.mean(0), F.std(0) / found.effective_sample_size.min().sqrt()

    net = smooth_decoder(1, outputs=6)
    data = torch.randn(20, 2, dtype=torch.float64)
    here, error = moment(LatentManifold(net, data=data), lambda z: z)
    there, _ = moment(LatentManifold(lambda y: net(unbent(y)), data=data), unbent)
    assert ((here - there).abs() < 6 * error.to(there)).all()


def test_the_same_generator_draws_the_same() -> None:
    manifold = LatentManifold(torus)
    one, two = (
        manifold.volume_samples(
            50, bounds=(points((0.0, 0.0))[0], [3.0, 3.0]), chains=8, warm_up=60, generator=drawn(4)
        ).points
        for _ in range(2)
    )
    assert torch.equal(one, two)


def test_walls_are_bounced_off_as_light_is() -> None:
    box = Box(points((0.0, -1.0))[0], points((1.0, 1.0))[0])
    z, momentum = box.bounce(points((1.25, 0.5), (-0.25, 3.5), (2.5, -1.5)), points(*[(1.0, 1.0)] * 3))
    torch.testing.assert_close(z, points((0.75, 0.5), (0.25, -0.5), (0.5, -0.5)))
    torch.testing.assert_close(momentum, points((-1.0, 1.0), (-1.0, 1.0), (1.0, -1.0)))


def test_the_sampler_finds_a_correlated_normal() -> None:
    precision = torch.linalg.inv(torch.tensor([[1.0, 9.0], [9.0, 100.0]], dtype=torch.float64))
    trace = hamiltonian(
        lambda z: (-0.5 * torch.einsum("ni,ij,nj->n", z, precision, z), -z @ precision),
        torch.randn(64, 2, generator=drawn(), dtype=torch.float64),
        draws=300,
        warm_up=300,
        leapfrogs=10,
        scale=torch.ones(2, dtype=torch.float64),
        generator=drawn(),
    )
    covariance = torch.cov(trace.draws.reshape(-1, 2).T)
    torch.testing.assert_close(covariance, torch.linalg.inv(precision), rtol=0.08, atol=0)
    assert trace.acceptance == pytest.approx(0.8, abs=0.12)


def test_chains_that_disagree_are_told() -> None:
    data = points((0.0, 0.0), (9.0, 0.0))
    manifold = LatentManifold(lambda z: z, data=data)
    with pytest.warns(VaelWarning, match="do not agree"):
        found = manifold.volume_samples(100, radius=0.5, chains=8, warm_up=50, generator=drawn())
    assert found.r_hat[0] > 2


def test_a_measure_that_is_not_finite_is_refused() -> None:
    manifold = LatentManifold(sphere)
    with pytest.raises(InputError, match="give bounds, a radius about the data, or log_weight"):
        manifold.volume_samples(10)
    with pytest.raises(InputError, match="needs a manifold with data"):
        manifold.volume_samples(10, radius=1.0)
    with pytest.raises(InputError, match="number of latents is not known"):
        manifold.volume_samples(10, log_weight=lambda z: z.sum(1))
    with pytest.raises(InputError, match="number of latents is not known"):
        manifold.volume_samples(10, bounds=(0.0, 1.0))
    with pytest.raises(InputError, match=r"lower < upper, got 2.0 and 1.0 for latent 1"):
        manifold.volume_samples(10, bounds=((0.0, 2.0), (1.0, 1.0)))
    with pytest.raises(InputError, match="chains >= 2"):
        manifold.volume_samples(10, bounds=BOX, chains=1)
    with pytest.raises(InputError, match="log_weight maps"):
        manifold.volume_samples(10, bounds=BOX, log_weight=lambda z: z)
    with pytest.raises(InputError, match="density is zero or not finite at point 0"):
        LatentManifold(lambda z: 0 * z).volume_samples(10, bounds=BOX)


# -- Brownian motion ---------------------------------------------------------------------------------------


WALKERS = 20000


def mean_cosine(chart, latent: int, start: Tensor, time: float, steps: int, drift: bool = True):
    z = start.expand(WALKERS, latent).contiguous()
    manifold = LatentManifold(chart)
    if drift:
        end = manifold.brownian_motion(z, time, steps=steps, generator=drawn())
    else:  # without the bend of the steps, which holds the drift
        end, generator = z, drawn()
        for _ in range(steps):
            L = torch.linalg.cholesky(manifold.metric(end))
            noise = torch.randn(end.shape, generator=generator, dtype=torch.float64).unsqueeze(-1)
            end = end + (time / steps) ** 0.5 * torch.linalg.solve_triangular(
                L.mT, noise, upper=True
            ).squeeze(-1)
    cosines = great_circle(chart(start), chart(end)).cos()
    return float(cosines.mean()), float(cosines.std()) / WALKERS**0.5


def curved(y: Tensor) -> Tensor:
    """The sphere by stereographic projection, in coordinates that are not conformal."""
    return stereographic(unbent(y))


def test_brownian_motion_on_the_sphere_forgets_as_it_should() -> None:
    start, time = bent(points((0.3, 0.2))), 0.25
    mean, error = mean_cosine(curved, 2, start, time, 10)
    assert mean == pytest.approx(math.exp(-time), abs=4 * error + 0.002)


def test_without_drift_it_would_not() -> None:
    # In three dimensions the drift does not cancel in the stereographic chart; E cos = exp(-3 t / 2).
    start, time = points((0.5, 0.2, -0.2)), 0.25
    exact = math.exp(-1.5 * time)
    mean, error = mean_cosine(stereographic, 3, start, time, 10)
    assert mean == pytest.approx(exact, abs=4 * error + 0.003)
    without, error = mean_cosine(stereographic, 3, start, time, 10, drift=False)
    assert abs(without - exact) > 8 * error


def test_on_a_flat_manifold_it_is_a_normal() -> None:
    W = torch.tensor([[2.0, 0.0], [1.0, 0.5], [0.0, 1.0]], dtype=torch.float64)
    manifold = LatentManifold(lambda z: z @ W.T)
    way = manifold.brownian_motion(torch.zeros(3000, 2).double(), 2.0, steps=4, path=True, generator=drawn())
    assert way.shape == (3000, 5, 2)
    moved = torch.linalg.cholesky(W.T @ W).T @ way[:, -1].T
    torch.testing.assert_close(torch.cov(moved), 2 * torch.eye(2).double(), rtol=0, atol=0.2)
    assert stats.kstest(moved[0].numpy() / 2**0.5, "norm").pvalue > 1e-3
    steps = way.diff(dim=1).flatten(0, 1) @ torch.linalg.cholesky(W.T @ W)
    torch.testing.assert_close(torch.cov(steps.T), 0.5 * torch.eye(2).double(), rtol=0, atol=0.03)
    assert torch.equal(manifold.brownian_motion(way[0], 0.0, steps=2), way[0])


def test_bad_walks_are_told() -> None:
    manifold = LatentManifold(sphere)
    z = points((1.0, 0.0), (1.0, 1.0))
    with pytest.raises(InputError, match="time >= 0 and steps >= 1, got -1"):
        manifold.brownian_motion(z, -1.0)
    with pytest.raises(InputError, match="rank 1 of 2 at point 1"):
        manifold.brownian_motion(points((1.0, 0.0), (0.0, 0.0)), 1.0)
    with pytest.raises(InputError, match="piecewise linear"):
        LatentManifold(smooth_decoder(0, activation=nn.ReLU)).brownian_motion(z, 1.0)
    half = LatentManifold(lambda z: torch.cat([z, (z[:, :1] + 1).sqrt()], -1))
    with pytest.raises(InputError, match=r"give more steps, or less time|not finite"):
        half.brownian_motion(torch.full((500, 2), -0.9).double(), 5.0, steps=3, generator=drawn())
