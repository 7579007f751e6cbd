"""Coordinates of logits against quadrature, closed forms, and torch's own derivatives."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.polynomial import legendre
from torch import Tensor
from torch.func import grad, jvp, vmap

from vael.distributions import ContinuousBernoulli
from vael.geometry.logit_maps import (
    bernoulli_map,
    continuous_bernoulli_map,
    negative_binomial_map,
    root_variance,
)

Map = Callable[[Tensor], Tensor]
LOGITS = [
    -300.0,
    -40.5,
    -39.0,
    -7.0,
    -2.1,
    -1.9,
    -0.4,
    0.0,
    1e-3,
    0.6,
    1.99,
    2.01,
    11.0,
    25.0,
    39.9,
    41.0,
    80.0,
]
x = torch.tensor(LOGITS, dtype=torch.float64)

INFORMATION: dict[Map, Map] = {
    bernoulli_map: lambda t: t.sigmoid() * (-t).sigmoid(),
    continuous_bernoulli_map: lambda t: ContinuousBernoulli(t).variance,
    negative_binomial_map: torch.sigmoid,
}
MAPS = list(INFORMATION)
GREYS = [1.22691122959575874, 2.5923414415782935, 4.89492651293022381]


def derivative(function: Map) -> Map:
    return lambda z: jvp(function, (z,), (torch.ones_like(z),))[1]


@pytest.mark.parametrize("function", MAPS)
def test_the_slope_squared_is_the_fisher_information(function: Map) -> None:
    found = derivative(function)(x).square()
    # The variance of the law itself is good to 1e-10 where its series ends.
    torch.testing.assert_close(found, INFORMATION[function](x), rtol=2e-10, atol=1e-300)


@pytest.mark.parametrize("function", MAPS)
def test_the_function_is_the_integral_of_its_slope(function: Map) -> None:
    slope = derivative(function)
    nodes, weights = legendre.leggauss(200)
    for low, high in [(-45.0, -39.0), (-3.0, -1.0), (-0.5, 0.7), (0.7, 5.0), (5.0, 45.0), (45.0, 70.0)]:
        at = torch.from_numpy((low + high + (high - low) * nodes) / 2)
        area = (high - low) / 2 * weights @ slope(at).numpy()
        ends = function(torch.tensor([low, high], dtype=torch.float64))
        assert float(ends[1] - ends[0]) == pytest.approx(area, abs=1e-12)


def test_closed_forms() -> None:
    p = torch.tensor([1e-6, 0.2, 0.5, 0.7, 0.99], dtype=torch.float64)
    torch.testing.assert_close(bernoulli_map(p.logit()), 2 * p.sqrt().asin(), rtol=0, atol=1e-14)
    distance = bernoulli_map(torch.tensor([0.2, 0.7], dtype=torch.float64).logit()).diff()
    assert float(distance) == pytest.approx(1.055017954860772, abs=1e-12)
    mu_over_r = torch.tensor([1e-3, 1.0, 400.0], dtype=torch.float64)
    torch.testing.assert_close(
        negative_binomial_map(mu_over_r.log()), 2 * mu_over_r.sqrt().asinh(), rtol=1e-14, atol=0
    )
    big = torch.tensor([59.0, 61.0, 700.0], dtype=torch.float64)
    torch.testing.assert_close(negative_binomial_map(big), big + 2 * math.log(2), rtol=1e-15, atol=0)


def test_grey_against_numbers_of_forty_digits() -> None:
    """By mpmath: h(5), h(20) and h(200)."""
    found = continuous_bernoulli_map(torch.tensor([5.0, 20.0, 200.0], dtype=torch.float64))
    expected = torch.tensor(GREYS, dtype=torch.float64)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-13)


def test_the_root_of_the_variance_far_and_near() -> None:
    at = np.array([1e-8, 0.1, 1.0, 2.0, 3.0, 30.0, 1e4])
    found = root_variance(torch.from_numpy(at)).numpy()
    expected = np.sqrt(1 / at[3:] ** 2 - 1 / (4 * np.sinh(np.minimum(at[3:], 700) / 2) ** 2))
    np.testing.assert_allclose(found[3:], expected, rtol=1e-14)
    assert found[0] == pytest.approx(12**-0.5, abs=1e-16)
    assert found[1] ** 2 == pytest.approx(1 / 12 - 0.01 / 240 + 1e-4 / 6048 - 1e-6 / 172800, abs=1e-14)


@pytest.mark.parametrize("function", MAPS)
def test_derivatives_of_derivatives(function: Map) -> None:
    """Forward over forward, reverse over forward and forward over reverse are one and the same."""
    inner = x[1:-1].clone()
    second = derivative(derivative(function))(inner)
    reverse = grad(lambda z: derivative(function)(z).sum())(inner)
    mixed = derivative(lambda z: grad(lambda y: function(y).sum())(z))(inner)
    twice = grad(lambda z: grad(lambda y: function(y).sum())(z).sum())(inner)
    for other in (reverse, mixed, twice):
        torch.testing.assert_close(other, second, rtol=1e-13, atol=1e-16)
    assert (second != 0).sum() >= 10
    # Central differences of the slope, which the first test holds.
    step = 1e-4
    slope = derivative(function)
    around = (slope(inner + step) - slope(inner - step)) / (2 * step)
    torch.testing.assert_close(second, around, rtol=1e-6, atol=1e-9)
    third = derivative(derivative(derivative(function)))(inner)
    curved = (slope(inner + 0.01) - 2 * slope(inner) + slope(inner - 0.01)) / 1e-4
    torch.testing.assert_close(third, curved, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("function", MAPS)
def test_the_chain_rule_holds_to_third_order(function: Map) -> None:
    """In sin(t), against the same by torch's own derivatives through the formula of the slope."""

    def through(f: Map) -> Map:
        return lambda t: f(3 * t.sin())

    t = torch.tensor([0.2, 0.9, -0.6], dtype=torch.float64)
    found = derivative(derivative(derivative(through(function))))(t)
    slope = derivative(function)
    plain = derivative(derivative(lambda t: slope(3 * t.sin()) * 3 * t.cos()))(t)
    torch.testing.assert_close(found, plain, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("function", MAPS)
def test_under_vmap(function: Map) -> None:
    rows = torch.stack([x, -x, x / 3])
    torch.testing.assert_close(vmap(function)(rows), function(rows), rtol=0, atol=1e-15)
    basis = torch.eye(3, dtype=torch.float64)
    z = torch.tensor([0.3, -1.0, 5.0], dtype=torch.float64)
    J = vmap(lambda e: jvp(function, (z,), (e,))[1])(basis)
    torch.testing.assert_close(J, torch.diag(derivative(function)(z)))
    H = vmap(lambda e: jvp(lambda y: jvp(function, (y,), (e,))[1], (z,), (e,))[1])(basis)
    torch.testing.assert_close(H, torch.diag(derivative(derivative(function))(z)))
    each = vmap(derivative(derivative(function)))(rows)
    torch.testing.assert_close(each, derivative(derivative(function))(rows))


@pytest.mark.parametrize("function", MAPS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_no_logit_is_too_large(function: Map, dtype: torch.dtype) -> None:
    big = torch.tensor([-1e30, -1e4, -200.0, 200.0, 1e4, 1e30], dtype=dtype)
    once = derivative(function)
    for f in (function, once, derivative(once), derivative(derivative(once))):
        assert torch.isfinite(f(big)).all()
        assert f(big).dtype == dtype
    assert (function(big).diff() >= 0).all()


@pytest.mark.parametrize("function", MAPS)
def test_single_precision(function: Map) -> None:
    fine = torch.linspace(-60, 60, 3001, dtype=torch.float64)
    torch.testing.assert_close(function(fine.float()).double(), function(fine), rtol=4e-7, atol=4e-7)
    slope = derivative(function)
    torch.testing.assert_close(slope(fine.float()).double(), slope(fine), rtol=1e-4, atol=0)


def test_gradcheck() -> None:
    for function in MAPS:
        z = torch.tensor([-30.0, -3.0, 0.1, 2.5, 33.0], dtype=torch.float64, requires_grad=True)
        assert torch.autograd.gradcheck(function, (z,), check_forward_ad=True)
        assert torch.autograd.gradgradcheck(function, (z,))
