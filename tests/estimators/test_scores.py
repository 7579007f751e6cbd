from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.mixture import GaussianMixture

import vael

Quick = Callable[..., vael.VAE]


def two_causes() -> np.ndarray:
    rng = np.random.default_rng(0)
    z = rng.normal(size=(120, 2))
    return z @ rng.normal(size=(2, 6)) + 0.3 * rng.normal(size=(120, 6)) + np.arange(6)


def exact_ppca(vae: vael.VAE, X: np.ndarray) -> np.ndarray:
    """ln p(x) of a linear-Gaussian model, from its weights (Tipping & Bishop 1999)."""
    output: Any = vae.model_.decoder.net.output
    W = output.weight.detach().double().numpy()
    mean = output.bias.detach().double().numpy() + vae.schema_.scaling.offset
    with torch.no_grad():
        s2 = float((2 * vae.model_.decoder.likelihood.log_scale(torch.zeros(1))).exp())
    C = W @ W.T + s2 * np.eye(len(W))
    centred = X - mean
    quadratic = np.einsum("ij,ij->i", centred @ np.linalg.inv(C), centred)
    return -0.5 * (len(W) * math.log(2 * math.pi) + np.linalg.slogdet(C)[1] + quadratic)


def with_exact_posterior(vae: vael.VAE) -> vael.VAE:
    """Turn the latents to the axes, where the exact posterior is diagonal, and put it in."""
    with torch.no_grad():
        output: Any = vae.model_.decoder.net.output
        U, s, _ = torch.linalg.svd(output.weight.double(), full_matrices=False)
        W = U * s
        s2 = (2 * vae.model_.decoder.likelihood.log_scale(torch.zeros(1)).double()).exp()
        M = torch.diag(s**2 + s2)
        slope = torch.linalg.solve(M, W.mT)
        encoder: Any = vae.model_.encoder
        output.weight.copy_(W)
        encoder.net.output.weight.copy_(slope)
        encoder.net.output.bias.copy_(-slope @ output.bias.double())
        encoder.posterior.log_scale.copy_(0.5 * (s2 / M.diagonal()).log())
    return vae


@pytest.fixture(scope="module")
def _ppca() -> vael.VAE:
    vae = vael.VAE(2, preset="ppca", max_epochs=400, learning_rate=5e-2, random_state=0, device="cpu")
    return vae.fit(two_causes())


@pytest.fixture
def ppca(_ppca: vael.VAE) -> vael.VAE:
    return copy.deepcopy(_ppca)


@pytest.mark.parametrize("n_samples", [1, 2, 63, 64, 65, 200])
def test_with_the_exact_posterior_one_sample_is_enough(ppca: vael.VAE, X: np.ndarray, n_samples: int) -> None:
    """The weights' variance is 0 there, so any number of samples gives ln p(x)."""
    exact = with_exact_posterior(ppca)
    np.testing.assert_allclose(exact.score_samples(X, n_samples=n_samples), exact_ppca(exact, X), atol=2e-4)


def test_the_estimate_of_a_trained_model_comes_to_its_exact_likelihood(ppca: vael.VAE, X: np.ndarray) -> None:
    np.testing.assert_allclose(ppca.score_samples(X, n_samples=5000), exact_ppca(ppca, X), atol=0.03)
    assert ppca.score(X) == pytest.approx(exact_ppca(ppca, X).mean(), abs=0.02)


def test_more_samples_raise_the_mean_and_none_passes_the_truth(ppca: vael.VAE, X: np.ndarray) -> None:
    with torch.no_grad():
        ppca.model_.encoder.posterior.log_scale += 0.7  # a poor posterior
    means = [_over_seeds(ppca, X, n) for n in (1, 5, 50, 1000)]
    assert means == sorted(means)
    assert means[-1] < exact_ppca(ppca, X[:60]).mean() + 0.05  # the noise of 20 000 draws
    assert means[-1] - means[0] > 0.5


def _over_seeds(vae: vael.VAE, X: np.ndarray, n_samples: int) -> float:
    """Mean over the noise too, which all rows share."""
    found: list[float] = []
    for seed in range(20):
        vae.seed_ = seed
        found.append(vae.score_samples(X[:60], n_samples=n_samples).mean())
    return float(np.mean(found))


def test_a_sample_more_changes_none_of_those_before(quick: Quick, X: np.ndarray) -> None:
    """The weights of 65 samples are those of 64 and one more."""
    vae = quick().fit(X)
    few, more, first = (
        vae.score_samples(X, n_samples=n) + math.log(n) for n in (64, 65, 1)
    )  # ln of the sums of weights
    extra = np.exp(more) - np.exp(few)
    assert (extra > 0).all()
    assert (np.exp(first) < np.exp(few)).all()


def test_score_is_the_mean_of_score_samples(quick: Quick, X: np.ndarray) -> None:
    vae = quick(n_importance_samples=7).fit(X)
    assert vae.score(X) == vae.score_samples(X, n_samples=7).mean()
    assert vae.score_samples(X).dtype == np.float64


def test_the_jacobian_of_the_scale_is_counted(quick: Quick, X: np.ndarray) -> None:
    """Densities of 10 X are 10^-6 of those of X in 6 dimensions."""
    one, ten = (quick(max_epochs=20).fit(c * X).score_samples(c * X) for c in (1, 10))
    np.testing.assert_allclose(one - ten, 6 * math.log(10), atol=2e-3)
    scales = np.array([1, 2, 5, 0.1, 30, 1])
    other = quick(max_epochs=20).fit(X * scales).score_samples(X * scales)
    np.testing.assert_allclose(one - other, np.log(scales).sum(), atol=2e-3)


def test_the_score_compares_with_scikit_learns() -> None:
    """A linear model of rank 2 fits data that have two causes as a full Gaussian does."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(4000, 2)) @ rng.normal(size=(2, 5)) * 20 + rng.normal(size=(4000, 5)) * 15 + 50
    vae = vael.VAE(
        2,
        network="linear",
        posterior="full",
        max_epochs=100,
        learning_rate=2e-2,
        schedule="cosine",
        batch_size=200,
        random_state=0,
        device="cpu",
    ).fit(X[:2000])
    reference = GaussianMixture(1).fit(X[:2000])
    assert vae.score(X[2000:]) == pytest.approx(reference.score(X[2000:]), abs=0.05)


def test_bytes_are_scored_on_the_unit_interval(quick: Quick, images: np.ndarray) -> None:
    """By the contract: ln p of the values divided by 255, so the same as of those values given."""
    vae = quick(random_state=0).fit(images)
    unit = quick(random_state=0).fit(images / 255)
    np.testing.assert_allclose(vae.score_samples(images), unit.score_samples(images / 255), atol=1e-2)


def test_greys_under_a_binary_law_are_binarised_and_binary_rows_are_not(quick: Quick) -> None:
    """With a decoder that says 1/2 everywhere each of the 12 coins costs ln 2, whatever the greys."""
    rng = np.random.default_rng(0)
    vae = quick(likelihood="bernoulli").fit(rng.random((40, 12)))
    with torch.no_grad():
        for parameter in vae.model_.decoder.parameters():
            parameter.zero_()
        for parameter in vae.model_.encoder.parameters():
            parameter.zero_()  # q = p(z): every weight is p(x)
    for X in (rng.random((9, 12)), (rng.random((9, 12)) > 0.5).astype(float)):
        np.testing.assert_allclose(vae.score_samples(X), -12 * math.log(2), rtol=1e-6)


@pytest.mark.parametrize(
    ("data", "bad", "said"),
    [
        ("unit", 1.5, r"X holds 1.5 at row 2, column 3, .*\(continuous-bernoulli\) knows values from 0 to 1"),
        ("unit", -0.1, "X holds -0.1 at row 2, column 3"),
        ("categories", 9.0, r"\(categorical\) knows values from 0 to 4 only: scale X as in fit"),
        ("categories", 2.5, r"X holds 2.5 at row 2, column 3, .*\(categorical\) knows whole numbers only"),
        ("binary", 3.0, r"\(bernoulli\) knows values from 0 to 1 only"),
    ],
)
def test_rows_that_the_law_does_not_know_are_refused(quick: Quick, data: str, bad: float, said: str) -> None:
    rng = np.random.default_rng(0)
    X = {
        "unit": rng.random((40, 6)),
        "categories": rng.integers(0, 5, size=(40, 6)).astype(float),
        "binary": rng.integers(0, 2, size=(40, 6)).astype(float),
    }[data]
    vae = quick().fit(X)
    X[2, 3] = bad
    with pytest.raises(vael.InputError, match=said):
        vae.score_samples(X)


def test_an_autoencoder_has_no_likelihood_and_says_so(X: np.ndarray) -> None:
    vae = vael.VAE(2, preset="autoencoder", max_epochs=2, random_state=0, device="cpu").fit(X)
    with pytest.raises(vael.InputError, match="an autoencoder has no prior, so no ln p"):
        vae.score_samples(X)
    with pytest.raises(vael.InputError, match="an autoencoder has no prior, so no samples"):
        vae.sample()
    with pytest.raises(vael.InputError, match=r"^n_samples must be a whole number >= 1, got 0$"):
        vae.score_samples(X, n_samples=0)


def test_the_autoencoders_score_is_minus_the_squared_error(X: np.ndarray) -> None:
    model = vael.Autoencoder(2, max_epochs=60, learning_rate=1e-2, random_state=0, device="cpu").fit(X)
    error = ((X - model.reconstruct(X)) ** 2).mean()
    assert model.score(X) == pytest.approx(-error, rel=1e-9)
    assert error < 0.35 * X.var(axis=0).mean()  # two latents for two causes
