"""The Gaussian mixture and EM against SciPy, scikit-learn and the library's own estimators."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logsumexp
from scipy.stats import multivariate_normal
from sklearn.mixture import GaussianMixture as Reference

from vael.distributions import draw
from vael.errors import InputError, VaelWarning
from vael.estimators.inference import log_evidence, posterior_moments
from vael.models import log_weights
from vael.objectives import ELBO, IWELBO
from vael.theory import GaussianMixture


def made(seed: int, components: int = 3, features: int = 2, spread: float = 2.0) -> GaussianMixture:
    rng = np.random.default_rng(seed)
    roots = rng.normal(size=(components, features, features))
    covariances = roots @ roots.transpose(0, 2, 1) + 0.1 * np.eye(features)
    means = spread * rng.normal(size=(components, features))
    return GaussianMixture(rng.dirichlet(np.full(components, 3.0)), means, covariances)


def close(actual, expected, atol: float = 1e-8) -> None:
    np.testing.assert_allclose(actual, expected, rtol=0, atol=atol)


@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 4))
def test_evidence_and_responsibilities_are_bayes_rule(seed: int, components: int, features: int) -> None:
    mixture = made(seed, components, features)
    X = mixture.sample(5, seed).x
    joint = np.stack(
        [
            np.log(w) + np.atleast_1d(multivariate_normal(m, c).logpdf(X))
            for w, m, c in zip(mixture.weights, mixture.means, mixture.covariances)
        ],
        axis=1,
    )
    tolerance = 1e-8 * max(1.0, np.abs(joint).max())
    close(mixture.log_joint(X), joint, tolerance)
    close(mixture.log_evidence(X), logsumexp(joint, axis=1), tolerance)
    close(mixture.responsibilities(X), np.exp(joint - logsumexp(joint, axis=1, keepdims=True)), tolerance)
    close(mixture.responsibilities(X).sum(1), 1)


def test_far_rows_keep_their_evidence() -> None:
    """Every density underflows here, the logarithm does not."""
    mixture = made(0)
    far = np.array([[1e3, -1e3]])
    assert np.isfinite(mixture.log_evidence(far)).all()
    assert mixture.log_evidence(far)[0] < -1e4
    close(mixture.responsibilities(far).sum(), 1)


def test_samples_have_the_mixture_s_moments() -> None:
    n, mixture = 200_000, made(1)
    drawn = mixture.sample(n, 0)
    p = mixture.weights
    assert (np.abs(drawn.z.mean(0) - p) < 5 * np.sqrt(p * (1 - p) / n)).all()
    for k, (mean, covariance) in enumerate(zip(mixture.means, mixture.covariances)):
        x = drawn.x[drawn.z[:, k] == 1]
        assert (np.abs(x.mean(0) - mean) < 5 * np.sqrt(covariance.diagonal() / len(x))).all()
        spread = np.sqrt((np.outer(covariance.diagonal(), covariance.diagonal()) + covariance**2) / len(x))
        assert (np.abs(np.cov(x.T) - covariance) < 5 * spread).all()


@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 3), st.sampled_from([1e-6, 0.05]))
def test_no_step_of_em_lowers_the_likelihood(seed, components, features, floor) -> None:
    X = made(seed, components, features).sample(40, seed).x
    start = GaussianMixture.seeded(X, components, seed)
    wide = GaussianMixture(start.weights, start.means, start.covariances + np.eye(features) * X.var())
    result = wide.expectation_maximisation(X, variance_floor=floor, max_steps=60)
    assert np.diff(result.log_likelihood).min() > -1e-10
    assert result.log_likelihood[-1] == pytest.approx(result.mixture.log_evidence(X).mean(), abs=1e-12)
    smallest = min(np.linalg.eigvalsh(c)[0] for c in result.mixture.covariances)
    assert smallest >= floor * X.var(0).mean() * (1 - 1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_em_takes_the_steps_of_scikit_learn(seed: int) -> None:
    X = made(seed, 3, 3).sample(300, seed).x
    start = made(seed + 10, 3, 3)
    for steps in (1, 7):
        ours = start.expectation_maximisation(X, variance_floor=0.0, tolerance=0.0, max_steps=steps).mixture
        reference = Reference(
            3,
            reg_covar=0,
            tol=0,
            max_iter=steps,
            weights_init=start.weights,
            means_init=start.means,
            precisions_init=np.linalg.inv(start.covariances),
        )
        with pytest.warns(match="did not converge"):
            reference.fit(X)
        close(ours.weights, reference.weights_)
        close(ours.means, reference.means_)
        close(ours.covariances, reference.covariances_)
        close(ours.log_evidence(X), reference.score_samples(X))


def test_the_fit_finds_the_mixture_that_made_the_rows() -> None:
    truth = GaussianMixture(
        np.array([0.2, 0.3, 0.5]),
        np.array([[-6.0, 0], [0, 6], [6, 0]]),
        np.array([np.eye(2), [[2, 0.9], [0.9, 1]], 0.3 * np.eye(2)]),
    )
    n = 5000
    X = truth.sample(n, 0).x
    fitted = GaussianMixture.fit(X, 3, 0)
    order = fitted.means[:, 0].argsort()
    p = truth.weights
    assert (np.abs(fitted.weights[order] - p) < 5 * np.sqrt(p * (1 - p) / n)).all()
    variances = np.diagonal(truth.covariances, axis1=1, axis2=2)
    assert (np.abs(fitted.means[order] - truth.means) < 5 * np.sqrt(variances / (n * p[:, None]))).all()
    assert fitted.log_evidence(X).mean() >= truth.log_evidence(X).mean()


def test_one_component_is_the_normal_of_maximum_likelihood() -> None:
    X = made(0, 2, 3).sample(50, 0).x
    fitted = GaussianMixture.fit(X, 1, 0)
    close(fitted.means[0], X.mean(0))
    close(fitted.covariances[0], np.cov(X.T, bias=True))


@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 3))
def test_every_importance_weight_of_the_exact_posterior_is_the_evidence(seed, components, features) -> None:
    mixture = made(seed, components, features, spread=1.0)
    x = torch.tensor(mixture.sample(3, seed).x)
    expected = mixture.log_evidence(x.numpy())
    tolerance = 1e-8 * max(1.0, np.abs(expected).max())
    generator = torch.Generator().manual_seed(seed)
    for common_noise in (False, True):
        sampled = log_weights(mixture.model(), x, 5, generator=generator, common_noise=common_noise)
        close(sampled.log_w, np.tile(expected, (5, 1)), tolerance)
    for k in (1, 4):
        close(IWELBO(k)(mixture.model(), x, generator=generator).bound, expected, tolerance)


def test_the_elbo_falls_short_by_the_inference_gap(generator) -> None:
    mixture, n = made(2, spread=0.7), 40_000
    x = torch.tensor(mixture.sample(4, 0).x)
    evidence = torch.tensor(mixture.log_evidence(x.numpy()))
    z = torch.eye(3, dtype=torch.float64).unsqueeze(1)  # expectations over q are sums over three latents
    for widen in (1.0, 2.0, 0.8):
        model = mixture.model(widen=widen)
        q_z = model.encoder(x)
        log_likelihood = model.decoder(z).log_prob(x)
        log_w = log_likelihood + model.prior().log_prob(z) - q_z.log_prob(z)
        q = q_z.log_prob(z).exp()
        gap = torch.tensor(mixture.inference_gap(x.numpy(), widen=widen))
        close((q * log_w).sum(0), evidence - gap)
        close((q * log_w.exp()).sum(0), evidence.exp())
        assert (gap.max() > 1e-3) == (widen != 1)
        bound = ELBO(samples=n)(model, x, generator=generator).bound
        mean = (q * log_likelihood).sum(0)
        spread = ((q * (log_likelihood - mean) ** 2).sum(0) / n).sqrt()
        assert ((bound - evidence + gap).abs() < 5 * spread).all()


def test_a_named_component_is_what_the_decoder_is() -> None:
    mixture = made(3)
    decoder = mixture.model().decoder
    z = torch.eye(3, dtype=torch.float64)
    p_x = decoder(z)
    close(p_x.mean, mixture.means)
    close(p_x.variance, np.diagonal(mixture.covariances, axis1=1, axis2=2))
    x = draw(p_x, (200_000,), torch.Generator().manual_seed(0))
    for k, covariance in enumerate(mixture.covariances):
        spread = np.sqrt((np.outer(covariance.diagonal(), covariance.diagonal()) + covariance**2) / len(x))
        assert (np.abs(np.cov(x[:, k].T.numpy()) - covariance) < 5 * spread).all()


def test_the_estimators_inference_runs_on_it_unchanged() -> None:
    mixture = made(4)
    X = mixture.sample(20, 0).x.astype(np.float32)
    evidence = log_evidence(mixture.model(), lambda part: X[part], len(X), 0, samples=3)
    close(evidence, mixture.log_evidence(X))
    (mean,) = posterior_moments(mixture.model(), lambda part: X[part], len(X), 0)
    close(mean, mixture.responsibilities(X))


HALF, M, C = np.array([0.5, 0.5]), np.zeros((2, 2)), np.stack([np.eye(2)] * 2)
ROWS = np.random.default_rng(0).normal(size=(10, 2))


def test_a_component_that_shrinks_onto_one_row_is_held_by_the_floor_or_named() -> None:
    X = np.vstack([ROWS, [[50.0, 50.0]]])
    start = GaussianMixture(HALF, np.array([[0.0, 0], [50, 50]]), C)
    with pytest.raises(InputError, match="component 1 collapsed at step 1 of EM: it holds 1 rows"):
        start.expectation_maximisation(X, variance_floor=0.0)
    held = start.expectation_maximisation(X, variance_floor=1e-4)
    close(held.mixture.covariances[1], 1e-4 * X.var(0).mean() * np.eye(2))
    assert held.converged


def test_an_end_before_convergence_warns() -> None:
    X = made(5, spread=0.5).sample(200, 0).x
    with pytest.warns(VaelWarning, match="raise max_steps above 3"):
        GaussianMixture.fit(X, 3, 0, max_steps=3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: GaussianMixture(np.array([0.5, 0.4]), M, C), "weights must sum to 1, but sum to 0.9"),
        (lambda: GaussianMixture(np.array([1.5, -0.5]), M, C), "weights must be > 0, got -0.5 at 1"),
        (lambda: GaussianMixture(np.array([np.nan, 1]), M, C), "weights must be finite, got nan at 0"),
        (lambda: GaussianMixture(HALF, M[:1], C), "as many components, got 2, 1 and 2"),
        (lambda: GaussianMixture(HALF, M, C[:, :1]), r"2 by 2, .* got shape \(2, 1, 2\)"),
        (lambda: GaussianMixture(HALF, M, C - 1.5 * C[:1]), "covariance of component 0 must be positive"),
        (lambda: GaussianMixture(HALF, M, C).log_evidence(np.ones((1, 3))), "2 features, got 3"),
        (lambda: GaussianMixture(HALF, M, C).sample(0), "n must be >= 1, got 0"),
        (lambda: GaussianMixture(HALF, M, C).model(widen=-1.0), "widen must be > 0 and finite, got -1.0"),
        (lambda: GaussianMixture.fit(ROWS, 11, 0), "n_components must be from 1 to the 10 rows, got 11"),
        (lambda: GaussianMixture.fit(ROWS, 0, 0), "n_components must be from 1 to the 10 rows, got 0"),
        (lambda: GaussianMixture.fit(ROWS * np.nan, 2, 0), r"X must be finite, got nan at \(0, 0\)"),
        (lambda: GaussianMixture.fit(np.ones((9, 2)), 2, 0), "no variance: all 9 rows are the same"),
        (lambda: GaussianMixture.fit(np.repeat(ROWS[:2], 3, 0), 3, 0), "2 different rows, fewer than 3"),
        (lambda: GaussianMixture.fit(ROWS, 2, 0, variance_floor=-1.0), r"variance_floor must be in \[0, 1\)"),
        (
            lambda: GaussianMixture(HALF, M, 1e-9 * C).expectation_maximisation(ROWS),
            "starts with a variance of 1e-09, below its floor",
        ),
        (
            lambda: GaussianMixture(HALF, np.array([[0.0, 0], [1e3, 1e3]]), C).expectation_maximisation(ROWS),
            "component 1 holds 0 rows at step 1 of EM",
        ),
    ],
)
def test_bad_input_is_one_line_that_names_the_value(call, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)
