"""One contract for every composition of prior, posterior and likelihood."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
import torch
import zuko
from torch import Tensor, nn

from vael import models
from vael.models import Decoder, Encoder, LatentVariableModel, StandardNormal, log_weights
from vael.nn import MLP
from vael.objectives import ELBO, IWELBO, Objective, Reconstruction

FEATURES, LATENT = 6, 2

PRIORS: dict[str, Callable[[], nn.Module]] = {
    "normal": lambda: StandardNormal(LATENT),
    "autoregressive flow": lambda: zuko.flows.MAF(LATENT, transforms=1, hidden_features=(6,)),
    "spline flow": lambda: zuko.flows.NSF(LATENT, transforms=1, hidden_features=(6,)),
    "mixture": lambda: zuko.flows.GMM(LATENT, components=2),
}
POSTERIORS: dict[str, Callable[[], nn.Module]] = {
    name: lambda family=family: Encoder(MLP(FEATURES, family(LATENT).outputs, (5,)), family(LATENT))
    for name, family in {
        "diagonal": models.DiagonalNormalPosterior,
        "shared": models.SharedScalePosterior,
        "full": models.FullNormalPosterior,
    }.items()
}
POSTERIORS["flow"] = lambda: zuko.flows.MAF(LATENT, context=FEATURES, transforms=1, hidden_features=(6,))
LIKELIHOODS: dict[str, Callable[[], models.Likelihood]] = {
    "bernoulli": models.Bernoulli,
    "continuous bernoulli": models.ContinuousBernoulli,
    "fixed gaussian": models.FixedGaussian,
    "shared gaussian": models.SharedGaussian,
    "feature gaussian": lambda: models.FeatureGaussian(FEATURES),
    "discretised logistic": lambda: models.DiscretisedLogistic(3),
    "categorical": lambda: models.Categorical(3),
}
EVERY = list(itertools.product(PRIORS, POSTERIORS, LIKELIHOODS))
OBJECTIVES: list[Objective] = [ELBO(), IWELBO(3), IWELBO(3, doubly_reparameterised=True)]


@pytest.fixture(params=EVERY, ids="-".join)
def composed(request) -> LatentVariableModel:
    prior, posterior, likelihood = request.param
    family = LIKELIHOODS[likelihood]()
    decoder = Decoder(MLP(LATENT, family.blocks * FEATURES, (5,)), family)
    return LatentVariableModel(PRIORS[prior](), POSTERIORS[posterior](), decoder)


def rows(n: int = 3) -> Tensor:
    """Values that every likelihood here takes: 0, 1/2 and 1."""
    return torch.randint(3, (n, FEATURES)) / 2


def weights(model: LatentVariableModel, x: Tensor, k: int = 4) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return log_weights(model, x, k, generator=generator, common_noise=True).log_w


def test_a_composition_keeps_the_contract(composed: LatentVariableModel) -> None:
    x = rows()
    log_w = weights(composed, x)
    assert log_w.shape == (4, 3)
    assert torch.isfinite(log_w).all()
    order = torch.tensor([2, 0, 1])
    torch.testing.assert_close(weights(composed, x[order]), log_w[:, order])
    torch.testing.assert_close(weights(composed, x[[1]]), log_w[:, [1]])
    assert composed.decoder(composed.prior().sample((2,))).mean.shape == (2, FEATURES)

    for objective in OBJECTIVES:
        composed.zero_grad()
        terms = objective(composed, x, generator=torch.Generator().manual_seed(2))
        terms.loss.backward()
        for name, parameter in composed.named_parameters():
            assert parameter.grad is not None, name
            assert torch.isfinite(parameter.grad).all(), name
            assert parameter.grad.abs().max() > 0, name

    double = composed.double()
    wide = weights(double, x.double())
    assert wide.dtype == torch.float64
    assert torch.isfinite(wide).all()
    terms = ELBO()(double, x.double(), generator=torch.Generator().manual_seed(2))
    assert terms.loss.dtype == torch.float64


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_an_autoencoder_of_every_likelihood_trains(likelihood: str) -> None:
    family = LIKELIHOODS[likelihood]()
    decoder = Decoder(MLP(LATENT, family.blocks * FEATURES, (5,)), family)
    encoder = Encoder(MLP(FEATURES, LATENT, (5,)), models.DeltaPosterior(LATENT))
    model = LatentVariableModel(None, encoder, decoder)
    x = rows()
    terms = Reconstruction()(model, x)
    torch.testing.assert_close(terms.bound, decoder(encoder.net(x)).log_prob(x).detach())
    terms.loss.backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name
