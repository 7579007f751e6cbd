"""Drawing from any distribution by a generator; what every law shares."""

from __future__ import annotations

import pytest
import torch
import zuko
from torch import Tensor
from torch.distributions import (
    Beta,
    Distribution,
    Gamma,
    Independent,
    Laplace,
    MixtureSameFamily,
    MultivariateNormal,
    Normal,
    OneHotCategorical,
)
from torch.distributions import Categorical as TorchCategorical

from vael.distributions import (
    Bernoulli,
    Categorical,
    ContinuousBernoulli,
    Delta,
    DiagonalNormal,
    DiscretisedLogistic,
    FullNormal,
    Law,
    draw,
    fork,
)

TRIL = torch.eye(3) + torch.ones(3, 3).tril(-1)
LAWS: list[Law] = [
    Bernoulli(torch.tensor([[-1.0, 0.0, 2.0]] * 2)),
    ContinuousBernoulli(torch.tensor([[-1.0, 0.0, 2.0]] * 2)),
    Categorical(torch.linspace(-1, 1, 24).reshape(2, 3, 4)),
    DiscretisedLogistic(torch.full((2, 3), 0.4), torch.full((2, 3), -1.0), 16),
    DiagonalNormal(torch.zeros(2, 3), torch.full((2, 3), 0.5)),
    FullNormal(torch.zeros(2, 3), TRIL.expand(2, 3, 3)),
    Delta(torch.tensor([[0.0, 0.5, 1.0]] * 2)),
]
OTHERS: list[Distribution] = [
    Independent(Normal(torch.zeros(2, 3), torch.ones(2, 3)), 1),
    MultivariateNormal(torch.zeros(2, 3), scale_tril=TRIL),
    Normal(torch.zeros(2, 3), torch.ones(2, 3)),
    Independent(Laplace(torch.zeros(2, 3), torch.ones(2, 3)), 1),
    Independent(Gamma(torch.ones(2, 3), torch.ones(2, 3)), 1),
    Independent(Beta(torch.ones(2, 3), torch.ones(2, 3)), 1),
    OneHotCategorical(logits=torch.zeros(2, 3)),
    MixtureSameFamily(
        TorchCategorical(torch.ones(2, 4)),
        Independent(Normal(torch.zeros(2, 4, 3), torch.ones(2, 4, 3)), 1),
    ),
    zuko.flows.NSF(3, transforms=1, hidden_features=(8,))().expand((2,)),
]


def name(distribution: object) -> str:
    base = getattr(distribution, "base_dist", distribution)
    return f"{type(distribution).__name__}-{type(base).__name__}"


@pytest.mark.parametrize("distribution", LAWS + OTHERS, ids=name)
def test_one_state_gives_one_draw_and_leaves_the_global_state(distribution: Distribution) -> None:
    before = torch.random.get_rng_state()
    generator = torch.Generator().manual_seed(3)
    first = draw(distribution, (5,), generator)
    second = draw(distribution, (5,), generator)
    again = draw(distribution, (5,), torch.Generator().manual_seed(3))
    assert first.shape == (5, 2, 3)
    assert torch.equal(first, again)
    assert torch.equal(torch.random.get_rng_state(), before)
    if not isinstance(distribution, Delta):
        assert not torch.equal(first, second)
        assert not torch.equal(first[0], first[1])
        assert not torch.equal(first[:, 0], first[:, 1])


@pytest.mark.parametrize("distribution", LAWS + OTHERS, ids=name)
def test_without_a_generator_torch_s_own_is_used(distribution: Distribution) -> None:
    torch.manual_seed(5)
    first = draw(distribution, (2,))
    torch.manual_seed(5)
    assert torch.equal(draw(distribution, (2,)), first)


def test_a_draw_from_torch_s_normal_has_its_moments(generator: torch.Generator) -> None:
    loc, scale = torch.tensor([1.0, -3.0]), torch.tensor([0.1, 5.0])
    draws = draw(Independent(Normal(loc, scale), 1), (20000,), generator)
    assert ((draws.mean(0) - loc).abs() < 5 * scale / 20000**0.5).all()
    torch.testing.assert_close(draws.std(0), scale, rtol=0.03, atol=0)


def test_gradients_pass_a_draw_where_torch_lets_them(generator: torch.Generator) -> None:
    rate = torch.ones(3, requires_grad=True)
    assert draw(Independent(Gamma(rate, rate), 1), (), generator).requires_grad
    logits = torch.zeros(3, requires_grad=True)
    assert not draw(OneHotCategorical(logits=logits), (), generator).requires_grad


def test_fork_puts_the_global_state_back_after_an_error(generator: torch.Generator) -> None:
    before = torch.random.get_rng_state()

    def interrupted() -> None:
        with fork(generator):
            torch.randn(3)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        interrupted()
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("law", LAWS, ids=name)
def test_expand_repeats_a_law(law: Law, generator: torch.Generator) -> None:
    wide = law.expand((4, 2))
    assert (wide.batch_shape, wide.event_shape) == ((4, 2), (3,))
    value = law.draw((), generator)
    assert torch.equal(wide.log_prob(value), law.log_prob(value).expand(4, 2))
    torch.testing.assert_close(wide.mean, law.mean.expand(4, 2, 3))
    assert wide.draw((6,), generator).shape == (6, 4, 2, 3)


@pytest.mark.parametrize("law", LAWS, ids=name)
def test_log_prob_broadcasts_over_samples_and_rows(law: Law, generator: torch.Generator) -> None:
    """A law of batch shape (k, n) at rows (n, features) gives (k, n), row by row."""
    k, n = 4, 2
    tall = law.expand((k, n))
    x = law.draw((), generator)
    found = tall.log_prob(x)
    assert found.shape == (k, n)
    for i in range(n):
        single = law.expand((n,)).log_prob(x[i].expand(n, 3))[i]
        torch.testing.assert_close(found[:, i], single.expand(k))


@pytest.mark.parametrize("law", LAWS, ids=name)
def test_a_detached_law_is_the_same_law_without_gradients(law: Law) -> None:
    leaves = [v for v in vars(law).values() if isinstance(v, Tensor)]
    live = law.expand((2,))
    for key, value in list(vars(live).items()):
        if isinstance(value, Tensor):
            setattr(live, key, value.clone().requires_grad_())
    still = live.detach()
    value = law.draw((), torch.Generator().manual_seed(0))
    assert leaves
    assert live.log_prob(value).requires_grad or isinstance(law, Delta)
    assert not still.log_prob(value).requires_grad
    assert torch.equal(still.log_prob(value), live.log_prob(value).detach())


@pytest.mark.parametrize("law", LAWS, ids=name)
def test_a_law_says_what_it_is(law: Law) -> None:
    assert repr(law).startswith(type(law).__name__ + "(")
    assert "(2, 3" in repr(law)


def test_the_point_mass_draws_its_point_and_no_noise(generator: torch.Generator) -> None:
    loc = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    law = Delta(loc)
    before = generator.get_state()
    assert torch.equal(law.draw((3,), generator), loc.expand(3, 2, 2))
    assert torch.equal(generator.get_state(), before)
    assert torch.equal(law.variance, torch.zeros(2, 2))
    assert law.log_prob(loc).tolist() == [0, 0]
    assert law.log_prob(loc + torch.tensor([[0.0, 1e-3], [0.0, 0.0]])).tolist() == [-torch.inf, 0]
