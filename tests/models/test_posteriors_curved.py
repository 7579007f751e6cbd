"""Models on curved spaces: the contract, and evidences that are known exactly."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from vael.distributions import PoincareBall, Sphere
from vael.distributions.tilting import tilted
from vael.errors import InputError
from vael.models import (
    Decoder,
    Encoder,
    FixedGaussian,
    LatentVariableModel,
    Posterior,
    PowerSphericalPosterior,
    UniformSphere,
    VonMisesFisherPosterior,
    WrappedNormalPosterior,
    WrappedNormalPrior,
    log_weights,
)
from vael.nn import MLP
from vael.objectives import ELBO, IWELBO, Objective

FEATURES = 6
MODELS: dict[str, tuple[type[Posterior], Callable[[int], nn.Module], int]] = {
    "von Mises-Fisher, S^1": (VonMisesFisherPosterior, UniformSphere, 1),
    "von Mises-Fisher, S^2": (VonMisesFisherPosterior, UniformSphere, 2),
    "von Mises-Fisher, S^4": (VonMisesFisherPosterior, UniformSphere, 4),
    "power spherical, S^2": (PowerSphericalPosterior, UniformSphere, 2),
    "power spherical, S^4": (PowerSphericalPosterior, UniformSphere, 4),
    "wrapped normal, 1": (WrappedNormalPosterior, WrappedNormalPrior, 1),
    "wrapped normal, 3": (WrappedNormalPosterior, WrappedNormalPrior, 3),
}
OBJECTIVES: list[Objective] = [
    ELBO(),
    ELBO(samples=3),
    IWELBO(3),
    IWELBO(3, doubly_reparameterised=True),
    IWELBO(6, resampled=2),
]


@pytest.fixture(params=MODELS.values(), ids=MODELS.keys())
def model(request: pytest.FixtureRequest) -> LatentVariableModel:
    family, prior, dim = request.param
    law = prior(dim)
    encoder = Encoder(MLP(FEATURES, family(dim).outputs, (5,)), family(dim))
    return LatentVariableModel(law, encoder, Decoder(MLP(len(law.zeros), FEATURES, (5,)), FixedGaussian()))


def weights(model: LatentVariableModel, x: Tensor, k: int = 4) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return log_weights(model, x, k, generator=generator, common_noise=True).log_w


def test_the_contract(model: LatentVariableModel) -> None:
    x = torch.randn(3, FEATURES)
    log_w = weights(model, x)
    assert log_w.shape == (4, 3)
    order = torch.tensor([2, 0, 1])
    torch.testing.assert_close(weights(model, x[order]), log_w[:, order])
    torch.testing.assert_close(weights(model, x[[1]]), log_w[:, [1]])
    wide = weights(model.double(), x.double())
    assert wide.dtype == torch.float64
    model.float()
    for objective in OBJECTIVES:
        model.zero_grad()
        objective(model, x, generator=torch.Generator().manual_seed(2)).loss.backward()
        for name, parameter in model.named_parameters():
            assert parameter.grad is not None, name
            assert torch.isfinite(parameter.grad).all(), name
            assert parameter.grad.abs().max() > 0, name


def test_the_bound_is_the_mean_of_the_weights(model: LatentVariableModel) -> None:
    x = torch.randn(3, FEATURES)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        log_w = log_weights(model, x, 20000, generator=generator).log_w
        bound = ELBO(samples=20000)(model, x, generator=generator).bound
    error = log_w.std(0) * (2 / 20000) ** 0.5
    assert ((bound - log_w.mean(0)).abs() < 5 * error).all()


class Observed(nn.Module):
    """The exact posterior of a linear decoder of orthonormal columns over the sphere."""

    def __init__(self, weight: Tensor, s2: float) -> None:
        super().__init__()
        self.weight, self.s2 = weight, s2

    def forward(self, x: Tensor) -> Tensor:
        seen = x @ self.weight / self.s2
        return torch.cat([seen, seen.norm(dim=-1, keepdim=True).log()], dim=-1)


@pytest.mark.parametrize("dim", [1, 2, 5, 300])
def test_the_evidence_of_a_linear_decoder_on_the_sphere(dim: int) -> None:
    r"""p(x|z) = N(W z, s2 I), W^T W = I: the posterior is von Mises-Fisher with kappa = |W^T x| / s2, and
    ln p(x) = ln N(x; 0, s2 I) - 1 / (2 s2) + ln M(kappa). Both objectives give it without any noise."""
    features, s2, p = 2 * dim + 3, 0.05, dim + 1
    generator = torch.Generator().manual_seed(0)
    weight = torch.linalg.qr(torch.randn(features, p, generator=generator, dtype=torch.float64))[0]
    z = Sphere(dim).project(torch.randn(4, p, generator=generator, dtype=torch.float64))
    x = z @ weight.T + s2**0.5 * torch.randn(4, features, generator=generator, dtype=torch.float64)
    net = nn.Linear(p, features, bias=False).double()
    with torch.no_grad():
        net.weight.copy_(weight)
    model = LatentVariableModel(
        UniformSphere(dim).double(),
        Encoder(Observed(weight, s2), VonMisesFisherPosterior(dim)),
        Decoder(net, FixedGaussian(s2**0.5)).double(),
    )
    kappa = (x @ weight).norm(dim=-1) / s2
    normal = -0.5 * x.square().sum(-1) / s2 - 0.5 * features * math.log(2 * math.pi * s2)
    expected = normal - 0.5 / s2 + kappa - tilted(p, kappa).gap
    log_w = log_weights(model, x, 5, generator=generator).log_w
    torch.testing.assert_close(log_w, expected.expand(5, 4), rtol=1e-9, atol=1e-9)
    bound = ELBO(samples=20000 if dim < 10 else 4000)(model, x, generator=generator)
    error = 5 * bound.log_likelihood.abs().mean() / 4000**0.5
    torch.testing.assert_close(bound.bound, expected, atol=float(error) * 0.2, rtol=0)


class Straight(nn.Module):
    """Decodes the ball of one dimension by its arc length, along which it is flat."""

    def forward(self, z: Tensor) -> Tensor:
        return 2 * torch.atanh(z)


def test_one_hyperbolic_dimension_is_flat() -> None:
    """x = 2 artanh z + noise of scale s: ln p(x) = ln N(x; 0, c + s^2), and q is normal in arc length."""
    c, s = 1.7, 0.4
    width = (1 / (1 / c + 1 / s**2)) ** 0.5
    encoder = nn.Linear(1, 2).double()
    with torch.no_grad():
        encoder.weight.copy_(torch.tensor([[c / (c + s**2)], [0.0]]))
        encoder.bias.copy_(torch.tensor([0.0, math.log(width)]))
    model = LatentVariableModel(
        WrappedNormalPrior(1, curvature=c).double(),
        Encoder(encoder, WrappedNormalPosterior(1)),
        Decoder(Straight(), FixedGaussian(s)).double(),
    )
    x = torch.tensor([[-2.0], [0.1], [3.0]], dtype=torch.float64)
    log_w = log_weights(model, x, 6, generator=torch.Generator().manual_seed(0)).log_w
    expected = torch.distributions.Normal(0.0, (c + s**2) ** 0.5).log_prob(x.squeeze(-1))
    torch.testing.assert_close(log_w, expected.expand(6, 3), rtol=1e-6, atol=1e-6)


def test_the_prior_draws_at_its_curvature(generator: torch.Generator) -> None:
    """On the ball of radius 1 distances are sqrt(c) times those of the space of curvature -c."""
    prior = WrappedNormalPrior(3, curvature=0.25).double()
    assert prior.curvature == pytest.approx(-0.25)
    z = prior().draw((20000,), generator).detach()
    far = PoincareBall(3).distance(torch.zeros(3).double(), z) / 0.5
    assert float(far.square().mean()) == pytest.approx(3, abs=0.1)
    assert WrappedNormalPrior(8).curvature == pytest.approx(-0.25)
    assert not WrappedNormalPrior(8, learn=False).log_curvature.requires_grad


@pytest.mark.parametrize("make", [UniformSphere, WrappedNormalPrior, VonMisesFisherPosterior])
def test_a_dimension_is_positive(make: Callable[[int], nn.Module]) -> None:
    with pytest.raises(InputError, match="latent dimension must be >= 1"):
        make(0)


def test_a_curvature_is_positive() -> None:
    with pytest.raises(InputError, match="c > 0"):
        WrappedNormalPrior(2, curvature=-1.0)
