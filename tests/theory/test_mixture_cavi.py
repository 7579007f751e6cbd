"""Coordinate ascent for a mixture: the bound rises, the enumeration and scikit-learn agree."""

from __future__ import annotations

import doctest
from importlib import import_module
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_t
from sklearn.mixture import BayesianGaussianMixture

from vael.errors import InputError
from vael.theory.mixture_cavi import mixture_cavi
from vael.theory.mixture_exact import exact_mixture
from vael.theory.mixture_prior import MixturePrior

SEEDS = st.integers(0, 10_000)


def rows(seed: int, n: int, dimension: int, apart: float = 2.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, dimension)) + apart * rng.choice([-1.0, 1.0], size=(n, 1))


def prior(seed: int, dimension: int) -> MixturePrior:
    rng = np.random.default_rng(seed + 1)
    A = rng.normal(size=(dimension, dimension))
    scatter = A @ A.T + 0.3 * np.eye(dimension)
    degrees = dimension - 1 + rng.uniform(0.5, 4.0)
    return MixturePrior(
        rng.uniform(0.2, 3.0), rng.normal(size=dimension), rng.uniform(0.05, 2.0), degrees, scatter
    )


@pytest.mark.parametrize("name", ["mixture_cavi", "mixture_exact"])
def test_examples_run(name: str) -> None:
    found = doctest.testmod(import_module(f"vael.theory.{name}"))
    assert found.attempted > 0
    assert found.failed == 0


@given(SEEDS, st.integers(1, 3), st.integers(1, 4))
def test_the_elbo_rises_at_every_half_step(seed: int, dimension: int, components: int) -> None:
    X = rows(seed, 25, dimension)
    start = np.random.default_rng(seed).dirichlet(np.ones(components), size=len(X))
    found = mixture_cavi(X, components, prior=prior(seed, dimension), responsibilities=start, max_iter=60)
    assert np.diff(found.elbo_history).min() > -1e-9 * np.abs(found.elbo_history).max()
    np.testing.assert_allclose(found.responsibilities.sum(axis=1), 1.0, atol=1e-12)


def test_the_elbo_rises_by_much_from_random_responsibilities() -> None:
    X = rows(0, 60, 2, apart=4.0)
    start = np.random.default_rng(0).dirichlet(np.ones(2), size=len(X))
    found = mixture_cavi(X, 2, responsibilities=start)
    assert found.converged
    assert found.elbo_history[-1] - found.elbo_history[0] > 20


@given(SEEDS, st.integers(1, 3))
@settings(max_examples=25)
def test_with_one_component_the_elbo_is_the_evidence(seed: int, dimension: int) -> None:
    X, law = rows(seed, 6, dimension), prior(seed, dimension)
    elbo, evidence = mixture_cavi(X, 1, prior=law).elbo, exact_mixture(X, 1, law).log_evidence
    assert elbo == pytest.approx(evidence, rel=1e-8, abs=1e-8)


@given(SEEDS, st.integers(1, 3))
@settings(max_examples=25)
def test_the_evidence_of_one_row_is_a_student_t(seed: int, dimension: int) -> None:
    """However many components: p(x) = t(m, (1 + 1 / beta) W^-1 / (nu - d + 1), nu - d + 1)."""
    X, law = rows(seed, 1, dimension), prior(seed, dimension)
    freedom = law.degrees - dimension + 1
    shape = (1 + 1 / law.mean_precision) / freedom * law.scatter
    expected = multivariate_t(law.mean, shape, df=freedom).logpdf(X[0])
    assert exact_mixture(X, 3, law).log_evidence == pytest.approx(expected, abs=1e-8)


def test_the_evidence_of_a_table_factors_into_student_ts() -> None:
    """By the chain rule, each row from the posterior of the rows before it, for one component."""
    X, law = rows(5, 4, 2), prior(5, 2)
    expected, now = 0.0, law
    for x in X:
        freedom = now.degrees - 1
        shape = (1 + 1 / now.mean_precision) / freedom * now.scatter
        expected += multivariate_t(now.mean, shape, df=freedom).logpdf(x)
        weight = now.mean_precision / (now.mean_precision + 1)
        away = x - now.mean
        now = MixturePrior(
            now.concentration,
            (now.mean_precision * now.mean + x) / (now.mean_precision + 1),
            now.mean_precision + 1,
            now.degrees + 1,
            now.scatter + weight * np.outer(away, away),
        )
    assert exact_mixture(X, 1, law).log_evidence == pytest.approx(expected, abs=1e-8)


def test_enumeration_by_hand() -> None:
    """p(c) of two rows and two components is Polya's urn: (alpha + 1) / (2 alpha + 1) for the same."""
    X, law = rows(3, 2, 1), prior(3, 1)
    a = law.concentration
    together = exact_mixture(X, 1, law).log_evidence
    apart = sum(exact_mixture(X[[i]], 1, law).log_evidence for i in range(2))
    joint = np.array([(a + 1) / (2 * a + 1) * np.exp(together), a / (2 * a + 1) * np.exp(apart)])
    exact = exact_mixture(X, 2, law)
    assert exact.log_evidence == pytest.approx(np.log(joint.sum()), abs=1e-10)
    assert exact.same_component[0, 1] == pytest.approx(joint[0] / joint.sum(), abs=1e-10)
    assert sorted(map(tuple, exact.assignments.tolist())) == sorted(product(range(2), repeat=2))


@given(SEEDS, st.integers(1, 2), st.integers(2, 3))
@settings(max_examples=8)
def test_the_elbo_is_below_the_exact_evidence(seed: int, dimension: int, components: int) -> None:
    X, law = rows(seed, 7, dimension), prior(seed, dimension)
    exact = exact_mixture(X, components, law)
    found = mixture_cavi(X, components, prior=law, starts=2, max_iter=100)
    assert (found.elbo_history <= exact.log_evidence + 1e-9).all()
    assert exact.probabilities.sum() == pytest.approx(1.0)
    for label in range(components):
        chance = exact.probabilities @ (exact.assignments == label)
        np.testing.assert_allclose(chance, 1 / components, atol=1e-10)


def test_well_parted_components_cost_the_logarithm_of_the_relabellings() -> None:
    """q finds one of the K! modes and is exact inside it, so the gap is ln K!."""
    rng = np.random.default_rng(1)
    X = np.repeat([-100.0, 100.0], 9)[:, None] + rng.normal(size=(18, 1))
    law = MixturePrior(50.0, np.zeros(1), 1e-4, 50.0, np.array([[50.0]]))
    exact, found = exact_mixture(X, 2, law), mixture_cavi(X, 2, prior=law)
    gap = exact.log_evidence - found.elbo
    assert gap == pytest.approx(np.log(2), abs=1e-6)
    np.testing.assert_allclose(found.same_component, exact.same_component, atol=1e-6)
    assert found.same_component[0, 8] == pytest.approx(1.0)
    assert found.same_component[0, 9] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_scikit_learn_stands_at_the_same_fixed_point(seed: int) -> None:
    X = rows(seed, 120, 2)
    other = BayesianGaussianMixture(
        n_components=3,
        weight_concentration_prior_type="dirichlet_distribution",
        weight_concentration_prior=0.8,
        mean_precision_prior=0.5,
        degrees_of_freedom_prior=4.0,
        reg_covar=0.0,
        tol=1e-13,
        max_iter=20_000,
        random_state=seed,
    ).fit(X)
    law = MixturePrior(0.8, X.mean(axis=0), 0.5, 4.0, np.cov(X.T))
    found = mixture_cavi(X, 3, prior=law, responsibilities=other.predict_proba(X))
    np.testing.assert_allclose(found.weights, other.weights_, atol=1e-5)
    np.testing.assert_allclose(found.mean, other.means_, atol=1e-4)
    np.testing.assert_allclose(found.covariances, other.covariances_, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(found.responsibilities, other.predict_proba(X), atol=1e-4)
    one_step = mixture_cavi(X, 3, prior=law, responsibilities=other.predict_proba(X), max_iter=1)
    np.testing.assert_allclose(one_step.mean, other.means_, atol=1e-6)


def test_it_finds_the_weights_means_and_covariances_of_much_data() -> None:
    rng = np.random.default_rng(2)
    first = rng.multivariate_normal([-4.0, 0.0], [[1.0, 0.5], [0.5, 1.0]], size=4000)
    second = rng.normal([4.0, 2.0], [0.5, 2.0], size=(1000, 2))
    found = mixture_cavi(np.concatenate([first, second]), 2)
    order = np.argsort(found.mean[:, 0])
    np.testing.assert_allclose(found.weights[order], [0.8, 0.2], atol=0.01)
    np.testing.assert_allclose(found.mean[order], [[-4.0, 0.0], [4.0, 2.0]], atol=0.3)
    np.testing.assert_allclose(found.covariances[order][0], [[1.0, 0.5], [0.5, 1.0]], atol=0.1)
    assert found.converged


def test_a_component_too_many_is_emptied() -> None:
    X = rows(0, 200, 2, apart=6.0)
    law = MixturePrior(1e-3, X.mean(axis=0), 1.0, 2.0, np.cov(X.T))
    weights = np.sort(mixture_cavi(X, 4, prior=law).weights)
    assert weights[:2].sum() < 1e-3


def test_order_of_rows_and_equal_rows_do_no_harm() -> None:
    X = rows(4, 30, 2)
    start = np.random.default_rng(0).dirichlet(np.ones(2), size=30)
    order = np.random.default_rng(1).permutation(30)
    a, b = (mixture_cavi(X[o], 2, responsibilities=start[o]) for o in (np.arange(30), order))
    assert a.elbo == pytest.approx(b.elbo, abs=1e-6)
    same = mixture_cavi(np.ones((5, 1)), 3, prior=prior(0, 1))
    assert np.isfinite(same.elbo)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: mixture_cavi(np.array([[1.0], [np.nan]]), 2), r"X must be finite, got nan at \(1, 0\)"),
        (lambda: mixture_cavi(np.zeros((4, 2)), 2), "scatter must be positive definite"),
        (lambda: mixture_cavi(rows(0, 2, 2), 2), "rows for a covariance must be >= 3, got 2"),
        (lambda: mixture_cavi(rows(0, 5, 1), 0), "components must be >= 1, got 0"),
        (lambda: mixture_cavi(rows(0, 5, 1), 2, starts=0), "starts must be >= 1, got 0"),
        (lambda: mixture_cavi(rows(0, 5, 1), 2, prior=prior(0, 2)), "prior's 2 columns, got 1"),
        (lambda: mixture_cavi(rows(0, 5, 1), 2, responsibilities=np.ones((5, 2))), r"row 0 is \[1.0, 1.0\]"),
        (lambda: mixture_cavi(rows(0, 5, 1), 2, responsibilities=np.ones((5, 3))), r"shape \(5, 2\)"),
        (lambda: MixturePrior(0.0, np.zeros(1), 1.0, 1.0, np.eye(1)), "concentration must be > 0, got 0.0"),
        (lambda: MixturePrior(1.0, np.zeros(2), 1.0, 1.0, np.eye(2)), "degrees must be > 1 in 2 .* got 1.0"),
        (lambda: MixturePrior(1.0, np.zeros(2), 1.0, 2.0, np.eye(3)), r"scatter must be of shape \(2, 2\)"),
        (lambda: exact_mixture(rows(0, 30, 1), 2, prior(0, 1)), r"2\^30 assignments are above 500000"),
    ],
)
def test_bad_input_is_named(call, words: str) -> None:
    with pytest.raises(InputError, match=words) as raised:
        call()
    assert "\n" not in str(raised.value)
