"""The `ppca` preset against answers that are known exactly (Tipping & Bishop 1999; Lucas 2019)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

import vael
from vael.models import FixedGaussian

BEST = {2: 0.002052, 10: 17.564809, 20: 27.440092}  # mean ln p(x) of the rows below at the optimum


@pytest.fixture(scope="module")
def digits() -> np.ndarray:
    X = load_digits().data / 16
    return X[np.random.RandomState(0).permutation(len(X))[:1500]]


def mean_log_likelihood(vae: vael.VAE, X: np.ndarray) -> float:
    """From the fitted weights: ln N(x; mean, W W^T + s2 I)."""
    output: Any = vae.model_.decoder.net.output
    W = output.weight.detach().double().numpy()
    mean = output.bias.detach().double().numpy() + vae.schema_.scaling.offset
    with torch.no_grad():
        s2 = float((2 * vae.model_.decoder.likelihood.log_scale(torch.zeros(1))).exp())
    C = W @ W.T + s2 * np.eye(len(W))
    S = (X - mean).T @ (X - mean) / len(X)
    trace = np.trace(np.linalg.solve(C, S))
    return -0.5 * (len(W) * math.log(2 * math.pi) + np.linalg.slogdet(C)[1] + trace)


def test_two_latents_reach_the_optimum(digits: np.ndarray) -> None:
    vae = vael.VAE(2, preset="ppca", max_epochs=1200, random_state=0, device="cpu").fit(digits)
    found = mean_log_likelihood(vae, digits)
    assert BEST[2] - 0.01 < found <= BEST[2] + 1e-5
    assert vae.score(digits) == pytest.approx(found, abs=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("latents", [2, 10, 20])
def test_the_preset_reaches_the_optimum_by_gradients_from_a_random_start(
    digits: np.ndarray, latents: int
) -> None:
    vae = vael.VAE(latents, preset="ppca", random_state=0, device="cpu").fit(digits)
    found = mean_log_likelihood(vae, digits)
    assert BEST[latents] - 0.01 < found <= BEST[latents] + 1e-5


@pytest.mark.slow
@pytest.mark.parametrize(
    ("s2", "beta", "kept", "rate"),
    [(0.05, 1, 18, 3e-2), (0.1, 1, 12, 3e-2), (0.2, 1, 7, 3e-3), (0.05, 4, 7, 3e-3)],
)
def test_the_latents_kept_are_those_whose_eigenvalue_passes_beta_s2(
    digits: np.ndarray, s2: float, beta: float, kept: int, rate: float
) -> None:
    """The seventh eigenvalue, 0.2044, is worth 0.0001 nats more than nothing at 0.2.

    So weak a direction must grow undisturbed: at ten times the rate it spreads over the spare latents, and at
    this one three seeds of four find it (0, 1 and 2).
    """
    vae = vael.VAE(
        20,
        preset="ppca",
        likelihood=FixedGaussian(math.sqrt(s2)),
        beta=float(beta),
        learning_rate=rate,
        random_state=0,
        device="cpu",
    ).fit(digits)
    eigenvalues = np.linalg.eigvalsh(np.cov(digits.T, bias=True))[::-1][:20]
    assert (eigenvalues > beta * s2).sum() == kept
    mean, std = vae.posterior_moments(digits)
    assert (mean.var(0) > 0.01).sum() == kept  # Burda's count of active units
    kl = 0.5 * (mean.var(0) + mean.mean(0) ** 2 + std[0] ** 2 - 1 - 2 * np.log(std[0]))
    exact = 0.5 * np.log(np.maximum(eigenvalues / (beta * s2), 1))  # half the log of each one's ratio
    assert kl.sum() == pytest.approx(exact.sum(), rel=0.02)


def test_far_from_zero_the_optimum_is_reached_too() -> None:
    """The preset centres the data, and scales nothing."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 2)) @ rng.normal(size=(2, 6)) + 0.5 * rng.normal(size=(300, 6))
    near, far = (
        vael.VAE(2, preset="ppca", max_epochs=1000, random_state=0, device="cpu").fit(X + shift)
        for shift in (0, 1000)
    )
    eigenvalues = np.linalg.eigvalsh(np.cov(X.T, bias=True))[::-1]
    s2 = eigenvalues[2:].mean()
    best = -0.5 * (6 * math.log(2 * math.pi) + np.log(eigenvalues[:2]).sum() + 4 * math.log(s2) + 6)
    assert mean_log_likelihood(near, X) == pytest.approx(best, abs=0.01)
    assert mean_log_likelihood(far, X + 1000) == pytest.approx(best, abs=0.01)
    assert near.schema_.scaling.kind == "centre"
    assert set(np.atleast_1d(near.schema_.scaling.scale)) == {1.0}
