"""The linear-Gaussian model against SciPy, the table of the literature, and the library's own estimators."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import multivariate_normal
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

from vael.errors import InputError
from vael.estimators.inference import log_evidence, posterior_moments
from vael.models import log_weights
from vael.objectives import ELBO, IWELBO
from vael.theory import LinearGaussian

# k: (s2, mean ln p of 1500 rows of digits, the same of the other 297)
DIGITS = {
    2: (0.054141, 0.002052, -0.033042),
    10: (0.022660, 17.564809, 16.628505),
    20: (0.011205, 27.440092, 25.961486),
}


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    X = load_digits().data / 16
    X = X[np.random.RandomState(0).permutation(len(X))]
    return X[:1500], X[1500:]


def made(seed: int, noise: str = "one", features: int = 5, latent: int = 2) -> LinearGaussian:
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(features, features))
    variance = {
        "one": rng.uniform(0.1, 2),
        "diagonal": rng.uniform(0.1, 2, features),
        "full": root @ root.T + 0.1 * np.eye(features),
    }[noise]
    return LinearGaussian(rng.normal(size=(features, latent)), rng.normal(size=features), variance)


def close(actual, expected, atol: float = 1e-8) -> None:
    np.testing.assert_allclose(actual, expected, rtol=0, atol=atol)


@given(st.integers(0, 10**6), st.sampled_from(["one", "diagonal", "full"]), st.integers(1, 5))
def test_evidence_and_posterior_are_those_of_the_joint_normal(seed: int, noise: str, latent: int) -> None:
    model = made(seed, noise, latent=latent)
    X = model.sample(4, seed).x
    R = np.asarray(model.noise_variance)
    R = R if R.ndim == 2 else np.diag(np.broadcast_to(R, 5))
    C = model.weight @ model.weight.T + R
    expected = multivariate_normal(model.mean, C).logpdf(X)
    close(model.log_evidence(X), expected, atol=1e-8 * np.abs(expected).max())
    gain = np.linalg.solve(C, model.weight).T  # p(z|x) by conditioning the joint on x
    posterior = model.posterior(X)
    close(posterior.mean, (X - model.mean) @ gain.T)
    close(posterior.covariance, np.eye(latent) - gain @ model.weight)


def test_samples_have_the_model_s_moments() -> None:
    n = 200_000
    for noise in ("one", "diagonal", "full"):
        model = made(3, noise)
        drawn = model.sample(n, 0)
        joint = np.hstack([drawn.z, drawn.x - model.mean])
        cross = np.block(
            [[np.eye(2), model.weight.T], [model.weight, model.covariance]]
        )  # the covariance of (z, x)
        spread = np.sqrt((np.outer(cross.diagonal(), cross.diagonal()) + cross**2) / n)
        assert (np.abs(joint.T @ joint / n - cross) < 5 * spread).all()
        assert (np.abs(joint.mean(0)) < 5 * np.sqrt(cross.diagonal() / n)).all()
    np.testing.assert_array_equal(made(3).sample(5, 1).x, made(3).sample(5, 1).x)


@pytest.mark.parametrize("latent", [2, 10, 20])
def test_the_fit_of_digits_has_the_numbers_of_the_table(digits, latent: int) -> None:
    train, test = digits
    s2, best, held_out = DIGITS[latent]
    fitted = LinearGaussian.fit(train, latent)
    assert float(fitted.noise_variance) == pytest.approx(s2, abs=5e-7)
    assert fitted.log_evidence(train).mean() == pytest.approx(best, abs=5e-7)
    assert fitted.log_evidence(test).mean() == pytest.approx(held_out, abs=5e-7)
    optimum = LinearGaussian.optimal_beta_elbo(train, latent)
    close([optimum.elbo, optimum.objective], fitted.log_evidence(train).mean())
    values = np.linalg.eigvalsh(np.cov(train.T, bias=True))[::-1]
    close(float(fitted.noise_variance), values[latent:].mean())
    D = 64
    formula = D * np.log(2 * np.pi) + np.log(values[:latent]).sum() + (D - latent) * np.log(s2) + D
    assert optimum.elbo == pytest.approx(-0.5 * formula, abs=1e-3)  # s2 is rounded to six places


def test_the_fit_is_scikit_learn_s_but_for_its_divisor(digits) -> None:
    """scikit-learn's PCA divides the covariance by n - 1: scaled back, its score is the same."""
    train, test = digits
    n = len(train)
    stretched = train.mean(0) + (train - train.mean(0)) * np.sqrt(n / (n - 1))
    fitted = LinearGaussian.fit(stretched, 10)
    pca = PCA(10).fit(train)
    close(fitted.log_evidence(test), pca.score_samples(test))


@given(st.integers(0, 10**6), st.integers(1, 4))
def test_no_other_model_is_likelier_than_the_fit(seed: int, latent: int) -> None:
    rng = np.random.default_rng(seed)
    X = made(seed).sample(30, seed).x
    fitted = LinearGaussian.fit(X, latent)
    best = fitted.log_evidence(X).mean()
    for size in (1e-3, 0.1):
        other = LinearGaussian(
            fitted.weight + size * rng.normal(size=fitted.weight.shape),
            fitted.mean + size * rng.normal(size=5),
            float(fitted.noise_variance) * np.exp(size * rng.normal()),
        )
        assert other.log_evidence(X).mean() < best


@pytest.mark.parametrize(("s2", "beta", "active"), [(0.05, 1, 18), (0.1, 1, 12), (0.2, 1, 7), (0.05, 4, 7)])
def test_latents_collapse_where_the_eigenvalue_is_below_beta_s2(digits, s2, beta, active) -> None:
    train, _ = digits
    optimum = LinearGaussian.optimal_beta_elbo(train, 20, beta=float(beta), noise_variance=s2)
    assert optimum.active == active
    assert (np.abs(optimum.generative.weight).max(0) > 0).sum() == active
    values = np.linalg.eigvalsh(np.cov(train.T, bias=True))[::-1][:20]
    expected = 0.5 * np.log(np.maximum(values / (beta * s2), 1))
    close(optimum.kl, expected)
    x = torch.tensor(train)
    terms = ELBO(beta=float(beta))(optimum.model(), x, generator=torch.Generator().manual_seed(0))
    assert terms.kl_per_latent is not None
    close(terms.kl_per_latent.mean(0).numpy(), expected)


@given(st.integers(0, 10**6), st.floats(0.2, 5), st.sampled_from([None, 0.05, 0.5]), st.integers(1, 5))
def test_the_beta_elbo_is_stationary_at_its_optimum(seed, beta, noise_variance, latent) -> None:
    """And has the value that the closed form says: the expectation over q is taken exactly here."""
    X = made(seed, features=6, latent=3).sample(40, seed).x
    optimum = LinearGaussian.optimal_beta_elbo(X, latent, beta=beta, noise_variance=noise_variance)
    model = optimum.model()
    decoder, encoder, x = model.decoder, model.encoder, torch.tensor(X)
    log_s2 = torch.tensor(np.log(optimum.noise_variance), requires_grad=True)
    model.requires_grad_()
    q_z = encoder(x)
    error = (x - decoder(q_z.mean).mean).square().sum(-1)
    error = error + (decoder.matrix.square() @ q_z.variance.mT).sum(0)
    log_likelihood = -0.5 * (error / log_s2.exp() + 6 * (np.log(2 * np.pi) + log_s2))
    kl = 0.5 * (q_z.variance + q_z.mean**2 - 1 - q_z.variance.log())
    objective = (log_likelihood - beta * kl.sum(-1)).mean()
    assert objective.item() == pytest.approx(optimum.objective, abs=1e-8)
    assert log_likelihood.mean().item() == pytest.approx(optimum.log_likelihood, abs=1e-8)
    close(kl.mean(0).detach(), optimum.kl)
    parameters = [decoder.matrix, decoder.offset, encoder.matrix, encoder.offset, encoder.scale]
    parameters += [log_s2] if noise_variance is None else []
    for slope in torch.autograd.grad(objective, parameters):
        close(slope, 0, atol=1e-7)


@given(st.integers(0, 10**6), st.floats(0.3, 6), st.integers(1, 5))
def test_the_learned_noise_is_the_best_of_all_fixed_ones(seed: int, beta: float, latent: int) -> None:
    X = made(seed, features=6, latent=3).sample(40, seed).x
    learned = LinearGaussian.optimal_beta_elbo(X, latent, beta=beta)
    inactive = learned.eigenvalues[learned.active :].sum()
    close(learned.noise_variance, inactive / (6 - beta * learned.active))
    for factor in (0.01, 0.5, 0.999, 1.001, 2, 100):
        s2 = factor * learned.noise_variance
        fixed = LinearGaussian.optimal_beta_elbo(X, latent, beta=beta, noise_variance=s2)
        assert fixed.objective <= learned.objective


@given(st.integers(0, 10**6), st.sampled_from(["one", "diagonal", "full"]))
def test_every_importance_weight_of_the_exact_posterior_is_the_evidence(seed: int, noise: str) -> None:
    exact = made(seed, noise)
    X = exact.sample(3, seed).x
    expected = exact.log_evidence(X)
    tolerance = 1e-8 * max(1.0, np.abs(expected).max())
    generator = torch.Generator().manual_seed(seed)
    sampled = log_weights(exact.model(), torch.tensor(X), 4, generator=generator)
    close(sampled.log_w, np.tile(expected, (4, 1)), atol=tolerance)
    assert sampled.z.std(0).min() > 1e-4
    for k in (1, 5):
        bound = IWELBO(k)(exact.model(), torch.tensor(X), generator=generator).bound
        close(bound, expected, atol=tolerance)


@pytest.mark.parametrize("noise", ["one", "diagonal", "full"])
@pytest.mark.parametrize("wrong", [{}, {"widen": 1.5}, {"shift": 0.3, "widen": 0.8}, {"mean_field": True}])
def test_the_elbo_falls_short_by_the_inference_gap(noise: str, wrong: dict, generator) -> None:
    exact = made(5, noise)
    x = torch.tensor(exact.sample(2, 0).x)
    model = exact.model(**wrong)
    evidence = torch.tensor(exact.log_evidence(x.numpy()))
    expected = evidence - exact.inference_gap(**wrong)
    n = 40_000
    log_w = log_weights(model, x, n, generator=generator).log_w
    spread = log_w.std(0) / n**0.5 + 1e-9
    assert ((log_w.mean(0) - expected).abs() < 5 * spread).all()
    bound = ELBO(samples=n)(model, x, generator=generator).bound
    noise_of_bound = model.decoder(log_weights(model, x, 2000).z).log_prob(x).std(0) / n**0.5
    assert ((bound - expected).abs() < 5 * noise_of_bound).all()
    if wrong.get("widen", 1) > 1:
        ratio = (log_w - evidence).exp()
        assert ((ratio.mean(0) - 1).abs() < 5 * ratio.std(0) / n**0.5).all()


def test_the_gap_of_a_wider_posterior_is_known_in_one_line() -> None:
    for widen in (0.5, 1.0, 1.5, 3.0):
        expected = (widen**2 - 1 - np.log(widen**2)) * 2 / 2  # two latents
        assert made(1).inference_gap(widen=widen) == pytest.approx(expected, abs=1e-12)
    assert made(1).inference_gap(shift=0.5, mean_field=False) == pytest.approx(
        0.5 * 0.25 * 2, abs=1e-12
    )  # L^-1 takes the shift to 0.5 on each latent
    assert made(1).inference_gap(mean_field=True) > 1e-3
    fitted = LinearGaussian.fit(made(1).sample(50, 0).x, 2)
    assert fitted.inference_gap(mean_field=True) == pytest.approx(0, abs=1e-12)  # rotated to independence


def test_the_mean_field_is_the_best_of_its_family() -> None:
    exact = made(4)
    best = exact.inference_gap(mean_field=True)
    assert exact.inference_gap(mean_field=True, widen=1.05) > best
    assert exact.inference_gap(mean_field=True, widen=0.95) > best


def test_the_estimators_inference_runs_on_it_unchanged() -> None:
    exact = made(2)
    X = exact.sample(70, 0).x.astype(np.float32)
    model = exact.model()
    evidence = log_evidence(model, lambda part: X[part], len(X), 0, samples=3)
    close(evidence, exact.log_evidence(X))
    mean, deviation = posterior_moments(model, lambda part: X[part], len(X), 0, deviation=True)
    posterior = exact.posterior(X)
    close(mean, posterior.mean)
    close(deviation, np.tile(np.sqrt(posterior.covariance.diagonal()), (70, 1)))


W, MU = np.ones((3, 2)), np.zeros(3)
ROWS = np.random.default_rng(0).normal(size=(10, 3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: LinearGaussian(W, MU, 0.0), "noise_variance must be > 0, got 0"),
        (lambda: LinearGaussian(W, MU, float("nan")), "noise_variance must be finite, got nan$"),
        (lambda: LinearGaussian(W, MU, np.array([1, -2.0, 1])), "noise_variance must be > 0, got -2"),
        (lambda: LinearGaussian(W, MU, np.diag([1, 1, -0.5])), "smallest eigenvalue is -0.5"),
        (
            lambda: LinearGaussian(W, MU, np.eye(3) + np.eye(3, k=1)),
            "noise_variance must be symmetric, got entries that differ by 1$",
        ),
        (lambda: LinearGaussian(W, MU, np.ones(2)), "noise_variance must have 3 features, got 2"),
        (lambda: LinearGaussian(W, np.zeros(4), 1.0), "mean must have 3 features, as weight has, got 4"),
        (lambda: LinearGaussian(W * np.inf, MU, 1.0), r"weight must be finite, got inf at \(0, 0\)"),
        (lambda: LinearGaussian(MU, MU, 1.0), r"weight must have 2 axes, got shape \(3,\)"),
        (lambda: LinearGaussian(W, MU, 1.0).log_evidence(np.ones((2, 4))), "3 features, got 4"),
        (lambda: LinearGaussian(W, MU, 1.0).posterior(np.full((1, 3), np.nan)), r"got nan at \(0, 0\)"),
        (lambda: LinearGaussian(W, MU, 1.0).sample(0), "n must be >= 1, got 0"),
        (lambda: LinearGaussian(W, MU, 1.0).model(widen=0.0), "widen must be > 0 and finite, got 0.0"),
        (lambda: LinearGaussian.fit(ROWS, 3), "n_components must be from 1 to 2.*got 3"),
        (lambda: LinearGaussian.fit(ROWS, 0), "n_components must be from 1 to 2.*got 0"),
        (lambda: LinearGaussian.fit(ROWS[:2], 2), "2 components need more rows than that, got 2"),
        (lambda: LinearGaussian.fit(ROWS[:, [0, 0, 0]], 1), "1 components leave a noise variance of"),
        (lambda: LinearGaussian.fit(np.ones((9, 3)), 1), "leave a noise variance of 0: .*fewer components"),
        (lambda: LinearGaussian.optimal_beta_elbo(ROWS, 1, beta=0.0), "beta must be > 0 and finite, got 0.0"),
        (
            lambda: LinearGaussian.optimal_beta_elbo(ROWS, 1, noise_variance=-1.0),
            "noise_variance must be > 0 and finite, got -1.0",
        ),
    ],
)
def test_bad_input_is_one_line_that_names_the_value(call, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)
