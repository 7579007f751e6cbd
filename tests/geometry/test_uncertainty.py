"""Radial precisions on data whose noise is known, and the ring that is made of one."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.func import jvp, vmap

from ring import ring
from vael.errors import InputError
from vael.geometry.uncertainty import RadialPrecision


def noisy(n: int = 4000) -> tuple[Tensor, Tensor, Tensor]:
    """Points in a square, residuals of two outputs, and the residuals' true deviations."""
    generator = torch.Generator().manual_seed(0)
    z = 4 * torch.rand(n, 2, generator=generator, dtype=torch.float64) - 2
    sigma = torch.stack([0.3 + 0.1 * z[:, 0].sin(), 0.5 + 0.2 * z[:, 1].sin()], 1)
    noise = torch.randn(n, 2, generator=generator, dtype=torch.float64)
    return z, (sigma * noise).square(), sigma


def test_near_the_data_it_is_the_noise() -> None:
    z, squares, sigma = noisy(10000)
    inner = z.abs().amax(1) < 1.7
    error = (RadialPrecision.fit(z, squares, centres=25)(z) / sigma - 1)[inner].abs()
    assert (error < 0.15).double().mean() > 0.97
    assert error.square().mean().sqrt() < 0.07
    # From the squares' expected values, what is left is what bumps cannot follow.
    error = (RadialPrecision.fit(z, sigma.square(), centres=25)(z) / sigma - 1)[inner].abs()
    assert error.max() < 0.15


def test_it_rises_away_from_the_data_to_the_multiple_that_was_asked() -> None:
    z, squares, sigma = noisy()
    for rise in (3.0, 10.0):
        made = RadialPrecision.fit(z, squares, rise=rise)
        ray = torch.linspace(2, 60, 400, dtype=torch.float64).unsqueeze(1) * torch.tensor([0.6, 0.8]).double()
        along = made(ray)
        assert (along.diff(dim=0) >= -1e-12).all()
        far = made(torch.tensor([[100.0, -80.0]]).double())[0]
        assert (far > 0.9 * rise * sigma.amax(0)).all()
        assert (far < 1.3 * rise * sigma.amax(0)).all()
        assert (made(z).amax(0) < far).all()


def likelihood(made: RadialPrecision, z: Tensor, squares: Tensor) -> float:
    precision = made.precision(z)
    return float((precision * squares - precision.log()).mean() / 2)


def test_no_step_raises_the_loss_and_the_last_is_near_a_minimum() -> None:
    z, squares, _ = noisy(1000)
    losses = [
        likelihood(RadialPrecision.fit(z, squares, centres=10, steps=steps), z, squares)
        for steps in (0, 1, 3, 10, 100, 1000)
    ]
    assert losses == sorted(losses, reverse=True)
    assert losses[-2] - losses[-1] < 2e-3
    made = RadialPrecision.fit(z, squares, centres=10, steps=3000)
    weights = made.weights.clone().requires_grad_()
    bumps = (-made.rates * (z.unsqueeze(1) - made.centres).square().sum(-1)).exp()
    precision = bumps @ weights + made.floor
    loss = (precision * squares - precision.log()).mean() / 2
    (slope,) = torch.autograd.grad(loss, weights)
    assert (slope > -1e-4).all()  # Karush-Kuhn-Tucker: nothing to gain by more,
    assert (slope * weights).abs().max() < 1e-4  # nor by less


def test_it_is_the_formula() -> None:
    c = torch.tensor([[0.0, 0.0], [1.0, 2.0]])
    made = RadialPrecision(c, torch.tensor([0.5, 2.0]), torch.tensor([[1.0], [3.0]]), torch.tensor([0.25]))
    z = torch.tensor([[1.0, 0.0], [1e3, 0.0]])
    first = (math.exp(-0.5) + 3 * math.exp(-8) + 0.25) ** -0.5
    torch.testing.assert_close(made(z), torch.tensor([[first], [2.0]]))
    assert made(z.reshape(2, 1, 2)).shape == (2, 1, 1)
    shared = RadialPrecision(made.centres, made.rates, made.weights, made.floor, copies=9)
    torch.testing.assert_close(shared(z), 3 * made(z))


def test_the_same_numbers_from_the_same_state_whatever_the_scale() -> None:
    z, squares, _ = noisy(600)
    first, again = (RadialPrecision.fit(z, squares, random_state=3) for _ in range(2))
    assert torch.equal(first(z), again(z))
    scaled = RadialPrecision.fit(10 * z, 4 * squares, random_state=3)
    torch.testing.assert_close(scaled(10 * z), 2 * first(z), rtol=1e-6, atol=0)
    few = RadialPrecision.fit(z, squares, rows=100)
    assert torch.equal(few.centres, RadialPrecision.fit(z, squares, rows=100).centres)
    assert len(few.centres) == 20


def test_single_precision_and_one_output() -> None:
    z, squares, _ = noisy(500)
    made = RadialPrecision.fit(z.float(), squares.float().mean(1, keepdim=True))
    assert made(z.float()).dtype == torch.float32
    assert made(z.float()).shape == (500, 1)
    assert set(made.state_dict()) == {"centres", "rates", "weights", "floor"}


def test_clusters_of_one_point_have_a_width() -> None:
    z = torch.cat([torch.randn(60, 2), torch.tensor([[50.0, 50.0]])]).double()
    made = RadialPrecision.fit(z, torch.ones(61, 1).double(), centres=12)
    assert torch.isfinite(made.rates).all()
    assert torch.isfinite(made(z)).all()
    same = RadialPrecision.fit(torch.arange(10.0).unsqueeze(1), torch.ones(10, 1), centres=1)
    assert torch.isfinite(same(torch.zeros(1, 1))).all()


def test_differentiable_by_nested_transforms() -> None:
    z, squares, _ = noisy(300)
    made, at = RadialPrecision.fit(z, squares, centres=5), z[:4]
    u = torch.ones_like(at)

    def once(y: Tensor) -> Tensor:
        return jvp(made, (y,), (u,))[1]

    second, step = jvp(once, (at,), (u,))[1], 1e-4
    around = (once(at + step * u) - once(at - step * u)) / (2 * step)
    torch.testing.assert_close(second, around, rtol=1e-5, atol=1e-6)
    J = vmap(lambda e: jvp(made, (at,), (e.expand_as(at),))[1])(torch.eye(2).double())
    torch.testing.assert_close(J.sum(0), once(at))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"squared_residuals": torch.ones(3, 1)}, "got 3 and 8"),
        ({"Z": torch.full((8, 2), torch.nan)}, "must be finite"),
        ({"squared_residuals": -torch.ones(8, 1)}, "not negative"),
        ({"squared_residuals": torch.zeros(8, 1)}, "residuals of 0 only"),
        ({"centres": 0}, "centres must be >= 1"),
        ({"rise": 0.5}, "rise >= 1"),
    ],
)
def test_what_is_refused(change: dict[str, object], told: str) -> None:
    given = {"Z": torch.randn(8, 2), "squared_residuals": torch.ones(8, 1)} | change
    with pytest.raises(InputError, match=told):
        RadialPrecision.fit(**given)  # pyright: ignore[reportArgumentType]


def test_the_ring_is_as_geometry_tells() -> None:
    F, data = ring(0)
    assert data.shape == (1500, 2)
    radius = data.norm(dim=1)
    assert float(radius.mean()) == pytest.approx(2, abs=0.01)
    assert float(radius.std()) == pytest.approx(0.1, abs=0.01)
    assert F(data).shape == (1500, 65)
    sigma = F(data)[:, -1]
    assert sigma.max() < 3
    assert float(F(torch.zeros(1, 2).double())[0, -1]) > 20 * float(sigma.median())
    assert float(F(torch.full((1, 2), 50.0).double())[0, -1]) == pytest.approx(80)
    other, _ = ring(1)
    assert not torch.equal(F(data), other(data))
    assert torch.equal(F(data), ring(0)[0](data))
    copy = Path(__file__).parents[2] / "benchmarks" / "ring.py"
    assert copy.read_text() == Path(__file__).with_name("ring.py").read_text()
