"""The ELBO by three formulas, on toys and on models, and against closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

import vael
from vael.errors import InputError
from vael.models import LatentVariableModel
from vael.theory import (
    Density,
    LatentToy,
    decompose,
    elbo_three_ways,
    joint_normal_density,
    kl_normal,
    normal_density,
)


def normal_log(x: Any, mean: Any, deviation: Any) -> Any:
    return -0.5 * ((x - mean) / deviation) ** 2 - np.log(deviation) - 0.5 * np.log(2 * np.pi)


@settings(max_examples=15)
@given(
    x=st.floats(-4, 4),
    noise=st.floats(0.1, 2),
    mean=st.floats(-2, 2),
    deviation=st.floats(0.05, 2),
)
def test_a_normal_toy_has_every_term_in_closed_form(
    x: float, noise: float, mean: float, deviation: float
) -> None:
    """z ~ N(0, 1), x|z ~ N(z, s^2): evidence N(0, 1 + s^2) and posterior N(x, s^2) / (1 + s^2)."""
    toy = LatentToy(normal_density(), lambda x, z: normal_log(x, z, noise))
    ways = elbo_three_ways(toy, x, normal_density(mean, deviation))
    total = 1 + noise**2
    evidence = normal_log(x, 0, total**0.5)
    gap = kl_normal(mean, deviation**2, x / total, noise**2 / total)
    for found in (ways.joint, ways.posterior, ways.prior):
        assert found == pytest.approx(evidence - gap, abs=1e-7, rel=1e-9)
    assert ways.spread <= ways.error + 1e-9
    assert ways.evidence == pytest.approx(evidence, abs=1e-8)
    assert ways.kl_posterior == pytest.approx(gap, abs=1e-7, rel=1e-9)
    assert ways.kl_prior == pytest.approx(kl_normal(mean, deviation**2, 0, 1), abs=1e-7, rel=1e-9)


def test_a_toy_in_the_plane() -> None:
    """x = z1 + 2 z2 with noise, and q with a correlation."""
    toy = LatentToy(
        lambda a, b: normal_log(a, 0, 1) + normal_log(b, 0, 1),
        lambda x, a, b: normal_log(x, a + 2 * b, 0.8),
        latent=2,
    )
    covariance = np.array([[0.8, -0.3], [-0.3, 0.3]])
    ways = elbo_three_ways(toy, 1.3, joint_normal_density([0.2, 0.5], covariance))
    direction = np.array([[1.0], [2.0]])
    precision = np.eye(2) + direction @ direction.T / 0.8**2
    mean = np.linalg.solve(precision, direction[:, 0] * 1.3 / 0.8**2)
    exact = normal_log(1.3, 0, (5 + 0.8**2) ** 0.5) - kl_normal(
        [0.2, 0.5], covariance, mean, np.linalg.inv(precision)
    )
    assert ways.joint == pytest.approx(exact, abs=1e-6)
    assert ways.spread <= ways.error + 1e-8
    assert ways.error < 1e-5


def test_a_toy_that_is_no_normal() -> None:
    """A coin of unknown bias, uniform before: evidence of k heads in n throws is the Beta function."""
    from scipy.special import betaln
    from scipy.stats import beta

    toy = LatentToy(
        lambda z: np.zeros_like(z),
        lambda x, z: x[0] * np.log(z) + x[1] * np.log1p(-z),
        limits=[(0, 1)],
    )
    q = beta(3, 4)
    ways = elbo_three_ways(toy, (7, 3), q.logpdf)
    assert ways.evidence == pytest.approx(betaln(8, 4), abs=1e-8)
    assert ways.spread <= ways.error + 1e-8
    exact = elbo_three_ways(toy, (7, 3), beta(8, 4).logpdf)
    assert exact.kl_posterior == pytest.approx(0, abs=1e-7)
    assert exact.joint == pytest.approx(betaln(8, 4), abs=1e-7)


def test_bad_toys_are_refused() -> None:
    def flat(x: Any, z: Any) -> Any:
        return 0 * z

    with pytest.raises(InputError, match=r"p\(z\) integrates to 2, not to 1"):
        LatentToy(lambda z: normal_log(z, 0, 1) + np.log(2), flat)
    with pytest.raises(InputError, match="1 or 2 latents, got 3"):
        LatentToy(normal_density(), flat, latent=3)
    with pytest.raises(InputError, match="limits must be a pair"):
        LatentToy(normal_density(), flat, limits=[(0, 1), (0, 1)])
    toy = LatentToy(normal_density(), flat)
    with pytest.raises(InputError, match=r"q\(z\) integrates to 0.5, not to 1"):
        elbo_three_ways(toy, 0, lambda z: normal_log(z, 0, 1) - np.log(2))
    with pytest.raises(InputError, match="has no encoder"):
        elbo_three_ways(toy, 0)
    positive = LatentToy(Density(lambda z: np.exp(-z), lower=0), flat)
    with pytest.raises(InputError, match="integrand is -inf"):
        elbo_three_ways(positive, 0, normal_density())


def test_a_linear_gaussian_model(linear_gaussian: Any) -> None:
    """The exact posterior, and one 1.3 times as wide, whose KL is known."""
    x = linear_gaussian.sample(4)
    exact = elbo_three_ways(linear_gaussian.model(), x, tolerance=1e-8)
    evidence = linear_gaussian.log_evidence(x).numpy()
    for found in (exact.joint, exact.posterior, exact.prior, exact.evidence):
        assert np.allclose(found, evidence, atol=1e-7)
    wide = elbo_three_ways(linear_gaussian.model(1.3), x, tolerance=1e-8)
    gap = 1.3**2 - 1 - 2 * np.log(1.3)
    for found in (wide.joint, wide.posterior, wide.prior):
        assert np.allclose(found, evidence - gap, atol=1e-7)
    assert np.allclose(wide.kl_posterior, gap, atol=1e-7)


class MixturePrior(nn.Module):
    def forward(self) -> MixtureSameFamily:
        loc = torch.tensor([[-1.0, 0.0], [1.0, 1.0]], dtype=torch.float64)
        parts = Independent(Normal(loc, torch.ones_like(loc)), 1)
        return MixtureSameFamily(Categorical(torch.tensor([0.3, 0.7], dtype=torch.float64)), parts)


def test_a_prior_whose_kl_has_no_closed_form(linear_gaussian: Any) -> None:
    given = linear_gaussian.model(1.2)
    model = LatentVariableModel(MixturePrior(), given.encoder, given.decoder)
    ways = elbo_three_ways(model, linear_gaussian.sample(3), tolerance=1e-7)
    assert (ways.spread <= ways.error + 1e-9).all()
    assert (ways.kl_prior > 0).all()


@pytest.mark.parametrize(("latents", "posterior"), [(1, "diagonal"), (2, "diagonal"), (2, "full")])
def test_a_trained_model(latents: int, posterior: str) -> None:
    X = load_digits().data[:400] / 16
    vae = vael.VAE(latents, hidden=24, max_epochs=6, random_state=0, posterior=posterior).fit(X)
    ways = elbo_three_ways(vae, X[:12])
    assert (ways.spread <= ways.error + 1e-4).all()
    assert ways.error.max() < 4e-4
    assert (ways.kl_posterior > 0).all()
    found = decompose(vae, X[:12])
    assert np.allclose(found.elbo, ways.prior, atol=2e-3)
    assert np.allclose(found.evidence, ways.evidence, atol=2e-3)
    assert np.allclose(found.inference_gap, ways.kl_posterior, atol=2e-3)


def test_models_are_refused_that_have_no_three_ways(linear_gaussian: Any) -> None:
    X = load_digits().data[:50] / 16
    vae = vael.VAE(3, hidden=8, max_epochs=1, random_state=0).fit(X)
    with pytest.raises(InputError, match="this model has 3"):
        elbo_three_ways(vae, X[:2])
    with pytest.raises(InputError, match="has its own q"):
        elbo_three_ways(linear_gaussian.model(), torch.zeros(1, 5), normal_density())


class Stairs(nn.Module):
    """A decoder with jumps: quadrature cannot settle."""

    def forward(self, z: Tensor) -> Tensor:
        return (3 * z).round().repeat(1, 5)[..., :5]


def test_quadrature_that_does_not_converge_says_where(linear_gaussian: Any) -> None:
    given = linear_gaussian.model()
    given.decoder.net = Stairs()
    with pytest.raises(InputError, match="did not converge at row 0"):
        elbo_three_ways(given, torch.zeros(1, 5, dtype=torch.float64), tolerance=1e-9)
