"""The continuous Bernoulli law against quadrature, at every logit."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from torch import Tensor
from torch.func import hessian, jvp, vmap

from vael.distributions import ContinuousBernoulli

NODES, WEIGHTS = (
    torch.from_numpy((a + 1) / 2 if i == 0 else a / 2)
    for i, a in enumerate(np.polynomial.legendre.leggauss(300))
)
TOLERANCE = {torch.float32: 3e-5, torch.float64: 1e-11}
LOGITS = [-1000.0, -80.0, -20.0, -3.0, -0.51, -0.49, -1e-2, -1e-5, 0.0]
LOGITS = sorted({*LOGITS, *(-logit for logit in LOGITS)})

logits = st.floats(-80, 80)


def law(logit: float, dtype: torch.dtype = torch.float64) -> ContinuousBernoulli:
    return ContinuousBernoulli(torch.tensor([logit], dtype=dtype))


def expect(distribution: ContinuousBernoulli, power: int) -> float:
    """E[x ** power] by Gauss-Legendre quadrature of the law's own density."""
    nodes = NODES.to(distribution.logits.dtype).unsqueeze(-1)
    density = distribution.log_prob(nodes).double().exp()
    return float((WEIGHTS * density * NODES**power).sum())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@given(logit=logits)
@example(0.0)
@example(-80.0)
@example(80.0)
@example(0.5)
@example(-20.0)
@example(1e-30)
def test_the_density_integrates_to_one(dtype: torch.dtype, logit: float) -> None:
    assert expect(law(logit, dtype), 0) == pytest.approx(1, abs=TOLERANCE[dtype])


@given(logit=logits)
@example(0.0)
@example(0.5)
@example(-0.4999)
@example(80.0)
def test_mean_and_variance_are_those_of_the_density(logit: float) -> None:
    found = law(logit)
    first, second = expect(found, 1), expect(found, 2)
    assert float(found.mean) == pytest.approx(first, abs=1e-12)
    assert float(found.variance) == pytest.approx(second - first**2, abs=1e-11)


@pytest.mark.parametrize("logit", LOGITS)
def test_float32_moments_agree_with_float64(logit: float) -> None:
    single, double = law(logit, torch.float32), law(float(torch.tensor(logit)))
    assert float(single.mean) == pytest.approx(float(double.mean), rel=2e-6)
    assert float(single.variance) == pytest.approx(float(double.variance), rel=2e-5)
    assert float(single.entropy()) == pytest.approx(float(double.entropy()), abs=1e-4)


@pytest.mark.parametrize("logit", [-7.0, -0.3, 0.0, 0.3, 7.0])
def test_entropy_against_quadrature(logit: float) -> None:
    found = law(logit)
    log_density = found.log_prob(NODES.unsqueeze(-1))
    expected = -float((WEIGHTS * log_density.exp() * log_density).sum())
    assert float(found.entropy()) == pytest.approx(expected, abs=1e-12)


def test_the_mode_is_the_denser_end() -> None:
    logits = torch.tensor([-2.0, 3.0])
    mode = ContinuousBernoulli(logits).mode
    assert mode.tolist() == [0, 1]
    assert ContinuousBernoulli(logits).log_prob(mode) > ContinuousBernoulli(logits).log_prob(1 - mode)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("logit", LOGITS)
def test_derivatives_of_every_order_are_finite_and_right(logit: float, dtype: torch.dtype) -> None:
    """A' is the mean, A'' the variance, also where e^l overflows."""
    at = torch.tensor(logit, dtype=dtype)

    def log_normaliser(l: Tensor) -> Tensor:  # noqa: E741
        return -ContinuousBernoulli(l.unsqueeze(0)).log_prob(torch.zeros(1, dtype=dtype))

    def mean(l: Tensor) -> Tensor:  # noqa: E741
        return ContinuousBernoulli(l.unsqueeze(0)).mean.squeeze()

    precise = 1e-5 if dtype == torch.float32 else 1e-10
    found = law(float(at), torch.float64)
    slope = jvp(log_normaliser, (at,), (torch.ones_like(at),))[1]
    assert float(slope) == pytest.approx(float(found.mean), abs=precise)
    curvature = jvp(mean, (at,), (torch.ones_like(at),))[1]
    assert float(curvature) == pytest.approx(float(found.variance), abs=precise)
    assert float(hessian(log_normaliser)(at)) == pytest.approx(float(found.variance), abs=precise)
    leaf = at.clone().requires_grad_()
    third = torch.autograd.grad(ContinuousBernoulli(leaf.unsqueeze(0)).variance.sum(), leaf)[0]
    assert torch.isfinite(third)


def test_vmap_over_logits_is_the_batch() -> None:
    logits = torch.linspace(-5, 5, 12, dtype=torch.float64).reshape(4, 3)
    rows = vmap(lambda row: ContinuousBernoulli(row).mean)(logits)
    assert torch.equal(rows, ContinuousBernoulli(logits).mean)


@pytest.mark.parametrize("logit", LOGITS)
def test_draws_follow_the_distribution_function(logit: float, generator: torch.Generator) -> None:
    n = 20000
    draws = law(logit).draw((n,), generator).squeeze(-1)
    assert ((draws >= 0) & (draws <= 1)).all()
    found = law(logit)
    error = float(found.variance) ** 0.5 / n**0.5
    assert float(draws.mean()) == pytest.approx(float(found.mean), abs=5 * error)
    for level in (0.1, 0.5, 0.9):  # the distribution function at its own quantiles
        quantile = found.distort(torch.tensor([level], dtype=torch.float64))
        below = float((draws <= quantile).double().mean())
        assert below == pytest.approx(level, abs=5 * (level * (1 - level) / n) ** 0.5)


@given(logit=logits, level=st.floats(1e-3, 0.999))
@example(0.0, 0.25)
@example(1e-4, 0.25)
@example(-6e-6, 0.9)
def test_a_draw_inverts_the_distribution_function(logit: float, level: float) -> None:
    value = float(law(logit).distort(torch.tensor([level], dtype=torch.float64)))
    if abs(logit) < 1e-3:  # its expansion to second order
        mass = value + logit * value * (value - 1) / 2 + logit**2 * value * (value - 1) * (2 * value - 1) / 12
    else:
        mass = np.expm1(logit * value) / np.expm1(logit)
    assert mass == pytest.approx(level, abs=1e-8)


@pytest.mark.parametrize("logit", [*LOGITS[1:-1], 6.1e-6, 5.9e-6, 3e-4])
def test_draws_carry_the_gradient_of_the_inverse(logit: float) -> None:
    noise = torch.tensor([0.03, 0.4, 0.97], dtype=torch.float64)
    leaf = torch.full((3,), logit, dtype=torch.float64, requires_grad=True)
    ContinuousBernoulli(leaf).distort(noise).sum().backward()
    # dx/dl = -(dF/dl) / f, by central differences of F at the drawn value
    value = ContinuousBernoulli(leaf.detach()).distort(noise)

    def mass(l: float) -> Tensor:  # noqa: E741
        if abs(l) < 1e-3:
            cubic = l**3 * value**2 * (value - 1) ** 2 / 24
            return (
                value
                + l * value * (value - 1) / 2
                + (l**2 * value * (value - 1) * (2 * value - 1) / 12)
                + cubic
            )
        return torch.expm1(l * value) / np.expm1(l)

    step = 1e-4 * max(1, abs(logit))
    density = (value * logit - ContinuousBernoulli(leaf.detach()).log_normaliser).exp()
    expected = -(mass(logit + step) - mass(logit - step)) / (2 * step) / density
    assert leaf.grad is not None
    torch.testing.assert_close(leaf.grad, expected, rtol=2e-4, atol=1e-6)


def test_gradients_of_draws_in_float32_stay_finite_at_the_ends() -> None:
    leaf = torch.tensor([-1000.0, -50.0, 0.0, 1e-4, 50.0, 1000.0], requires_grad=True)
    found = ContinuousBernoulli(leaf)
    for level in (2**-24, 1e-7, 0.5, 1 - 2**-24):  # the ends of the noise
        leaf.grad = None
        found.distort(torch.full((6,), level)).sum().backward()
        assert leaf.grad is not None
        assert torch.isfinite(leaf.grad).all()


@pytest.mark.parametrize("logit", [-4.8e-3, 4.8e-3, 5e-3])
def test_gradients_of_draws_in_float32_keep_their_digits_near_zero(logit: float) -> None:
    noise = torch.tensor([0.05, 0.2, 0.8])
    gradients: list[Tensor] = []
    for dtype in (torch.float32, torch.float64):  # in float64 the closed form holds here
        leaf = torch.full((3,), logit, dtype=dtype, requires_grad=True)
        ContinuousBernoulli(leaf).distort(noise.to(dtype)).sum().backward()
        assert leaf.grad is not None
        gradients.append(leaf.grad.double())
    torch.testing.assert_close(*gradients, rtol=0, atol=3e-5)
