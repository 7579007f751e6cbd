"""Discrete laws against sums over all their values."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats
from torch import Tensor

from vael.distributions import Bernoulli, Categorical, DiscretisedLogistic, Law

LEVELS = [2, 3, 16, 256]


def values(levels: int, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.arange(levels, dtype=dtype).unsqueeze(-1) / (levels - 1)


def masses(law: Law, levels: int) -> Tensor:
    return law.log_prob(values(levels, law._like.dtype)).double().exp()


def logistic(loc: float, log_scale: float, levels: int, dtype: torch.dtype = torch.float64) -> Law:
    parameters = (torch.tensor([v], dtype=dtype) for v in (loc, log_scale))
    return DiscretisedLogistic(*parameters, levels)


def test_bernoulli_masses_sum_to_one_and_agree_with_scipy() -> None:
    logits = torch.tensor([-3.0, 0.2, 9.0], dtype=torch.float64)
    law = Bernoulli(logits)
    every = torch.tensor(list(itertools.product([0.0, 1.0], repeat=3)), dtype=torch.float64)
    found = law.log_prob(every)
    assert float(found.exp().sum()) == pytest.approx(1, abs=1e-14)
    expected = stats.bernoulli.logpmf(every.numpy(), logits.sigmoid().numpy()).sum(-1)
    torch.testing.assert_close(found, torch.from_numpy(expected))
    assert float(law.entropy()) == pytest.approx(-float((found.exp() * found).sum()))
    torch.testing.assert_close(law.mean, (found.exp().unsqueeze(-1) * every).sum(0))
    torch.testing.assert_close(law.variance, law.mean * (1 - law.mean))
    assert torch.equal(law.mode, every[found.argmax()])


def test_cross_entropy_on_greys_is_no_density() -> None:
    """The trap that the continuous Bernoulli mends: at the best logit, 0.3 still costs 0.611 nats."""
    grey = torch.tensor([0.3])
    assert float(Bernoulli(grey.logit()).log_prob(grey)) == pytest.approx(-0.611, abs=1e-3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("levels", LEVELS)
@given(loc=st.floats(-3, 4), log_scale=st.floats(-7, 7))
@example(0.5, -7.0)
@example(-3.0, -7.0)
@example(0.0, 7.0)
def test_logistic_masses_sum_to_one(dtype: torch.dtype, levels: int, loc: float, log_scale: float) -> None:
    total = masses(logistic(loc, log_scale, levels, dtype), levels).sum()
    assert float(total) == pytest.approx(1, abs=1e-4 if dtype == torch.float32 else 1e-11)


@pytest.mark.parametrize("levels", LEVELS)
@given(loc=st.floats(-1, 2), log_scale=st.floats(-5, 2))
def test_logistic_masses_are_those_of_scipy(levels: int, loc: float, log_scale: float) -> None:
    edges = (torch.arange(1, levels, dtype=torch.float64) - 0.5) / (levels - 1)
    below = stats.logistic.cdf(edges.numpy(), loc, np.exp(log_scale))
    expected = torch.from_numpy(below)
    bounds = torch.cat([torch.zeros(1).double(), expected, torch.ones(1).double()])
    found = masses(logistic(loc, log_scale, levels), levels)
    torch.testing.assert_close(found, bounds.diff(), atol=1e-12, rtol=0)


@pytest.mark.parametrize("levels", LEVELS)
@given(loc=st.floats(-1, 2), log_scale=st.floats(-7, 2))
@example(0.1, 1.0)
def test_logistic_mean_and_mode(levels: int, loc: float, log_scale: float) -> None:
    law = logistic(loc, log_scale, levels)
    mass = masses(law, levels)
    exact = float((mass * values(levels).squeeze(-1)).sum())
    assert float(law.mean) == pytest.approx(exact, abs=0.5 / (levels - 1) + 1e-12)
    if log_scale > -4 and levels == 256:  # bins far narrower than the law
        assert float(law.mean) == pytest.approx(exact, abs=1e-5)
    assert float(law.log_prob(law.mode)) == pytest.approx(float(mass.max().log()), abs=1e-9)


@pytest.mark.parametrize("levels", LEVELS)
def test_categorical_against_sums(levels: int) -> None:
    logits = torch.randn(2, levels, dtype=torch.float64)
    law = Categorical(logits)
    every = torch.cartesian_prod(*(values(levels).squeeze(-1),) * 2)
    log_mass = law.log_prob(every)
    mass = log_mass.exp().unsqueeze(-1)
    assert float(mass.sum()) == pytest.approx(1, abs=1e-12)
    mean = (mass * every).sum(0)
    torch.testing.assert_close(law.mean, mean)
    torch.testing.assert_close(law.variance, (mass * (every - mean).square()).sum(0))
    assert torch.equal(law.mode, every[log_mass.argmax()])
    assert float(law.entropy()) == pytest.approx(-float((mass.squeeze(-1) * log_mass).sum()))
    each = logits.log_softmax(-1)
    assert float(log_mass[0]) == pytest.approx(float(each[0, 0] + each[1, 0]))


@pytest.mark.parametrize(
    "law",
    [
        Bernoulli(torch.tensor([-1.0, 4.0])),
        DiscretisedLogistic(torch.tensor([0.2, 0.9]), torch.tensor([-1.0, -3.0]), 16),
        DiscretisedLogistic(torch.tensor([0.2, 0.9]), torch.tensor([-1.0, -3.0]), 2),
        Categorical(torch.tensor([[1.0, 0.0, -1.0], [0.0, 3.0, 0.5]])),
    ],
    ids=["bernoulli", "logistic-16", "logistic-2", "categorical"],
)
def test_draws_have_the_law_s_frequencies(law: Law, generator: torch.Generator) -> None:
    n = 20000
    draws = law.draw((n,), generator)
    levels = getattr(law, "levels", 2)
    for feature in range(2):
        counts = torch.bincount((draws[:, feature] * (levels - 1)).round().long(), minlength=levels)
        grid = law.mode.expand(levels, 2).clone()
        grid[:, feature] = values(levels, torch.float32).squeeze(-1)
        mass = (law.log_prob(grid) - law.log_prob(law.mode)).exp()
        mass = mass / mass.sum()
        error = (mass * (1 - mass) / n).sqrt()
        assert ((counts / n - mass).abs() <= 5 * error + 1e-9).all()


@pytest.mark.parametrize(
    "law",
    [
        Bernoulli(torch.zeros(2)),
        DiscretisedLogistic(torch.zeros(2), torch.zeros(2), 4),
        Categorical(torch.zeros(2, 3)),
    ],
    ids=lambda law: type(law).__name__,
)
def test_discrete_draws_claim_no_gradient(law: Law) -> None:
    assert not law.has_rsample
    with pytest.raises(NotImplementedError, match=type(law).__name__):
        law.rsample()
    assert law.sample((5,)).shape == (5, 2)


def test_logistic_gradients_stay_finite_far_from_the_data() -> None:
    loc = torch.tensor([-50.0, 50.0, 0.5], requires_grad=True)
    log_scale = torch.tensor([-7.0, -7.0, 7.0], requires_grad=True)
    law = DiscretisedLogistic(loc, log_scale)
    (law.log_prob(torch.tensor([0.3, 1.0, 0.0])) + law.mean.sum()).backward()
    assert torch.isfinite(loc.grad).all()  # type: ignore[arg-type]
    assert torch.isfinite(log_scale.grad).all()  # type: ignore[arg-type]


def test_uniform_noise_stays_inside_the_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    for dtype in (torch.float32, torch.float64):
        law = Bernoulli(torch.zeros(1, dtype=dtype))
        monkeypatch.setattr(torch, "rand", lambda shape, **_: torch.zeros(shape, dtype=dtype))  # noqa: B023
        noise = law.noise((3,))
        assert ((noise > 0) & (1 - noise < 1)).all()
        monkeypatch.undo()


@pytest.mark.parametrize("features", [1, 2, 3, 31, 33, 97, 784])
def test_the_quick_bernoulli_is_the_slow_one(features: int) -> None:
    """Without gradients the masses come from products of factors: in float32 as near as its digits allow."""
    generator = torch.Generator().manual_seed(features)
    logits = 8 * torch.randn(6, features, generator=generator)
    logits[0], logits[1] = 90.0, -90.0
    value = (torch.rand(6, features, generator=generator) < 0.5).float()
    value[0], value[1] = 1.0, 0.0
    quick = Bernoulli(logits).log_prob(value)
    slow = Bernoulli(logits.clone().requires_grad_()).log_prob(value)
    exact = Bernoulli(logits.double()).log_prob(value.double())
    assert not torch.equal(quick, slow.detach()) or features < 4
    torch.testing.assert_close(quick.double(), exact, rtol=2e-6, atol=2e-6 * features)
    assert quick[:2].abs().max() < 1e-4 * features
