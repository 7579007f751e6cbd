"""Gradient estimators against closed forms and quadrature."""

from __future__ import annotations

import doctest
from importlib import import_module

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vael.errors import InputError
from vael.theory.gaussian_identities import gaussian_identities
from vael.theory.gradient_study import gradient_study
from vael.theory.gradients import (
    Gradient,
    GradientSamples,
    Quadratic,
    exact_gradient,
    mean_baseline,
    optimal_baseline,
    reparameterised_gradient,
    score_function_gradient,
)

SEEDS = st.integers(0, 10_000)


def quadratic(seed: int, dimension: int) -> Quadratic:
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(dimension, dimension))
    return Quadratic(A + A.T, rng.normal(size=dimension), rng.normal())


def law(seed: int, dimension: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed + 1)
    return rng.normal(size=dimension), rng.uniform(0.3, 2.0, dimension)


def covariance(seed: int, dimension: int) -> np.ndarray:
    A = np.random.default_rng(seed + 2).normal(size=(dimension, dimension))
    return A @ A.T + 0.2 * np.eye(dimension)


def agrees(samples: GradientSamples, exact: Gradient, errors: float = 5.0) -> bool:
    mean, error = samples.mean, samples.standard_error
    return bool(
        (np.abs(mean.mu - exact.mu) <= errors * error.mu + 1e-12).all()
        and (np.abs(mean.sigma - exact.sigma) <= errors * error.sigma + 1e-12).all()
    )


@pytest.mark.parametrize("name", ["gradients", "gradient_study", "gaussian_identities"])
def test_examples_run(name: str) -> None:
    found = doctest.testmod(import_module(f"vael.theory.{name}"))
    assert found.attempted > 0
    assert found.failed == 0


@given(SEEDS, st.integers(1, 3))
@settings(max_examples=25)
def test_quadrature_gives_the_closed_form_of_a_quadratic(seed: int, dimension: int) -> None:
    f, (mu, sigma) = quadratic(seed, dimension), law(seed, dimension)
    closed, found = f.gradient(mu, sigma), exact_gradient(f, mu, sigma, points=12)
    np.testing.assert_allclose(found.mu, closed.mu, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(found.sigma, closed.sigma, rtol=1e-8, atol=1e-8)


@given(SEEDS, st.integers(1, 4))
@settings(max_examples=25)
def test_closed_gradient_of_a_quadratic_is_the_slope_of_its_expectation(seed: int, dimension: int) -> None:
    f, (mu, sigma) = quadratic(seed, dimension), law(seed, dimension)
    closed, h = f.gradient(mu, sigma), 0.5  # a quadratic's central difference has no error
    for i, step in enumerate(np.eye(dimension) * h):
        d_mu = (f.expectation(mu + step, sigma) - f.expectation(mu - step, sigma)) / (2 * h)
        assert d_mu == pytest.approx(closed.mu[i], abs=1e-8)
        small = step * sigma[i] / 2
        d_sigma = (f.expectation(mu, sigma + small) - f.expectation(mu, sigma - small)) / (2 * small[i])
        assert d_sigma == pytest.approx(closed.sigma[i], abs=1e-8)


def test_exact_gradient_of_the_fourth_power_and_of_a_sine() -> None:
    mu, sigma = 0.7, 1.3
    # E[z^4] = m^4 + 6 m^2 s^2 + 3 s^4
    fourth = exact_gradient(lambda z: (z**4).sum(-1), mu, sigma)
    assert fourth.mu[0] == pytest.approx(4 * mu**3 + 12 * mu * sigma**2, abs=1e-8)
    assert fourth.sigma[0] == pytest.approx(12 * mu**2 * sigma + 12 * sigma**3, abs=1e-8)
    # E[sin z] = sin(m) exp(-s^2 / 2)
    sine = exact_gradient(lambda z: z.sin().sum(-1), mu, sigma)
    assert sine.mu[0] == pytest.approx(np.cos(mu) * np.exp(-(sigma**2) / 2), abs=1e-8)
    assert sine.sigma[0] == pytest.approx(-sigma * np.sin(mu) * np.exp(-(sigma**2) / 2), abs=1e-8)


@pytest.mark.parametrize("seed", range(4))
def test_both_estimators_have_the_exact_gradient_as_their_mean(seed: int) -> None:
    dimension = 1 + seed % 3
    mu, sigma = law(seed, dimension)

    def f(z: torch.Tensor) -> torch.Tensor:
        return torch.tanh(z.sum(-1)) + (z**2).sum(-1)

    exact = exact_gradient(f, mu, sigma, points=80, tolerance=1e-5)
    best = optimal_baseline(f, mu, sigma, random_state=seed + 50)
    mean = mean_baseline(f, mu, sigma, random_state=seed + 60)
    draws = 40_000
    assert agrees(reparameterised_gradient(f, mu, sigma, draws, random_state=seed), exact)
    for baseline in (0.0, mean, best, 17.0):
        found = score_function_gradient(f, mu, sigma, draws, baseline=baseline, random_state=seed)
        assert agrees(found, exact), baseline


def test_a_wrong_gradient_is_five_errors_away() -> None:
    f, mu, sigma = Quadratic.bowl(2), np.zeros(2), np.ones(2)
    exact = f.gradient(mu, sigma)
    found = reparameterised_gradient(f, mu, sigma, 10_000, random_state=0)
    assert agrees(found, exact)
    assert not agrees(found, Gradient(1.1 * exact.mu, exact.sigma))


@given(SEEDS)
@settings(max_examples=10)
def test_optimal_baseline_has_the_least_variance(seed: int) -> None:
    """By quadrature: the variance is a parabola in b with its least value at E[f h^2] / E[h^2]."""
    f, (mu, sigma) = quadratic(seed, 1), law(seed, 1)
    best = optimal_baseline(f, mu, sigma, 20_000, random_state=seed)
    eps, weight = np.polynomial.hermite_e.hermegauss(20)
    weight = weight / weight.sum()
    value = f(torch.from_numpy(mu + sigma * eps[:, None])).numpy()
    for h, found in ((eps, best.mu[0]), (eps**2 - 1, best.sigma[0])):
        exact = weight @ (value * h**2) / (weight @ h**2)
        error = np.sqrt(weight @ ((value * h**2) / (weight @ h**2)) ** 2 / 20_000)
        assert abs(found - exact) < 5 * error

        def variance(b: float, h: np.ndarray = h) -> float:
            g = (value - b) * h
            return weight @ g**2 - (weight @ g) ** 2

        assert variance(exact) <= min(variance(exact - 0.1), variance(exact + 0.1))


def test_variances_of_the_bowl_follow_their_polynomials_in_the_dimension() -> None:
    """At mu = 0, sigma = 1: 1; d^2 + 3.5 d + 3 (no baseline); 1.5 d + 3 (mean); 1.5 d + 2 (best)."""
    study = gradient_study(dimensions=(1, 4, 16, 64), sample_sizes=(1, 10, 100), draws=40_000)
    d = np.array(study.dimensions, dtype=float)
    expected = [np.ones(4), d**2 + 3.5 * d + 3, 1.5 * d + 3, 1.5 * d + 2]
    np.testing.assert_allclose(study.variance_mu, expected, rtol=0.12)
    # f'(z) eps = (eps - 1) eps has variance 3
    np.testing.assert_allclose(study.variance_sigma[0], 3.0, rtol=0.12)
    # the mean of n draws errs by sqrt(variance / n)
    n = np.array(study.sample_sizes)
    np.testing.assert_allclose(study.error_mu, np.sqrt(study.variance_mu[..., None] / n), rtol=0.15)
    np.testing.assert_allclose(study.error_sigma, np.sqrt(study.variance_sigma[..., None] / n), rtol=0.2)
    assert study.deviation.max() < 5
    assert (study.variance_sigma[1] > study.variance_sigma[2]).all()


def test_variance_of_one_draw_and_error_of_the_mean() -> None:
    rows = np.array([[1.0], [2.0], [6.0]])
    samples = GradientSamples(rows, 2 * rows)
    assert samples.mean.mu.tolist() == [3.0]
    assert samples.variance.sigma.tolist() == [28.0]
    assert samples.standard_error.mu[0] == pytest.approx(np.sqrt(7 / 3))


def test_same_seed_same_draws() -> None:
    f = Quadratic.bowl(3)
    a, b = (score_function_gradient(f, np.zeros(3), 1.0, 50, random_state=4) for _ in range(2))
    assert np.array_equal(a.mu, b.mu)


@given(SEEDS, st.integers(1, 3))
@settings(max_examples=15)
def test_bonnet_and_price_hold_for_full_covariances(seed: int, dimension: int) -> None:
    direction = torch.from_numpy(np.random.default_rng(seed).normal(size=dimension))

    def f(z: torch.Tensor) -> torch.Tensor:
        return (z @ direction) ** 4 + (z**3).sum(-1) + z.prod(-1)

    both = gaussian_identities(f, law(seed, dimension)[0], covariance(seed, dimension), points=10)
    size = 1 + np.abs(both.covariance_gradient).max()
    assert both.bonnet_error < 1e-8 * (1 + np.abs(both.mean_gradient).max())
    assert both.price_error < 1e-8 * size


@given(SEEDS)
@settings(max_examples=15)
def test_identities_of_a_quadratic_are_its_closed_form(seed: int) -> None:
    f, mean = quadratic(seed, 2), law(seed, 2)[0]
    both = gaussian_identities(f, mean, covariance(seed, 2), points=8)
    np.testing.assert_allclose(both.mean_gradient, f.slope + f.curvature @ mean, atol=1e-8)
    np.testing.assert_allclose(both.covariance_gradient, f.curvature / 2, atol=1e-8)
    np.testing.assert_allclose(both.half_expected_hessian, f.curvature / 2, atol=1e-8)


def test_identities_of_a_wave_are_the_derivatives_of_its_expectation() -> None:
    """E[cos(w.z)] = cos(w.m) exp(-w^T S w / 2)."""
    w, mean, S = np.array([0.5, -0.8]), np.array([0.3, 1.0]), np.array([[1.0, 0.7], [0.7, 1.5]])
    both = gaussian_identities(lambda z: torch.cos(z @ torch.from_numpy(w)), mean, S)
    damped = np.exp(-w @ S @ w / 2)
    np.testing.assert_allclose(both.mean_gradient, -w * np.sin(w @ mean) * damped, atol=1e-8)
    np.testing.assert_allclose(
        both.covariance_gradient, -np.outer(w, w) / 2 * np.cos(w @ mean) * damped, atol=1e-8
    )
    assert both.price_error < 1e-8


def test_identities_of_a_linear_function() -> None:
    both = gaussian_identities(lambda z: 3 * z.sum(-1), [0.0, 1.0], np.eye(2))
    assert both.expected_gradient == pytest.approx([3.0, 3.0])
    assert np.abs(both.half_expected_hessian).max() == 0
    assert both.price_error < 1e-8


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: exact_gradient(Quadratic.bowl(1), 0.0, -1.0), r"sigma must be > 0, got -1.0 at 0"),
        (lambda: exact_gradient(Quadratic.bowl(1), float("nan"), 1.0), "mu must be finite, got nan"),
        (lambda: exact_gradient(lambda z: z.abs().sum(-1), 0.1, 1.0), "not converged: 32 points"),
        (lambda: exact_gradient(lambda z: z, 0.0, 1.0), r"f must map shape \(32, 1\) to \(32,\)"),
        (lambda: exact_gradient(Quadratic.bowl(5), np.zeros(5), 1.0), r"32\^5 points is above"),
        (lambda: exact_gradient(lambda z: z.log().sum(-1), 0.0, 1.0), "f must be finite, got nan at z"),
        (
            lambda: reparameterised_gradient(lambda z: z.detach().sum(-1), 0.0, 1.0),
            "f must be differentiable",
        ),
        (lambda: reparameterised_gradient(Quadratic.bowl(1), 0.0, 1.0, 0), "samples must be >= 1, got 0"),
        (lambda: reparameterised_gradient(Quadratic.bowl(2), [0.0, 1.0], [1.0, 1.0, 1.0]), "got 2 and 3"),
        (
            lambda: score_function_gradient(Quadratic.bowl(1), 0.0, 1.0, baseline=float("inf")),
            "baseline must be finite, got inf",
        ),
        (lambda: reparameterised_gradient(Quadratic.bowl(1), 0.0, 1.0, 1).variance, "samples for a variance"),
        (lambda: Quadratic(np.array([[0.0, 1.0], [0.0, 0.0]]), np.zeros(2)), "symmetric, is off by 1"),
        (lambda: Quadratic.bowl(0), "dimension must be >= 1, got 0"),
        (
            lambda: gaussian_identities(Quadratic.bowl(2), np.zeros(2), [[1.0, 2.0], [2.0, 1.0]]),
            "positive definite, its smallest eigenvalue is -1",
        ),
        (
            lambda: gaussian_identities(Quadratic.bowl(2), np.zeros(2), [[1.0, 0.5], [0.2, 1.0]]),
            "covariance must be symmetric, got entries that differ by 0.3",
        ),
        (
            lambda: gaussian_identities(lambda z: z.abs().sum(-1), 0.1, 1.0),
            "an expectation has not converged",
        ),
        (lambda: gradient_study(draws=10), "draws .* must be >= 2000, got 10"),
        (lambda: gradient_study(dimensions=()), "name one value or more"),
        (lambda: gradient_study(sigma=0.0), "sigma must be > 0, got 0.0"),
    ],
)
def test_bad_input_is_named(call, words: str) -> None:
    with pytest.raises(InputError, match=words) as raised:
        call()
    assert "\n" not in str(raised.value)
