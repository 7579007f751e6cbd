"""Priors, posteriors and likelihoods: what a network's outputs mean."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import MultivariateNormal, Normal

from vael.errors import InputError
from vael.models import (
    Bernoulli,
    Categorical,
    ContinuousBernoulli,
    DeltaPosterior,
    DiagonalNormalPosterior,
    DiscretisedLogistic,
    FeatureGaussian,
    FixedGaussian,
    FullNormalPosterior,
    Likelihood,
    SharedGaussian,
    SharedScalePosterior,
    StandardNormal,
)

MEAN = torch.tensor([0.001, 0.02, 0.3, 0.5, 0.50001, 0.77, 0.999])


def test_the_prior_is_torch_s_standard_normal() -> None:
    z = torch.randn(5, 3)
    law = StandardNormal(3)()
    assert (law.batch_shape, law.event_shape) == ((), (3,))
    torch.testing.assert_close(law.log_prob(z), Normal(0.0, 1.0).log_prob(z).sum(-1))
    assert StandardNormal(3).state_dict() == {}


def test_diagonal_posterior_reads_means_then_log_scales() -> None:
    law = DiagonalNormalPosterior(2)(torch.tensor([[1.0, 2.0, math.log(3), math.log(4)]]))
    assert law.mean.tolist() == [[1, 2]]
    torch.testing.assert_close(law.variance, torch.tensor([[9.0, 16.0]]))


def test_shared_scale_is_the_same_for_every_row() -> None:
    posterior = SharedScalePosterior(2)
    with torch.no_grad():
        posterior.log_scale.copy_(torch.tensor([0.0, math.log(2)]))
    law = posterior(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    assert law.mean.tolist() == [[1, 2], [3, 4]]
    torch.testing.assert_close(law.variance, torch.tensor([[1.0, 4.0]] * 2))


@pytest.mark.parametrize("latent", [1, 2, 4])
def test_full_posterior_is_torch_s_multivariate_normal(latent: int) -> None:
    posterior = FullNormalPosterior(latent)
    assert posterior.outputs == latent + latent * (latent + 1) // 2
    parameters = torch.randn(3, posterior.outputs, dtype=torch.float64)
    tril = torch.zeros(3, latent, latent, dtype=torch.float64)
    values = iter(range(2 * latent, posterior.outputs))
    for i in range(latent):
        tril[:, i, i] = parameters[:, latent + i].exp()
        for j in range(i):
            tril[:, i, j] = parameters[:, next(values)]
    z = torch.randn(3, latent, dtype=torch.float64)
    expected = MultivariateNormal(parameters[:, :latent], scale_tril=tril).log_prob(z)
    torch.testing.assert_close(posterior(parameters).log_prob(z), expected)


def test_the_point_posterior_is_its_point() -> None:
    parameters = torch.randn(3, 2)
    assert torch.equal(DeltaPosterior(2)(parameters).sample(), parameters)


@pytest.mark.parametrize("family", [StandardNormal, DiagonalNormalPosterior, FullNormalPosterior])
def test_no_latents_are_refused(family: type) -> None:
    with pytest.raises(InputError, match="latent dimension must be >= 1, got 0"):
        family(0)


@pytest.mark.parametrize(
    "likelihood",
    [
        Bernoulli(),
        ContinuousBernoulli(),
        FixedGaussian(0.1),
        SharedGaussian(),
        FeatureGaussian(7),
        DiscretisedLogistic(256),
        Categorical(2),
        Categorical(16),
    ],
    ids=lambda v: type(v).__name__,
)
def test_start_gives_a_law_of_that_mean(likelihood: Likelihood) -> None:
    outputs = likelihood.start(MEAN)
    assert outputs.shape == (likelihood.blocks * 7,)
    assert outputs.dtype == MEAN.dtype
    law = likelihood(outputs)
    torch.testing.assert_close(law.mean, MEAN, atol=2e-6, rtol=1e-4)
    assert torch.isfinite(likelihood.start(torch.tensor([0.0, 1.0] * 3 + [0.5]))).all()


def test_a_perfect_grey_is_not_punished() -> None:
    """Cross-entropy charges 0.611 nats for 0.3 given back as 0.3; this density pays for it."""
    grey = torch.tensor([0.3])
    likelihood = ContinuousBernoulli()
    assert float(likelihood(likelihood.start(grey)).log_prob(grey)) > 0
    assert float(Bernoulli(None)(grey.logit()).log_prob(grey)) == pytest.approx(-0.611, abs=1e-3)


def test_gaussian_of_scale_one_is_the_normal_s_log_density_summed() -> None:
    """The half is not forgotten, nor the constant, and no mean is taken over pixels."""
    x, loc = torch.randn(4, 9, dtype=torch.float64), torch.randn(4, 9, dtype=torch.float64)
    expected = Normal(loc, 1.0).log_prob(x).sum(-1)
    torch.testing.assert_close(FixedGaussian()(loc).log_prob(x), expected)
    expected = Normal(loc, 0.3).log_prob(x).sum(-1)
    torch.testing.assert_close(FixedGaussian(0.3)(loc).log_prob(x), expected)


@pytest.mark.parametrize("likelihood", [SharedGaussian(), FeatureGaussian(3)])
def test_a_learned_scale_has_a_floor(likelihood: nn.Module) -> None:
    loc = torch.zeros(2, 3)
    (raw,) = likelihood.parameters()
    torch.testing.assert_close(likelihood(loc).stddev, torch.full((2, 3), 1.001))
    with torch.no_grad():
        raw.fill_(-50.0)
    law = likelihood(loc)
    torch.testing.assert_close(law.stddev, torch.full((2, 3), 1e-3))
    law.log_prob(loc).sum().backward()
    assert raw.grad is not None
    assert torch.isfinite(raw.grad).all()
    with torch.no_grad():
        raw.fill_(3.0)
    torch.testing.assert_close(likelihood(loc).stddev, torch.full((2, 3), math.exp(3) + 1e-3))


def test_each_feature_has_its_own_scale() -> None:
    likelihood = FeatureGaussian(2)
    with torch.no_grad():
        likelihood.raw_log_scale.copy_(torch.tensor([0.0, 1.0]))
    x, loc = torch.randn(5, 2), torch.randn(5, 2)
    scale = torch.tensor([1.001, math.e + 1e-3])
    torch.testing.assert_close(likelihood(loc).log_prob(x), Normal(loc, scale).log_prob(x).sum(-1))


def test_blocks_hold_one_parameter_of_every_feature() -> None:
    law = DiscretisedLogistic(8)(torch.tensor([0.1, 0.2, 0.3, -1.0, -2.0, -3.0]))
    assert law.loc.tolist() == pytest.approx([0.1, 0.2, 0.3])
    bounded = [7 * math.tanh(v / 7) for v in (-1, -2, -3)]
    assert law.log_scale.tolist() == pytest.approx(bounded)
    categorical = Categorical(2)(torch.tensor([0.0, 0.0, 0.0, 1.0, 2.0, 3.0]))
    torch.testing.assert_close(categorical.mean, torch.tensor([1.0, 2.0, 3.0]).sigmoid())


def binary(x: Tensor) -> bool:
    return bool(((x == 0) | (x == 1)).all())


def test_binarisation_is_dynamic_static_or_absent(generator: torch.Generator) -> None:
    x = torch.rand(200, 50)
    dynamic, static, none = Bernoulli("dynamic"), Bernoulli("static"), Bernoulli(None)
    assert Bernoulli().binarise == "dynamic"
    first, second = (dynamic.observe(x, generator) for _ in range(2))
    assert binary(first)
    assert not torch.equal(first, second)
    assert torch.equal(static.observe(x, generator), x)
    assert torch.equal(none.observe(x, generator), x)
    assert torch.equal(none.prepare(x, generator), x)
    assert (dynamic.prepares_training, static.prepares_training, none.prepares_training) == (
        False,
        True,
        False,
    )
    for likelihood in (dynamic, static):
        once, again = (likelihood.prepare(x, torch.Generator().manual_seed(1)) for _ in range(2))
        assert binary(once)
        assert torch.equal(once, again)
        error = (x * (1 - x)).sum().sqrt()
        assert abs(float((once - x).sum())) < 5 * error


def test_other_likelihoods_leave_the_data_alone(generator: torch.Generator) -> None:
    x = torch.rand(3, 4)
    for likelihood in (ContinuousBernoulli(), SharedGaussian(), Categorical(3)):
        assert likelihood.observe(x, generator) is x
        assert likelihood.prepare(x, generator) is x
        assert not likelihood.prepares_training


def test_bad_settings_are_one_clear_error() -> None:
    with pytest.raises(InputError, match="levels must be >= 2, got 1"):
        Categorical(1)
    with pytest.raises(InputError, match="levels must be >= 2, got 1"):
        DiscretisedLogistic(1)
    for scale in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(InputError, match="scale must be > 0"):
            FixedGaussian(scale)
    with pytest.raises(InputError, match="binarise must be 'dynamic', 'static' or None"):
        Bernoulli("always")
