"""Importance weights against models whose evidence is known exactly."""

from __future__ import annotations

import pytest
import torch
import zuko
from torch import Tensor, nn
from torch.distributions import Distribution, Independent, Normal
from zuko.lazy import LazyDistribution

from vael.distributions import DiagonalNormal
from vael.errors import InputError
from vael.models import (
    Decoder,
    DeltaPosterior,
    DiagonalNormalPosterior,
    Encoder,
    FixedGaussian,
    LatentVariableModel,
    StandardNormal,
    log_weights,
)
from vael.nn import MLP, Linear


class Own(LazyDistribution):
    """A user's encoder: a normal of torch's."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, c: Tensor | None = None) -> Distribution:
        loc, log_scale = self.net(c).chunk(2, dim=-1)
        return Independent(Normal(loc, log_scale.exp()), 1)


ENCODERS = {
    "law": lambda: Encoder(MLP(5, 4, (6,)), DiagonalNormalPosterior(2)),
    "torch": lambda: Own(MLP(5, 4, (6,))),
    "flow": lambda: zuko.flows.MAF(2, context=5, transforms=1, hidden_features=(6,)),
}


def model(encoder: str, prior: nn.Module | None = None) -> LatentVariableModel:
    decoder = Decoder(MLP(2, 5, (6,)), FixedGaussian(0.5))
    return LatentVariableModel(prior or StandardNormal(2), ENCODERS[encoder](), decoder).double()


def rows(n: int = 3) -> Tensor:
    return torch.randn(n, 5, dtype=torch.float64)


def test_the_exact_posterior_s_weights_do_not_vary(linear_gaussian, generator) -> None:
    x = linear_gaussian.sample(3)
    sampled = log_weights(linear_gaussian.model(), x, 4, generator=generator)
    expected = linear_gaussian.log_evidence(x).expand(4, 3)
    torch.testing.assert_close(sampled.log_w, expected, rtol=0, atol=1e-10)
    assert sampled.z.std(0).min() > 0.01


def test_weights_average_to_the_evidence(linear_gaussian, generator) -> None:
    x = linear_gaussian.sample(3)
    sampled = log_weights(linear_gaussian.model(widen=1.4), x, 20000, generator=generator)
    ratio = (sampled.log_w - linear_gaussian.log_evidence(x)).exp()
    assert (ratio.std(0) > 0.1).all()
    assert ((ratio.mean(0) - 1).abs() < 5 * ratio.std(0) / 20000**0.5).all()


@pytest.mark.parametrize("prior", ["normal", "flow", "mixture"])
def test_weights_average_to_the_integral_over_a_grid(prior: str, generator) -> None:
    priors = {
        "normal": StandardNormal(2),
        "flow": zuko.flows.NSF(2, transforms=1, hidden_features=(8,)),
        "mixture": zuko.flows.GMM(2, components=3),
    }
    whole = model("law", priors[prior])
    x = rows()
    with torch.no_grad():
        side = torch.linspace(-7, 7, 351, dtype=torch.float64)
        grid = torch.cartesian_prod(side, side)
        joint = whole.decoder(grid.unsqueeze(1)).log_prob(x) + whole.prior().log_prob(grid)[:, None]
        exact = joint.logsumexp(0) + 2 * (side[1] - side[0]).log()
        ratio = (log_weights(whole, x, 20000, generator=generator).log_w - exact).exp()
    assert ((ratio.mean(0) - 1).abs() < 5 * ratio.std(0) / 20000**0.5).all()


def test_a_weight_is_its_three_parts(generator) -> None:
    whole = model("law")
    x = rows()
    sampled = log_weights(whole, x, 4, generator=generator)
    assert sampled.log_w.shape == (4, 3)
    z, i, j = sampled.z, 3, 1
    log_q = DiagonalNormal(*whole.encoder.net(x[[j]]).chunk(2, -1)).log_prob(z[i, j])
    log_x = whole.decoder(z[i, j]).log_prob(x[j])
    log_z = whole.prior().log_prob(z[i, j])
    torch.testing.assert_close(sampled.log_w[i, j], (log_x + log_z - log_q).squeeze())
    torch.testing.assert_close(sampled.log_likelihood[i, j], log_x)


@pytest.mark.parametrize("encoder", ENCODERS)
def test_common_noise_makes_a_row_blind_to_its_neighbours(encoder: str) -> None:
    whole = model(encoder)
    x = rows(4)

    def weights(rows: Tensor, common: bool = True) -> Tensor:
        generator = torch.Generator().manual_seed(2)
        return log_weights(whole, rows, 3, generator=generator, common_noise=common).log_w

    together = weights(x)
    for i in range(4):
        torch.testing.assert_close(weights(x[[i]])[:, 0], together[:, i], rtol=0, atol=1e-12)
    order = torch.tensor([2, 0, 3, 1])
    torch.testing.assert_close(weights(x[order]), together[:, order], rtol=0, atol=1e-12)
    assert (together[0] - together[1]).abs().min() > 1e-6
    assert (weights(x, common=False)[:, 1:] - together[:, 1:]).abs().min() > 1e-6


def test_common_noise_without_a_generator_is_new_each_time() -> None:
    whole, x = model("flow"), rows(2)
    first, second = (log_weights(whole, x, 2, common_noise=True).log_w for _ in range(2))
    assert (first - second).abs().min() > 1e-9


@pytest.mark.parametrize("encoder", ENCODERS)
def test_stopping_the_posterior_leaves_the_path_through_the_samples(encoder: str) -> None:
    """d ln q(z(phi) | phi) = (dq/dz) dz/dphi + dq/dphi: the stopped one lacks the second term."""
    whole, x = model(encoder), rows()
    parameters = list(whole.encoder.parameters())

    def gradient(stop: bool) -> tuple[Tensor, list[Tensor]]:
        generator = torch.Generator().manual_seed(4)
        sampled = log_weights(whole, x, 2, generator=generator, stop_posterior=stop)
        return sampled.log_w, list(torch.autograd.grad(sampled.log_w.sum(), parameters))

    def explicit() -> list[Tensor]:
        generator = torch.Generator().manual_seed(4)
        z = log_weights(whole, x, 2, generator=generator).z
        return list(torch.autograd.grad(whole.encoder(x).log_prob(z.detach()).sum(), parameters))

    (log_w, full), (stopped_w, stopped) = gradient(False), gradient(True)
    torch.testing.assert_close(log_w, stopped_w)
    for everything, path, rest in zip(full, stopped, explicit(), strict=True):
        torch.testing.assert_close(everything, path - rest)
    assert any(rest.abs().max() > 1e-3 for rest in explicit())


def test_without_gradients_the_stopped_posterior_is_the_same(generator) -> None:
    whole, x = model("flow"), rows()
    with torch.inference_mode():
        found = log_weights(whole, x, 2, generator=generator, stop_posterior=True).log_w
    again = log_weights(whole, x, 2, generator=torch.Generator().manual_seed(7)).log_w
    torch.testing.assert_close(found.clone(), again.detach())


def test_models_without_evidence_say_so(linear_gaussian) -> None:
    whole, x = linear_gaussian.model(), linear_gaussian.sample(2)
    with pytest.raises(InputError, match="k must be >= 1, got 0"):
        log_weights(whole, x, 0)
    with pytest.raises(InputError, match="no prior"):
        log_weights(LatentVariableModel(None, whole.encoder, whole.decoder), x, 2)
    point = Encoder(Linear(5, 2), DeltaPosterior(2)).double()
    with pytest.raises(InputError, match="a point posterior has no density"):
        log_weights(LatentVariableModel(whole.prior, point, whole.decoder), x, 2)


@pytest.mark.parametrize(("k", "n"), [(7, 200), (3, 1000), (1030, 1)])
def test_tiles_change_no_weight(k: int, n: int, generator) -> None:
    """Without gradients rows are decoded some at a time."""
    whole, x = model("law"), rows(n)
    with torch.no_grad():
        tiled = log_weights(whole, x, k, generator=generator)
    together = log_weights(whole, x, k, generator=torch.Generator().manual_seed(7))
    torch.testing.assert_close(tiled.log_w, together.log_w.detach(), rtol=0, atol=1e-12)
    torch.testing.assert_close(tiled.log_likelihood, together.log_likelihood.detach(), rtol=0, atol=1e-12)
