"""Mean-field variational inference against closed forms and quadrature."""

from __future__ import annotations

import doctest
from collections.abc import Callable
from importlib import import_module

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.stats import multivariate_normal
from torch import Tensor
from torch.distributions import MultivariateNormal

from vael.errors import InputError
from vael.theory.mean_field import mean_field, normal_mean_field

SEEDS = st.integers(0, 10_000)


def normal(seed: int, dimension: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(dimension, dimension))
    return 3 * rng.normal(size=dimension), A @ A.T + 0.2 * np.eye(dimension)


def test_examples_run() -> None:
    found = doctest.testmod(import_module("vael.theory.mean_field"))
    assert found.attempted > 0
    assert found.failed == 0


@given(SEEDS, st.integers(1, 6))
@settings(max_examples=25)
def test_a_correlated_normal_has_its_optimum_in_closed_form(seed: int, dimension: int) -> None:
    mean, covariance = normal(seed, dimension)
    target = MultivariateNormal(torch.from_numpy(mean), torch.from_numpy(covariance))
    found = mean_field(target.log_prob, dimension, samples=64, check_samples=2000)
    best = normal_mean_field(mean, covariance)
    np.testing.assert_allclose(found.mean, mean, atol=1e-6)
    np.testing.assert_allclose(found.scale, np.diag(np.linalg.inv(covariance)) ** -0.5, rtol=1e-6)
    # flat at the optimum: the objective itself is right to the square of that
    assert found.elbo_history[-1] == pytest.approx(-best.gap, abs=1e-8)
    assert abs(found.elbo.value + best.gap) <= 5 * found.elbo.standard_error + 1e-8
    assert (np.diff(found.elbo_history) >= -1e-10 * (1 + np.abs(found.elbo_history[1:]))).all()


@given(SEEDS, st.integers(1, 6))
def test_the_gap_of_a_normal_is_a_divergence(seed: int, dimension: int) -> None:
    mean, covariance = normal(seed, dimension)
    best = normal_mean_field(mean, covariance)
    q = MultivariateNormal(torch.from_numpy(best.mean), torch.from_numpy(np.diag(best.scale**2)))
    p = MultivariateNormal(torch.from_numpy(mean), torch.from_numpy(covariance))
    assert best.gap == pytest.approx(torch.distributions.kl_divergence(q, p).item(), abs=1e-8)
    assert (best.scale**2 <= np.diag(covariance) * (1 + 1e-10)).all()


def test_the_posterior_itself_has_no_variance() -> None:
    """p is in the family: ln p - ln q is ln p(x) at every draw."""
    found = mean_field(lambda z: 2.5 - ((z - 3) ** 2 / 0.02).sum(-1), 2)
    assert found.elbo.value == pytest.approx(2.5 + np.log(2 * np.pi * 0.01), abs=1e-6)
    assert found.elbo.standard_error < 1e-6
    np.testing.assert_allclose(found.scale, 0.1, rtol=1e-6)


def test_bayesian_linear_regression_beside_its_exact_posterior() -> None:
    """w ~ N(0, I), y ~ N(X w, s^2 I): the evidence is N(y | 0, X X^T + s^2 I)."""
    rng = np.random.default_rng(3)
    X, noise = np.c_[np.ones(30), rng.normal(1.5, 1.0, 30)], 0.4
    y = X @ [0.5, -1.0] + noise * rng.normal(size=30)
    design, target = torch.from_numpy(X), torch.from_numpy(y)

    def log_joint(w: Tensor) -> Tensor:
        likelihood = torch.distributions.Normal(w @ design.T, noise).log_prob(target).sum(-1)
        return likelihood + torch.distributions.Normal(0.0, 1.0).log_prob(w).sum(-1)

    precision = np.eye(2) + X.T @ X / noise**2
    posterior_mean = np.linalg.solve(precision, X.T @ y / noise**2)
    evidence = multivariate_normal(np.zeros(30), X @ X.T + noise**2 * np.eye(30)).logpdf(y)
    found = mean_field(log_joint, 2)
    np.testing.assert_allclose(found.mean, posterior_mean, atol=1e-5)
    np.testing.assert_allclose(found.scale, np.diag(precision) ** -0.5, rtol=1e-5)
    gap = normal_mean_field(posterior_mean, np.linalg.inv(precision)).gap
    assert gap > 0.3
    assert found.elbo_history[-1] == pytest.approx(evidence - gap, abs=1e-8)
    assert abs(found.elbo.value - (evidence - gap)) < 5 * found.elbo.standard_error


def test_a_skewed_posterior_beside_quadrature() -> None:
    """One latent, logistic likelihood: the best (mean, scale) and the gap by quadrature."""
    signs = np.array([1.0, 1.0, 1.0, 1.0, -1.0])

    def log_joint_of(z: float) -> float:
        return -(z**2) / 18 - np.log(3 * np.sqrt(2 * np.pi)) - np.logaddexp(0, -3 * signs * z).sum()

    def log_joint(z: Tensor) -> Tensor:
        likelihood = torch.nn.functional.logsigmoid(3 * torch.from_numpy(signs) * z).sum(-1)
        return likelihood + torch.distributions.Normal(0.0, 3.0).log_prob(z).sum(-1)

    eps, weight = np.polynomial.hermite_e.hermegauss(100)
    weight = weight / weight.sum()

    def loss(at: np.ndarray) -> float:
        z = at[0] + np.exp(at[1]) * eps
        return -float(weight @ np.array([log_joint_of(point) for point in z])) - at[1]

    best = minimize(loss, np.zeros(2), method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-12})
    elbo = -best.fun + np.log(2 * np.pi * np.e) / 2
    evidence = np.log(quad(lambda z: np.exp(log_joint_of(z)), -20, 30, points=[0.0, 1.0], limit=200)[0])
    found = mean_field(log_joint, 1, samples=4096, check_samples=50_000)
    assert found.mean[0] == pytest.approx(best.x[0], abs=2e-3)
    assert found.scale[0] == pytest.approx(np.exp(best.x[1]), abs=2e-3)
    assert abs(found.elbo.value - elbo) < 5 * found.elbo.standard_error + 1e-6
    assert evidence - elbo > 1e-3
    divergence = quad(
        lambda z: (q := np.exp(found.log_prob(np.array([z])))) * (np.log(q) - log_joint_of(z) + evidence),
        found.mean[0] - 8 * found.scale[0],
        found.mean[0] + 8 * found.scale[0],
    )[0]
    assert evidence - divergence == pytest.approx(elbo, abs=1e-5)


def test_a_bent_posterior_in_two_dimensions() -> None:
    """p(x, y) = N(x | 0, 1) N(y | x^2, s^2): E_q is a polynomial, so the best q has closed conditions.

    With q = N(a, u^2) N(b, v^2): v = s, b = a^2 + u^2, and at a = 0, 1/u^2 = 1 + (6 u^2 - 2 b) / s^2.
    """
    s = 0.5

    def log_joint(z: Tensor) -> Tensor:
        x, y = z.unbind(-1)
        return torch.distributions.Normal(0.0, 1.0).log_prob(x) + torch.distributions.Normal(
            x**2, s
        ).log_prob(y)

    # b = u^2: 1 = u^2 + 4 u^4 / s^2
    square = (-1 + np.sqrt(1 + 16 / s**2)) / (8 / s**2)
    found = mean_field(log_joint, 2, samples=2**14)
    np.testing.assert_allclose(found.mean, [0.0, square], atol=0.01)
    np.testing.assert_allclose(found.scale, [np.sqrt(square), s], atol=0.01)
    # E_q[(y - x^2)^2] = s^2 + 2 u^4
    elbo = -np.log(s) - square / 2 - (s**2 + 2 * square**2) / (2 * s**2) + 1 + np.log(np.sqrt(square) * s)
    assert abs(found.elbo.value - elbo) < 5 * found.elbo.standard_error + 1e-3
    assert elbo < 0


@pytest.mark.parametrize("width", [1e-5, 1e-2, 1e4])
def test_a_narrow_and_a_wide_posterior_far_away(width: float) -> None:
    found = mean_field(lambda z: -(((z - 300) / width) ** 2).sum(-1) / 2, 3)
    np.testing.assert_allclose(found.scale, width, rtol=1e-4)
    np.testing.assert_allclose(found.mean, 300, atol=1e-3 * width)


def test_two_modes_are_not_covered_but_one_is_sought() -> None:
    def log_density(z: Tensor) -> Tensor:
        modes = torch.distributions.Normal(torch.tensor([-5.0, 5.0], dtype=z.dtype), 1.0)
        return torch.logsumexp(modes.log_prob(z), dim=-1) - np.log(2)

    found = mean_field(log_density, 1, mean=1.0)
    assert found.mean[0] == pytest.approx(5.0, abs=1e-3)
    assert found.scale[0] == pytest.approx(1.0, abs=1e-3)
    assert found.elbo.value == pytest.approx(-np.log(2), abs=1e-3)


def test_same_seed_same_answer_and_log_prob_is_a_density() -> None:
    def log_density(z: Tensor) -> Tensor:
        return -(z**4).sum(-1)

    first, second = (mean_field(log_density, 2, samples=64, random_state=5) for _ in range(2))
    assert np.array_equal(first.mean, second.mean)
    assert first.elbo == second.elbo
    expected = multivariate_normal(first.mean, np.diag(first.scale**2)).logpdf([0.3, -0.2])
    assert first.log_prob(np.array([0.3, -0.2])) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("log_density", "options", "words"),
    [
        (lambda z: -(z**2).sum(-1), {"dimension": 0}, "dimension must be >= 1, got 0"),
        (lambda z: -(z**2).sum(-1), {"samples": 3}, "samples .* must be >= 8, got 3"),
        (lambda z: -(z**2).sum(-1), {"scale": 0.0}, "scale must be > 0, got 0.0 at 0"),
        (
            lambda z: -(z**2).sum(-1),
            {"mean": [1.0, 2.0, 3.0]},
            r"mean must be a vector of 2, got shape \(3,\)",
        ),
        (lambda z: -(z**2).sum(), {}, r"log_density must map shape \(1024, 2\) to \(1024,\), got \(\)"),
        (lambda z: z.log().sum(-1), {}, "log_density must be finite, got nan at z = "),
        (lambda z: torch.zeros(len(z)), {}, "log_density must be differentiable"),
        (lambda z: 0.0 * z.sum(-1), {}, "diverges|not converged"),
        (lambda z: z.sum(-1), {}, "diverges|not converged"),
        (lambda z: -((z - 1e3) ** 2).sum(-1), {"max_iter": 1}, "not converged in 1 steps, its gradient is"),
    ],
)
def test_bad_input_is_named(log_density: Callable[[Tensor], Tensor], options: dict, words: str) -> None:
    with pytest.raises(InputError, match=words) as raised:
        mean_field(log_density, **{"dimension": 2, **options})
    assert "\n" not in str(raised.value)


def test_a_covariance_that_is_none_is_named() -> None:
    with pytest.raises(
        InputError, match="covariance must be positive definite, its smallest eigenvalue is -1"
    ):
        normal_mean_field([0.0, 0.0], [[1.0, 2.0], [2.0, 1.0]])
