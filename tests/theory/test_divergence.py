from __future__ import annotations

import doctest

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from torch.distributions import MultivariateNormal, kl_divergence

from vael.errors import InputError
from vael.theory import (
    Density,
    Estimate,
    Integral,
    divergence,
    integrate,
    kl_integrand,
    kl_monte_carlo,
    kl_normal,
    kl_quadrature,
    normal_density,
)

inf = np.inf
means = st.floats(-4, 4)
scales = st.floats(0.2, 4)


def random_normal(random: np.random.Generator, d: int) -> tuple[np.ndarray, np.ndarray]:
    factor = random.normal(size=(d, d)) + 2 * np.eye(d)
    return random.normal(size=d), factor @ factor.T


@given(means, scales)
def test_from_the_standard_normal(m: float, s: float) -> None:
    assert kl_normal(m, s**2, 0, 1) == pytest.approx((m**2 + s**2 - 1 - np.log(s**2)) / 2, abs=1e-8)


@given(st.integers(0, 10_000), st.integers(1, 6))
def test_full_covariances_against_torch(seed: int, d: int) -> None:
    random = np.random.default_rng(seed)
    q, p = random_normal(random, d), random_normal(random, d)
    laws = [MultivariateNormal(*map(torch.tensor, law)) for law in (q, p)]
    exact = kl_divergence(*laws).item()
    assert kl_normal(*q, *p) == pytest.approx(exact, rel=1e-8, abs=1e-8)
    assert kl_normal(*q, *p) > 0
    # It does not change with the coordinates.
    A, b = random.normal(size=(d, d)) + 3 * np.eye(d), random.normal(size=d)
    moved = [(A @ m + b, A @ C @ A.T) for m, C in (q, p)]
    moved = [(m, (C + C.T) / 2) for m, C in moved]
    assert kl_normal(*moved[0], *moved[1]) == pytest.approx(exact, rel=1e-6, abs=1e-8)


@given(st.integers(0, 10_000), st.integers(1, 6), st.floats(-9, -1))
def test_zero_if_and_only_if_equal(seed: int, d: int, power: float) -> None:
    random = np.random.default_rng(seed)
    mean, covariance = random_normal(random, d)
    assert abs(kl_normal(mean, covariance, mean, covariance)) < 1e-15 * d
    hair = 10**power
    shift = np.linalg.cholesky(covariance)[:, 0] * hair
    assert kl_normal(mean + shift, covariance, mean, covariance) == pytest.approx(hair**2 / 2, rel=1e-4)
    assert kl_normal(mean, covariance * (1 + hair), mean, covariance) == pytest.approx(
        d * (hair - np.log1p(hair)) / 2, rel=1e-4, abs=1e-16
    )


def test_asymmetry() -> None:
    assert kl_normal(0, 4, 0, 1) == pytest.approx(1.5 - np.log(2), abs=1e-12)
    assert kl_normal(0, 1, 0, 4) == pytest.approx(-0.375 + np.log(2), abs=1e-12)
    narrow, wide = normal_density(0, 1), normal_density(0, 2)
    assert kl_quadrature(wide, narrow).value == pytest.approx(1.5 - np.log(2), abs=1e-8)
    assert kl_quadrature(narrow, wide).value == pytest.approx(-0.375 + np.log(2), abs=1e-8)


@settings(max_examples=8)
@given(means, scales, means, scales)
def test_quadrature_gives_the_closed_form(m: float, s: float, n: float, t: float) -> None:
    exact = kl_normal(m, s**2, n, t**2)
    found = kl_quadrature(normal_density(m, s), normal_density(n, t))
    assert abs(found.value - exact) <= found.error + 1e-12
    assert found.error <= 1e-10 * (1 + exact) * 1.01


@settings(max_examples=8)
@given(means, scales, means, scales, st.integers(0, 99))
def test_monte_carlo_gives_the_closed_form(m: float, s: float, n: float, t: float, seed: int) -> None:
    found = kl_monte_carlo(normal_density(m, s), normal_density(n, t), n=2000, random_state=seed)
    assert abs(found.value - kl_normal(m, s**2, n, t**2)) <= 5 * found.standard_error + 1e-12
    assert found.samples == 2000


def test_the_standard_error_is_that_of_the_mean() -> None:
    q, p = normal_density(1, 1.5), normal_density(0, 1)
    found = [kl_monte_carlo(q, p, n=400, random_state=seed) for seed in range(400)]
    spread = np.std([estimate.value for estimate in found], ddof=1)
    assert np.mean([estimate.standard_error for estimate in found]) == pytest.approx(spread, rel=0.15)
    assert np.mean([e.value for e in found]) == pytest.approx(kl_normal(1, 2.25, 0, 1), abs=5 * spread / 20)


def test_monte_carlo_in_three_dimensions() -> None:
    random = np.random.default_rng(3)
    q, p = random_normal(random, 3), random_normal(random, 3)
    found = kl_monte_carlo(
        stats.multivariate_normal(*q).logpdf,
        stats.multivariate_normal(*p).logpdf,
        lambda random, n: random.multivariate_normal(*q, n),
        random_state=0,
    )
    assert abs(found.value - kl_normal(*q, *p)) < 5 * found.standard_error
    assert found.standard_error < 0.1


@settings(max_examples=8)
@given(means, scales, means, scales)
def test_the_integrand_integrates_to_the_divergence(m: float, s: float, n: float, t: float) -> None:
    q, p = normal_density(m, s), normal_density(n, t)
    x = np.linspace(-9, 9, 37)
    naive = stats.norm(m, s).pdf(x) * (stats.norm(m, s).logpdf(x) - stats.norm(n, t).logpdf(x))
    np.testing.assert_allclose(kl_integrand(q, p, x), naive, atol=1e-8)
    whole = integrate(lambda x: kl_integrand(q, p, x), points=q.points)
    assert whole.value == pytest.approx(kl_normal(m, s**2, n, t**2), rel=1e-8, abs=1e-8)
    assert (kl_integrand(q, q, x) == 0).all()


def test_other_laws() -> None:
    exponential = [Density(lambda x, r=r: np.log(r) - r * x, 0, log=True) for r in (1.0, 3.0)]
    found = kl_quadrature(*exponential)
    assert abs(found.value - (np.log(1 / 3) + 3 - 1)) <= found.error
    laplace = Density(stats.laplace.logpdf, log=True)
    exact = np.log(2 / np.sqrt(2 * np.pi)) + np.sqrt(2 / np.pi) - 0.5
    assert kl_quadrature(normal_density(), laplace).value == pytest.approx(exact, abs=1e-8)


def test_infinite_where_q_puts_mass_and_p_has_none() -> None:
    normal = normal_density()
    half = Density(lambda x: np.log(2) + normal.log_pdf(x), 0, log=True)
    hidden = Density(lambda x: np.where(x > 0, 2 * normal.pdf(x), 0.0))
    for p in (half, hidden):
        assert kl_quadrature(normal, p) == Integral(inf, 0.0)
        assert kl_monte_carlo(normal, p, n=100, random_state=0) == Estimate(inf, 0.0, 100)
        assert kl_integrand(normal, p, [-1.0])[0] == inf
        assert kl_quadrature(p, normal).value == pytest.approx(np.log(2), abs=1e-8)
        assert kl_integrand(p, normal, [-1.0])[0] == 0


def test_underflow_is_not_taken_for_zero() -> None:
    laplace = Density(stats.laplace.logpdf, log=True)
    exact = 0.5 * np.log(2 * np.pi) + 1 - np.log(2) - 1
    assert kl_quadrature(laplace, normal_density()).value == pytest.approx(exact, abs=1e-8)
    with pytest.raises(InputError, match=r"p is 0 in float64 at .* by its logarithm"):
        kl_quadrature(laplace, Density(stats.norm.pdf))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0, 0], np.diag([1, -2]), [0, 0], np.eye(2)), "covariance of q .* smallest eigenvalue is -2"),
        (([0, 0], np.eye(2), [0, 0], np.ones((2, 2))), "covariance of p must be positive definite"),
        ((0, 0, 0, 1), "covariance of q .* smallest eigenvalue is 0"),
        (([0, 0], np.eye(3), [0, 0], np.eye(2)), r"shape \(2, 2\), got \(3, 3\)"),
        (([0, 0], np.eye(2), [0], np.eye(2)), r"got \(2,\) and \(1,\)"),
        (([0, np.nan], np.eye(2), [0, 0], np.eye(2)), "means must be finite"),
        (([0, 0], np.diag([1, np.inf]), [0, 0], np.eye(2)), "covariance of q must be finite, got inf"),
    ],
)
def test_bad_normals(arguments: tuple, message: str) -> None:
    with pytest.raises(InputError, match=message):
        kl_normal(*arguments)


def test_bad_monte_carlo() -> None:
    normal = normal_density()
    unit = Density(lambda x: np.ones_like(x), 0, 1)
    with pytest.raises(InputError, match="at least 2 draws, got n = 1"):
        kl_monte_carlo(normal, normal, n=1)
    with pytest.raises(InputError, match="has no sampler"):
        kl_monte_carlo(unit, normal)
    with pytest.raises(InputError, match="needs a sampler"):
        kl_monte_carlo(stats.norm.logpdf, normal)
    with pytest.raises(InputError, match="must give 10 draws, got 3"):
        kl_monte_carlo(normal, normal, lambda random, n: np.zeros(3), n=10)
    with pytest.raises(InputError, match=r"sampler drew -\d.* where q has no density"):
        kl_monte_carlo(unit, normal, lambda random, n: random.normal(size=n), n=50, random_state=0)
    with pytest.raises(InputError, match="ln p must give 10 numbers"):
        kl_monte_carlo(normal, lambda x: np.full(len(x), np.nan), n=10)


def test_a_divergence_that_is_infinite_by_its_tails() -> None:
    with pytest.raises(InputError, match="did not converge"):
        kl_quadrature(Density(stats.cauchy.logpdf, log=True), normal_density())


def test_examples() -> None:
    assert doctest.testmod(divergence).failed == 0
