"""The uniform mixture against sums over all values, quadrature and draws."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from numpy.polynomial import legendre
from scipy import stats
from torch.distributions import Independent, Laplace, Poisson

from vael.distributions import Bernoulli, ContinuousBernoulli, Delta, DiagonalNormal, UniformMixture, draw
from vael.errors import InputError


def bernoullis() -> UniformMixture:
    logits = torch.tensor([[-2.0, 1.0, 0.3], [3.0, -1.0, 0.0], [0.5, 0.5, -4.0]], dtype=torch.float64)
    return UniformMixture([Bernoulli(each) for each in logits])


def normals(shape: tuple[int, ...] = ()) -> UniformMixture:
    made = np.random.default_rng(3).normal(size=(4, 2, *shape, 2))
    loc, log_scale = torch.from_numpy(made).transpose(0, 1)
    return UniformMixture([DiagonalNormal(a, 0.3 * b) for a, b in zip(loc, log_scale, strict=True)])


def test_masses_sum_to_one_and_give_the_moments() -> None:
    law = bernoullis()
    every = torch.tensor(list(itertools.product([0.0, 1.0], repeat=3)), dtype=torch.float64)
    masses = law.log_prob(every).exp()
    assert float(masses.sum()) == pytest.approx(1, abs=1e-14)
    mean = masses @ every
    torch.testing.assert_close(law.mean, mean, atol=1e-14, rtol=0)
    torch.testing.assert_close(law.variance, masses @ (every - mean).square(), atol=1e-14, rtol=0)


def test_features_of_one_row_come_from_one_component() -> None:
    """A mixture of whole rows, not of each feature: (0, 0) or (1, 1), and never (0, 1)."""
    sure = torch.tensor([40.0, 40.0], dtype=torch.float64)
    law = UniformMixture([Bernoulli(sure), Bernoulli(-sure)])
    assert float(law.log_prob(torch.tensor([1.0, 0.0]).double())) < -39
    rows = draw(law, (200,), torch.Generator().manual_seed(0))
    assert torch.equal(rows[:, 0], rows[:, 1])
    assert 60 < int(rows[:, 0].sum()) < 140


def test_a_density_agrees_with_scipy_and_integrates_to_one() -> None:
    law = normals()
    x = np.random.default_rng(0).normal(size=(7, 2))
    each = [stats.norm.pdf(x, c.mean.numpy(), c.stddev.numpy()).prod(-1) for c in law.components]
    found = law.log_prob(torch.from_numpy(x))
    torch.testing.assert_close(found, torch.from_numpy(np.log(np.mean(each, axis=0))))

    nodes, weights = legendre.leggauss(60)
    greys = UniformMixture([ContinuousBernoulli(torch.tensor([at]).double()) for at in (-20.0, 0.1, 7.0)])
    x = torch.from_numpy((nodes + 1) / 2).unsqueeze(-1)
    density = greys.log_prob(x).exp() * torch.from_numpy(weights) / 2
    assert float(density.sum()) == pytest.approx(1, abs=1e-12)
    assert float(density @ x[:, 0]) == pytest.approx(float(greys.mean), abs=1e-12)
    assert float(density @ (x - greys.mean).square()[:, 0]) == pytest.approx(float(greys.variance), abs=1e-12)


@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
def test_draws_have_the_moments_and_follow_from_the_generator(shape: tuple[int, ...]) -> None:
    law = normals(shape)
    drawn = draw(law, (40000,), torch.Generator().manual_seed(1))
    assert drawn.shape == (40000, *shape, 2)
    error = (law.variance / 40000).sqrt()
    assert ((drawn.mean(0) - law.mean).abs() < 5 * error).all()
    torch.testing.assert_close(drawn.var(0), law.variance, rtol=0.05, atol=0)
    assert torch.equal(drawn, draw(law, (40000,), torch.Generator().manual_seed(1)))


def test_components_of_torch_are_taken_too() -> None:
    rate = torch.tensor([[1.0, 2.0], [7.0, 0.5]], dtype=torch.float64)
    law = UniformMixture([Independent(Poisson(each), 1) for each in rate])
    counts = torch.tensor([2.0, 1.0], dtype=torch.float64)
    expected = np.log(np.mean([stats.poisson.pmf([2, 1], each).prod() for each in rate.numpy()]))
    assert float(law.log_prob(counts)) == pytest.approx(expected, abs=1e-13)
    assert draw(law, (5,), torch.Generator().manual_seed(0)).shape == (5, 2)


def test_no_probability_anywhere_but_at_the_points_of_deltas() -> None:
    points = torch.tensor([[0.0, 1.0], [2.0, 3.0]])
    law = UniformMixture([Delta(each) for each in points])
    found = law.log_prob(torch.tensor([[0.0, 1.0], [0.0, 3.0]]))
    torch.testing.assert_close(found, torch.tensor([-np.log(2), -np.inf], dtype=torch.float32))


def test_expanded_and_detached() -> None:
    law = normals()
    wide = law.expand((5,))
    x = torch.randn(5, 2, dtype=torch.float64)
    assert wide.batch_shape == (5,)
    torch.testing.assert_close(wide.log_prob(x), law.log_prob(x))
    loc = torch.zeros(2, requires_grad=True)
    free = UniformMixture([DiagonalNormal(loc, torch.zeros(2))] * 2)
    assert free.log_prob(torch.ones(2)).requires_grad
    assert not free.detach().log_prob(torch.ones(2)).requires_grad
    with pytest.raises(NotImplementedError, match="does not detach"):
        UniformMixture([Independent(Laplace(loc, torch.ones(2)), 1)]).detach()


def test_components_must_agree() -> None:
    with pytest.raises(InputError, match="one component at least"):
        UniformMixture([])
    with pytest.raises(InputError, match=r"same shapes, got \(\) of \(2,\) and \(\) of \(3,\)"):
        UniformMixture([Bernoulli(torch.zeros(3)), Bernoulli(torch.zeros(2))])
