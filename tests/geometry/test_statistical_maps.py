"""Coordinates of laws against their Fisher information: sums and integrals of squared scores."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.polynomial import hermite_e, laguerre, legendre
from torch import Tensor
from torch import distributions as torch_laws
from torch.distributions import Distribution, Independent
from torch.func import jacfwd, jvp, vmap

from vael import distributions as laws
from vael.errors import InputError
from vael.geometry.half_plane import normal_fisher_rao_chord
from vael.geometry.statistical_maps import register_map, statistical_map

Family = Callable[[Tensor], Distribution]
D = torch.float64


def f64(*values: float) -> Tensor:
    return torch.tensor(values, dtype=D)


def information(family: Family, theta: Tensor, x: Tensor, weights: Tensor) -> Tensor:
    """Fisher information at theta: the weighted sum of score score^T over the nodes x."""
    scores = jacfwd(lambda t: family(t).log_prob(x))(theta).detach()
    return torch.einsum("n,ni,nj->ij", weights * family(theta).log_prob(x).exp().detach(), scores, scores)


def pulled_back(family: Family, theta: Tensor, **given: Any) -> Tensor:
    J = jacfwd(lambda t: statistical_map(family(t), **given))(theta)
    return J.mT @ J


def counts(top: int) -> tuple[Tensor, Tensor]:
    return torch.arange(top, dtype=D).unsqueeze(-1), torch.ones(top, dtype=D)


def greys() -> tuple[Tensor, Tensor]:
    nodes, weights = legendre.leggauss(80)
    return torch.from_numpy((nodes + 1) / 2).unsqueeze(-1), torch.from_numpy(weights / 2)


def positive() -> tuple[Tensor, Tensor]:
    nodes, weights = laguerre.laggauss(60)
    return torch.from_numpy(nodes).unsqueeze(-1), torch.from_numpy(weights * np.exp(nodes))


def real() -> tuple[Tensor, Tensor]:
    nodes, weights = hermite_e.hermegauss(80)
    return torch.from_numpy(nodes).unsqueeze(-1), torch.from_numpy(weights * np.exp(nodes**2 / 2))


def levels(m: int) -> tuple[Tensor, Tensor]:
    return torch.arange(m, dtype=D).unsqueeze(-1) / (m - 1), torch.ones(m, dtype=D)


CASES: dict[str, tuple[Family, Tensor, tuple[Tensor, Tensor]]] = {
    "Bernoulli": (laws.Bernoulli, f64(-1.3), levels(2)),
    "torch Bernoulli": (lambda t: Independent(torch_laws.Bernoulli(logits=t), 1), f64(2.0), levels(2)),
    "torch Bernoulli of p": (lambda t: Independent(torch_laws.Bernoulli(t), 1), f64(0.3), levels(2)),
    "continuous Bernoulli": (laws.ContinuousBernoulli, f64(4.0), greys()),
    "Poisson": (lambda t: Independent(torch_laws.Poisson(t.exp()), 1), f64(0.7), counts(60)),
    "negative binomial": (
        lambda t: Independent(torch_laws.NegativeBinomial(f64(3.5), logits=t), 1),
        f64(-0.4),
        counts(200),
    ),
    "gamma": (lambda t: Independent(torch_laws.Gamma(f64(3.0), t.exp()), 1), f64(0.1), positive()),
    "exponential": (lambda t: Independent(torch_laws.Exponential(t.exp()), 1), f64(0.2), positive()),
    "categorical": (lambda t: laws.Categorical(t.unsqueeze(0)), f64(0.3, -1.0, 0.9), levels(3)),
    "torch categorical": (
        lambda t: Independent(torch_laws.Categorical(logits=t.unsqueeze(0)), 1),
        f64(0.3, -1.0, 0.9),
        counts(3),
    ),
    "one-hot": (
        lambda t: torch_laws.OneHotCategorical(logits=t),
        f64(0.3, -1.0, 0.9),
        (torch.eye(3, dtype=D), torch.ones(3, dtype=D)),
    ),
    "normal": (lambda t: laws.DiagonalNormal(t, f64(0.2)), f64(0.4), real()),
    "torch normal": (lambda t: Independent(torch_laws.Normal(t, f64(1.3)), 1), f64(0.4), real()),
    "full normal": (lambda t: laws.FullNormal(t, f64(1.2).unsqueeze(0)), f64(0.4), real()),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("metric", ["auto", "fisher-rao"])
def test_the_pullback_is_the_fisher_information(case: str, metric: str) -> None:
    family, theta, nodes = CASES[case]
    found = pulled_back(family, theta, metric=metric, scale_varies=False)
    torch.testing.assert_close(found, information(family, theta, *nodes), rtol=1e-12, atol=1e-12)


def test_a_correlated_normal_is_measured_by_its_precision() -> None:
    tril = torch.tensor([[1.0, 0.0], [-0.7, 0.5]], dtype=D)
    expected = torch.linalg.inv(tril @ tril.mT)
    for family in (
        lambda t: laws.FullNormal(t, tril),
        lambda t: torch_laws.MultivariateNormal(t, scale_tril=tril),
    ):
        found = pulled_back(family, f64(0.1, 0.2), scale_varies=False)
        torch.testing.assert_close(found, expected, rtol=1e-13, atol=0)


def distance(a: Distribution, b: Distribution) -> float:
    return float(torch.linalg.vector_norm(statistical_map(a) - statistical_map(b)))


def test_oracles() -> None:
    assert distance(
        *(laws.Bernoulli(f64(p).logit()) for p in (0.2, 0.7))
    ) == pytest.approx(1.055017954860772, abs=1e-12)  # fmt: skip
    poissons = [Independent(torch_laws.Poisson(f64(rate)), 1) for rate in (1.0, 4.0)]
    assert distance(*poissons) == pytest.approx(2, abs=1e-14)
    k, (low, high) = 2.5, (0.3, 4.0)
    gammas = [Independent(torch_laws.Gamma(f64(k), f64(rate)), 1) for rate in (low, high)]
    assert distance(*gammas) == pytest.approx(math.sqrt(k) * math.log(high / low), abs=1e-14)
    r, means = 4.0, (1.0, 9.0)
    binomials = [torch_laws.NegativeBinomial(f64(r), logits=f64(mean / r).log()) for mean in means]
    arc = 2 * math.sqrt(r) * (math.asinh(math.sqrt(9 / r)) - math.asinh(math.sqrt(1 / r)))
    assert distance(*binomials) == pytest.approx(arc, abs=1e-13)


def test_the_categorical_s_arc() -> None:
    """The chord is that of a circle of radius 2; a fine path along the great circle has the arc's length."""
    p, q = f64(0.2, 0.3, 0.5), f64(0.6, 0.3, 0.1)
    a, b = (statistical_map(laws.Categorical(each.log().unsqueeze(0))) for each in (p, q))
    chord = torch.linalg.vector_norm(a - b)
    assert float(4 * (chord / 4).asin()) == pytest.approx(1.031119217362950, abs=1e-12)
    t = torch.linspace(0, 1, 4001, dtype=D).unsqueeze(-1)
    angle = 2 * (chord / 4).asin()
    path = (a * ((1 - t) * angle).sin() + b * (t * angle).sin()) / angle.sin()
    along = statistical_map(laws.Categorical((path / 2).square().log().unsqueeze(1)))
    torch.testing.assert_close(along, path, rtol=0, atol=1e-14)
    length = torch.linalg.vector_norm(along.diff(dim=0), dim=-1).sum()
    assert float(length) == pytest.approx(1.031119217362950, abs=1e-8)


def test_expected_metrics_are_averages_over_draws() -> None:
    """E[J^T J] of x = mu(z) + sigma(z) noise, by a two-dimensional quadrature over the noise."""
    W = torch.tensor([[1.0, 0.3, -0.5, 0.1], [0.2, -0.8, 0.4, 0.6]], dtype=D)
    z = f64(0.3, -0.2)

    def moments(z: Tensor) -> tuple[Tensor, Tensor]:
        mu, raw = (z @ W).tanh().chunk(2)
        return mu, raw.exp()

    nodes, weights = hermite_e.hermegauss(5)
    weights = weights / weights.sum()
    expected = torch.zeros(2, 2, dtype=D)
    for (u, p), (v, q) in itertools.product(zip(nodes, weights, strict=True), repeat=2):
        noise = f64(u, v)
        J = jacfwd(lambda z, noise=noise: moments(z)[0] + moments(z)[1] * noise)(z)
        expected += p * q * J.mT @ J
    families: list[Callable[[Tensor, Tensor], Distribution]] = [
        lambda mu, sigma: laws.DiagonalNormal(mu, sigma.log()),
        lambda mu, sigma: Independent(torch_laws.Normal(mu, sigma), 1),
        lambda mu, sigma: laws.FullNormal(mu, torch.diag(sigma)),
        lambda mu, sigma: laws.DiscretisedLogistic(mu, (sigma * math.sqrt(3) / math.pi).log(), 16),
    ]
    for family in families:
        for metric in ("auto", "expected"):
            found = pulled_back(lambda z, f=family: f(*moments(z)), z, metric=metric)
            torch.testing.assert_close(found, expected, rtol=1e-13, atol=1e-14)
        with pytest.raises(InputError, match="not flat"):
            statistical_map(family(*moments(z)), metric="fisher-rao")
        mean = pulled_back(lambda z, f=family: f(*moments(z)), z, metric="mean")
        plain = jacfwd(lambda z: moments(z)[0])(z)
        if family is not families[-1]:
            torch.testing.assert_close(mean, plain.mT @ plain)


def test_an_ensemble_averages_the_metrics_of_its_members() -> None:
    logits = [f64(0.3, -2.0), f64(1.0, 0.0), f64(-3.0, 5.0)]
    mixture = laws.UniformMixture([laws.Bernoulli(each) for each in logits])
    found = statistical_map(mixture)
    assert found.shape == (6,)
    expected = torch.cat([statistical_map(laws.Bernoulli(each)) for each in logits]) / math.sqrt(3)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("batch", [(), (5,), (4, 5), (0,)])
def test_shapes(batch: tuple[int, ...]) -> None:
    values = torch.rand(*batch, 3, 4)
    for law, width in (
        (laws.Bernoulli(values), 4),
        (laws.Categorical(values), 12),
        (laws.DiagonalNormal(values, torch.zeros(())), 8),
        (Independent(torch_laws.Bernoulli(logits=values), 2), 12),
        (Independent(torch_laws.Normal(values, values + 1), 2), 24),
        (laws.Delta(values), 4),
        (torch_laws.Poisson(values), 1),
        (laws.UniformMixture([laws.Delta(values)] * 2), 8),
    ):
        assert statistical_map(law).shape == (*law.batch_shape, width)


def test_a_law_without_coordinates_gives_its_mean_unless_told() -> None:
    law = Independent(torch_laws.Beta(f64(1.0, 2.0), f64(3.0, 4.0)), 1)
    torch.testing.assert_close(statistical_map(law), law.mean)
    with pytest.raises(InputError, match="Fisher information of Beta is flat"):
        statistical_map(law, metric="fisher-rao")

    class Own(torch_laws.Beta):
        pass

    register_map(Own, lambda law: 3 * law.mean)
    own = Independent(Own(f64(1.0, 2.0), f64(3.0, 4.0)), 1)
    torch.testing.assert_close(statistical_map(own), 3 * law.mean)
    with pytest.raises(InputError, match="has no mean"):
        statistical_map(torch_laws.TransformedDistribution(torch_laws.Normal(0.0, 1.0), []))
    with pytest.raises(InputError, match="metric must be one of auto, fisher-rao, expected, mean, got 'l2'"):
        statistical_map(law, metric="l2")


def test_a_rate_of_zero_is_no_nan() -> None:
    def value(t: Tensor) -> Tensor:
        return statistical_map(Independent(torch_laws.Poisson(t.exp(), validate_args=False), 1))

    z = torch.tensor([-200.0, 0.0])
    found, slope = jvp(value, (z,), (torch.ones(2),))[:2]
    torch.testing.assert_close(slope, torch.tensor([0.0, 1.0]))
    assert torch.isfinite(found).all()


# -- normals under Fisher-Rao ------------------------------------------------------------------------------


def chord(*given: float) -> Tensor:
    return normal_fisher_rao_chord(*(f64(each) for each in given))


def test_the_half_plane_s_distance() -> None:
    assert float(chord(0, 1, 3, 0.5).norm()) == pytest.approx(3.443183448602137, abs=1e-12)
    assert float(chord(1, 0.3, 1, 2.4).norm()) == pytest.approx(math.sqrt(2) * math.log(8), abs=1e-14)
    for mu, sigma in ((0.5, 1.1), (1e-9, 1.0), (1e5, 1e-4), (-40.0, 7.0)):
        cosh = 1 + (mu**2 / 2 + (sigma - 1) ** 2) / (2 * sigma)
        expected = math.sqrt(2) * math.acosh(cosh)
        assert float(chord(0, 1, mu, sigma).norm()) == pytest.approx(expected, rel=1e-12, abs=3e-8)
    a, b = chord(0.2, 0.5, 1, 2), chord(1, 2, 0.2, 0.5)
    torch.testing.assert_close(a, -b)


def test_components_add_up_and_affine_maps_change_nothing() -> None:
    mu, sigma = f64(0.0, 1.0, -2.0), f64(1.0, 0.2, 3.0)
    nu, tau = f64(0.5, 1.1, 4.0), f64(0.7, 0.4, 1.0)
    whole = normal_fisher_rao_chord(mu, sigma, nu, tau)
    parts = [normal_fisher_rao_chord(*(v[i : i + 1] for v in (mu, sigma, nu, tau))) for i in range(3)]
    squares = sum(float(each.square().sum()) for each in parts)
    assert float(whole.square().sum()) == pytest.approx(squares, abs=1e-12)
    moved = normal_fisher_rao_chord(3 * mu + 1, 3 * sigma, 3 * nu + 1, 3 * tau)
    torch.testing.assert_close(moved, whole)


def test_near_by_it_is_the_fisher_information() -> None:
    """d^2 = (d mu^2 + 2 d sigma^2) / sigma^2, from second derivatives where the laws coincide."""
    mu, sigma = f64(0.4), f64(0.7)

    def half_square(step: Tensor) -> Tensor:
        return normal_fisher_rao_chord(mu, sigma, mu + step[:1], sigma + step[1:]).square().sum() / 2

    H = torch.func.hessian(half_square)(f64(0.0, 0.0))
    torch.testing.assert_close(H, torch.diag(f64(1 / 0.49, 2 / 0.49)), rtol=1e-12, atol=1e-12)


def test_it_is_smooth_where_the_laws_coincide() -> None:
    t = torch.linspace(-1.5, 1.5, 7, dtype=D)

    def along(t: Tensor) -> Tensor:
        return normal_fisher_rao_chord(f64(0.0), f64(1.0), t.unsqueeze(-1), t.exp().unsqueeze(-1))

    def derivative(f: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
        return lambda t: vmap(lambda one: jvp(f, (one,), (torch.ones_like(one),))[1])(t)

    once = derivative(along)
    twice = derivative(lambda t: jvp(along, (t,), (torch.ones_like(t),))[1])
    step = 1e-5
    for slope, f in ((once, along), (twice, once)):
        around = (f(t + step) - f(t - step)) / (2 * step)
        torch.testing.assert_close(slope(t), around, rtol=1e-8, atol=1e-8)
    # The two branches of asinh(q) / q meet at q^2 = 0.1.
    q = math.sqrt(0.1)
    for sigma in (1.0, 3.0):
        ends = [chord(0, sigma, 2 * math.sqrt(2) * q * sigma * (1 + s), sigma) for s in (-1e-9, 1e-9)]
        torch.testing.assert_close(ends[0], ends[1], rtol=3e-9, atol=0)
