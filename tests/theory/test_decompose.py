"""The inference gap and its two parts, against models whose evidence and posterior are known exactly."""

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
from vael.errors import InputError, VaelWarning
from vael.models import (
    Bernoulli,
    Decoder,
    DeltaPosterior,
    DiagonalNormalPosterior,
    DiscretisedLogistic,
    Encoder,
    FixedGaussian,
    FullNormalPosterior,
    LatentVariableModel,
    SharedScalePosterior,
    StandardNormal,
    log_weights,
)
from vael.nn import MLP, Linear
from vael.theory import Decomposition, decompose


def linear_model(W: Tensor, s2: float, family: Any, seed: int) -> LatentVariableModel:
    """p(x|z) = N(W z, s2 I) with an encoder of random weights: an amortisation gap that is known."""
    torch.manual_seed(seed)
    features, latent = W.shape
    decoder = Decoder(Linear(latent, features), FixedGaussian(s2**0.5)).double()
    posterior = family(latent)
    encoder = Encoder(Linear(features, posterior.outputs), posterior).double()
    with torch.no_grad():
        decoder.net.output.weight.copy_(W)
        decoder.net.output.bias.zero_()
        encoder.net.output.weight.mul_(0.3)
    return LatentVariableModel(StandardNormal(latent).double(), encoder, decoder)


def exact(W: Tensor, s2: float, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """ln p(x), posterior mean and precision (Tipping & Bishop 1999)."""
    latent = W.shape[1]
    precision = W.mT @ W / s2 + torch.eye(latent, dtype=W.dtype)
    mean = torch.linalg.solve(precision, W.mT @ x.mT / s2).mT
    covariance = W @ W.mT + s2 * torch.eye(len(W), dtype=W.dtype)
    zero = torch.zeros(len(W), dtype=W.dtype)
    return torch.distributions.MultivariateNormal(zero, covariance).log_prob(x), mean, precision


def kl(mean: Tensor, covariance: Tensor, to_mean: Tensor, precision: Tensor) -> Tensor:
    """KL of normals, the second given by its precision."""
    shift = to_mean - mean
    inner = torch.einsum("...ij,ji->...", covariance, precision) - mean.shape[-1]
    quadratic = torch.einsum("...i,ij,...j->...", shift, precision, shift)
    return 0.5 * (inner + quadratic - torch.logdet(covariance) - torch.logdet(precision))


FAMILIES = [DiagonalNormalPosterior, FullNormalPosterior, SharedScalePosterior]


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=8)
@given(seed=st.integers(0, 10_000), latent=st.integers(1, 2), log_s2=st.floats(-3, 1))
def test_linear_gaussian_has_both_gaps_in_closed_form(
    family: Any, seed: int, latent: int, log_s2: float
) -> None:
    generator = torch.Generator().manual_seed(seed)
    W = torch.randn(4, latent, generator=generator, dtype=torch.float64)
    s2 = float(np.exp(log_s2))
    model = linear_model(W, s2, family, seed)
    x = torch.randn(3, 4, generator=generator, dtype=torch.float64)
    found = decompose(model, x)

    evidence, mean, precision = exact(W, s2, x)
    assert np.allclose(found.evidence, evidence, atol=1e-5)
    assert (abs(found.evidence - evidence.numpy()) <= found.evidence_error + 1e-6).all()
    q = model.encoder(x)
    q_covariance = torch.tensor(found.q.covariance)
    gap = kl(q.mean.detach(), q_covariance, mean, precision).detach()
    assert np.allclose(found.inference_gap, gap, atol=1e-5, rtol=1e-7)
    if family is FullNormalPosterior:
        best = torch.linalg.inv(precision).expand(3, -1, -1)
    elif family is DiagonalNormalPosterior:
        best = torch.diag(1 / precision.diagonal()).expand(3, -1, -1)
    else:
        best = q_covariance
    assert np.allclose(found.approximation_gap, kl(mean, best, mean, precision), atol=1e-5)
    assert np.allclose(found.best_q.mean, mean, atol=1e-2)
    if family is not SharedScalePosterior:
        assert np.allclose(found.best_q.covariance, best, atol=1e-2, rtol=1e-2)
    for row, grid in enumerate(found.posterior or ()):
        assert np.allclose(grid.mean, mean[row], atol=1e-5)
        assert np.allclose(grid.covariance, torch.linalg.inv(precision), atol=1e-5, rtol=1e-5)
        assert np.isclose(grid.mass.sum(), 1)


def test_the_exact_encoder_has_no_gap(linear_gaussian: Any) -> None:
    x = linear_gaussian.sample(4)
    found = decompose(linear_gaussian.model(), x)
    assert found.family == "full"
    assert np.allclose(found.evidence, linear_gaussian.log_evidence(x), atol=1e-6)
    assert np.abs(found.approximation_gap).max() < 1e-6
    assert np.abs(found.amortisation_gap).max() < 1e-6


class Folded(nn.Module):
    """x = |z|, seen with noise: a posterior of two equal hills."""

    def forward(self, z: Tensor) -> Tensor:
        return z.abs().sum(-1, keepdim=True)


class AtOneHill(nn.Module):
    def __init__(self, latent: int, at: float) -> None:
        super().__init__()
        self.latent, self.at = latent, at

    def forward(self, x: Tensor) -> Tensor:
        mean = x.new_full((len(x), self.latent), self.at)
        return torch.cat([mean, torch.full_like(mean, -3.0)], -1)


def folded(scale: float, at: float) -> LatentVariableModel:
    encoder = Encoder(AtOneHill(1, at), DiagonalNormalPosterior(1))
    decoder = Decoder(Folded(), FixedGaussian(scale))
    return LatentVariableModel(StandardNormal(1).double(), encoder, decoder)


@pytest.mark.parametrize("scale", [0.1, 0.01, 0.001])
def test_two_hills_cost_a_normal_the_logarithm_of_two(scale: float) -> None:
    """At x far from 0 the posterior is two normals of the same mass; the best q takes one: gap ln 2."""
    x = torch.tensor([[1.5]], dtype=torch.float64)
    found = decompose(folded(scale, 1.4), x)
    evidence = np.log(2) + Normal(0, (1 + scale**2) ** 0.5).log_prob(x).item()
    assert np.isclose(found.evidence[0], evidence, atol=1e-4)
    assert np.isclose(found.approximation_gap[0], np.log(2), atol=1e-4)
    assert np.isclose(found.best_q.standard_deviation[0, 0], scale / (1 + scale**2) ** 0.5, rtol=1e-2)
    assert (found.posterior or ())[0].mean[0] == pytest.approx(0, abs=1e-3)


def test_rows_that_do_not_converge_are_warned_of() -> None:
    with pytest.warns(VaelWarning, match="quadrature did not converge to 1e-12 nats in 1 rows, worst row 0"):
        decompose(folded(0.1, 0.3), torch.tensor([[0.1]], dtype=torch.float64), tolerance=1e-12)


@pytest.fixture(scope="module")
def digits() -> np.ndarray:
    return load_digits().data[:600] / 16


@pytest.fixture(scope="module")
def fitted(digits: np.ndarray) -> vael.VAE:
    return vael.VAE(2, hidden=32, max_epochs=15, random_state=0, likelihood="bernoulli").fit(digits)


@pytest.fixture(scope="module")
def decomposed(fitted: vael.VAE, digits: np.ndarray) -> Decomposition:
    return decompose(fitted, digits[:25])


def test_a_trained_model_splits_its_gap(decomposed: Decomposition) -> None:
    d = decomposed
    assert np.abs(d.evidence - d.elbo - d.approximation_gap - d.amortisation_gap).max() < 1e-10
    assert d.amortisation_gap.min() >= 0
    assert d.approximation_gap.min() > -1e-3
    assert d.evidence_error.max() <= 1e-3
    assert d.elbo_error.max() <= 1e-3
    assert d.mean()["amortisation_gap"] > 0.01
    assert d.mean()["inference_gap"] == pytest.approx((d.evidence - d.elbo).mean())


def test_evidence_is_of_the_rows_that_are_scored(
    fitted: vael.VAE, digits: np.ndarray, decomposed: Decomposition
) -> None:
    """Greys are binarised as `score_samples` does, whose estimate of many samples is near."""
    scored = fitted.score_samples(digits[:25], n_samples=5_000)
    assert np.abs(decomposed.evidence - scored).max() < 0.3
    assert np.abs(decomposed.evidence - scored).mean() < 0.02


def test_elbo_is_the_mean_log_weight(fitted: vael.VAE, digits: np.ndarray, decomposed: Decomposition) -> None:
    x = torch.from_numpy(fitted.scored_rows(digits[:25]))
    with torch.no_grad():
        log_w = log_weights(fitted.model_, x, 4000, generator=torch.Generator().manual_seed(1)).log_w
    error = (log_w.std(0) / 4000**0.5).numpy()
    assert (np.abs(decomposed.elbo - log_w.mean(0).numpy()) < 5 * error + 1e-4).all()


def test_no_normal_nearby_is_better(fitted: vael.VAE, digits: np.ndarray, decomposed: Decomposition) -> None:
    """Of normals about the best, by quadrature on the grid of the posterior, none has a greater ELBO."""
    rng = np.random.default_rng(0)
    for row in range(5):
        grid = (decomposed.posterior or ())[row]

        def gap(mean: np.ndarray, deviation: np.ndarray, grid: Any = grid) -> float:
            standard = (grid.points - mean) / deviation
            log_q = -0.5 * (standard**2).sum(1) - np.log(deviation).sum() - np.log(2 * np.pi)
            mass = np.exp(log_q) * grid.cell
            return float(mass @ (log_q - grid.log_density.ravel()))

        mean, deviation = decomposed.best_q.mean[row], decomposed.best_q.standard_deviation[row]
        best = gap(mean, deviation)
        assert best == pytest.approx(decomposed.approximation_gap[row], abs=1e-3)
        for _ in range(20):
            step = rng.normal(size=2) * 0.1 * deviation
            assert gap(mean + step, deviation * np.exp(rng.normal(size=2) * 0.1)) > best - 1e-4


def test_twice_the_resolution_gives_the_same_evidence(
    fitted: vael.VAE, digits: np.ndarray, decomposed: Decomposition
) -> None:
    finer = decompose(fitted, digits[:25], tolerance=1e-5)
    assert np.abs(finer.evidence - decomposed.evidence).max() < 1e-4
    assert np.abs(finer.elbo - decomposed.elbo).max() < 1e-3


def test_units_are_those_of_the_scores(digits: np.ndarray) -> None:
    """Real values: the density is of the data as given, however they are scaled within."""
    rng = np.random.default_rng(0)
    X = 10 * rng.normal(size=(200, 2)) @ rng.normal(size=(2, 5)) + rng.normal(size=(200, 5))
    vae = vael.VAE(1, hidden=8, max_epochs=20, random_state=0).fit(X)
    found = decompose(vae, X[:10])
    assert found.posterior is not None
    assert found.posterior[0].log_density.ndim == 1
    assert np.abs(found.evidence - vae.score_samples(X[:10], n_samples=5_000)).max() < 0.1
    assert [g.log_evidence for g in found.posterior] == pytest.approx(found.evidence)
    assert vae.schema_.scaling.log_jacobian != 0


class Levels(nn.Module):
    def forward(self, z: Tensor) -> Tensor:
        return torch.cat([z.repeat(1, 2) / 3 + 0.5, torch.full((len(z), 4), -1.0).to(z)], -1)


def test_a_likelihood_that_is_no_matrix_product() -> None:
    encoder = Encoder(AtOneHill(2, 0.1), DiagonalNormalPosterior(2))
    decoder = Decoder(Levels(), DiscretisedLogistic(16))
    model = LatentVariableModel(StandardNormal(2).double(), encoder, decoder)
    x = torch.tensor([[3, 9, 4, 8], [15, 0, 12, 1]], dtype=torch.float64) / 15
    found = decompose(model, x)
    axis = torch.linspace(-8, 8, 201, dtype=torch.float64)
    z = torch.cartesian_prod(axis, axis)
    joint = model.decoder(z).log_prob(x.unsqueeze(1)) + model.prior().log_prob(z)
    assert np.allclose(found.evidence, joint.logsumexp(1) + 2 * np.log(0.08), atol=1e-6)


class MixturePrior(nn.Module):
    def forward(self) -> MixtureSameFamily:
        loc = torch.tensor([[-2.0, 0.0], [2.0, 1.0]], dtype=torch.float64)
        parts = Independent(Normal(loc, 0.5 * torch.ones_like(loc)), 1)
        return MixtureSameFamily(Categorical(torch.tensor([0.3, 0.7], dtype=torch.float64)), parts)


def test_any_prior_will_do(linear_gaussian: Any) -> None:
    """Under a mixture of normals a linear model's evidence is a mixture of its own."""
    exact_model = linear_gaussian.model()
    model = LatentVariableModel(MixturePrior(), exact_model.encoder, exact_model.decoder)
    x = linear_gaussian.sample(3)
    found = decompose(model, x)
    W, s2 = linear_gaussian.W, linear_gaussian.s2
    covariance = 0.25 * W @ W.mT + s2 * torch.eye(5, dtype=torch.float64)
    parts = [
        np.log(weight)
        + torch.distributions.MultivariateNormal(linear_gaussian.mu + W @ loc, covariance).log_prob(x)
        for weight, loc in zip((0.3, 0.7), torch.tensor([[-2.0, 0.0], [2.0, 1.0]]).double(), strict=True)
    ]
    assert np.allclose(found.evidence, torch.logaddexp(*parts), atol=1e-5)


@pytest.mark.parametrize("family", [DiagonalNormalPosterior, FullNormalPosterior, SharedScalePosterior])
def test_more_latents_are_split_by_sampling(family: Any) -> None:
    generator = torch.Generator().manual_seed(3)
    W = 0.5 * torch.randn(6, 4, generator=generator, dtype=torch.float64)
    model = linear_model(W, 0.5, family, 0)
    x = torch.randn(3, 6, generator=generator, dtype=torch.float64)
    found = decompose(model, x, n_samples=4000)
    evidence, mean, precision = exact(W, 0.5, x)
    assert found.posterior is None
    assert "4000 samples" in found.estimator
    assert (np.abs(found.evidence - evidence.numpy()) < 5 * found.evidence_error + 0.01).all()
    if family is FullNormalPosterior:
        best = torch.linalg.inv(precision).expand(3, -1, -1)
    elif family is DiagonalNormalPosterior:
        best = torch.diag(1 / precision.diagonal()).expand(3, -1, -1)
    else:
        best = torch.tensor(found.q.covariance)
    slack = 5 * np.hypot(found.elbo_error, found.evidence_error) + 0.01
    assert (np.abs(found.approximation_gap - kl(mean, best, mean, precision).numpy()) < slack).all()
    assert found.amortisation_gap.min() >= 0
    gap = kl(model.encoder(x).mean.detach(), torch.tensor(found.q.covariance), mean, precision)
    assert (np.abs(found.inference_gap - gap.numpy()) < slack).all()


def test_models_without_a_density_are_refused(digits: np.ndarray) -> None:
    autoencoder = vael.Autoencoder(2, hidden=8, max_epochs=1, random_state=0).fit(digits)
    with pytest.raises(InputError, match="no prior"):
        decompose(autoencoder, digits[:3])
    point = LatentVariableModel(
        StandardNormal(2), Encoder(Linear(3, 2), DeltaPosterior(2)), Decoder(Linear(2, 3), FixedGaussian())
    )
    with pytest.raises(InputError, match="point posterior"):
        decompose(point, torch.zeros(2, 3))
    with pytest.raises(InputError, match="got int"):
        decompose(3, digits[:3])


def test_rows_are_checked(digits: np.ndarray) -> None:
    model = LatentVariableModel(
        StandardNormal(2),
        Encoder(MLP(3, 4, (4,)), DiagonalNormalPosterior(2)),
        Decoder(Linear(2, 3), Bernoulli()),
    )
    with pytest.raises(InputError, match=r"0\.5 at row 1, column 2.*binarise"):
        decompose(model, torch.tensor([[0.0, 1, 1], [0, 1, 0.5]]))
    with pytest.raises(InputError, match="nan at row 0, column 1"):
        decompose(model, torch.tensor([[0.0, torch.nan, 1]]))
    with pytest.raises(InputError, match=r"shape \(n, features\), got \(3,\)"):
        decompose(model, torch.zeros(3))
    with pytest.raises(InputError, match="tolerance must be > 0"):
        decompose(model, torch.zeros(1, 3), tolerance=0.0)
    with pytest.raises(InputError, match="n_samples must be >= 2"):
        decompose(model, torch.zeros(1, 3), n_samples=1)


def test_rows_that_float32_cannot_settle_are_done_in_float64() -> None:
    """A million nats of likelihood: in float32 their hundredths are noise."""
    torch.manual_seed(0)
    decoder = Decoder(Linear(1, 400), FixedGaussian(0.004))
    encoder = Encoder(AtOneHill(1, 0.5), DiagonalNormalPosterior(1))
    model = LatentVariableModel(StandardNormal(1), encoder, decoder)
    with torch.no_grad():
        x = decoder.net(torch.tensor([[0.5], [0.6]])) + 0.3 * torch.randn(2, 400)
    found = decompose(model, x)
    W, s2 = decoder.net.output.weight.detach().double(), 0.004**2
    evidence, _, _ = exact(W, s2, x.double())
    assert np.abs(evidence.numpy()).min() > 5e5
    assert np.abs(found.evidence - evidence.numpy()).max() < 1e-3
    assert max(found.evidence_error.max(), found.elbo_error.max()) <= 1e-3
