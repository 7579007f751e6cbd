"""Immersions of decoders against their formulas, whatever kind the decoder is of."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest
import torch
import zuko
from torch import Tensor, nn
from torch import distributions as torch_laws
from torch.distributions import Distribution, Independent
from torch.func import grad, jacfwd, jacrev, jvp, vmap
from zuko.lazy import LazyDistribution

from vael.errors import InputError
from vael.geometry.decoders import (
    as_immersion,
    latent_dimension,
    modules_of,
    normal_moments,
    piecewise_linear,
    reference_tensor,
    scale_varies,
)
from vael.geometry.logit_maps import bernoulli_map, continuous_bernoulli_map
from vael.models import (
    Bernoulli,
    Categorical,
    ContinuousBernoulli,
    Decoder,
    DecoderEnsemble,
    DiagonalNormalPosterior,
    DiscretisedLogistic,
    Encoder,
    FeatureGaussian,
    FixedGaussian,
    LatentVariableModel,
    Likelihood,
    SharedGaussian,
    StandardNormal,
)
from vael.nn import MLP, ConvolutionalDecoder, GatedMLP, Head, Linear, Trunk

FEATURES = 6


@pytest.fixture(autouse=True)
def _double() -> Any:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def z(n: int = 5) -> Tensor:
    return torch.randn(n, 2)


class Normals(LazyDistribution):
    """A decoder of a user's own, whose scale depends on the latents or does not."""

    def __init__(self, *, varying: bool) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2 * FEATURES))
        self.varying = varying

    def forward(self, c: Tensor | None = None) -> Distribution:
        assert c is not None
        mu, raw = self.net(c).chunk(2, -1)
        return Independent(torch_laws.Normal(mu, raw.exp() if self.varying else 0 * raw + 0.5), 1)


LIKELIHOODS: dict[str, Likelihood] = {
    "bernoulli": Bernoulli(),
    "continuous": ContinuousBernoulli(),
    "fixed": FixedGaussian(0.3),
    "shared": SharedGaussian(),
    "feature": FeatureGaussian(FEATURES),
    "logistic": DiscretisedLogistic(8),
    "categorical": Categorical(3),
}


def decoder(name: str = "bernoulli") -> Decoder:
    likelihood = LIKELIHOODS[name].double()
    return Decoder(MLP(2, likelihood.blocks * FEATURES, (7,)), likelihood)


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_every_likelihood_s_formula(name: str) -> None:
    made, at = decoder(name), z()
    outputs = made.net(at)
    expected = {
        "bernoulli": lambda: 2 * outputs.sigmoid().sqrt().asin(),
        "continuous": lambda: continuous_bernoulli_map(outputs),
        "fixed": lambda: outputs / 0.3,
        "shared": lambda: outputs / made(at).stddev,
        "feature": lambda: outputs / made(at).stddev,
        "logistic": lambda: torch.cat(
            [outputs[:, :6], (7 * torch.tanh(outputs[:, 6:] / 7)).exp() * math.pi / math.sqrt(3)], -1
        ),
        "categorical": lambda: 2 * made(at).probabilities.sqrt().flatten(1),
    }[name]()
    torch.testing.assert_close(as_immersion(made)(at), expected)


def test_the_kinds_of_decoders_agree() -> None:
    made, at = decoder(), z()
    expected = bernoulli_map(made.net(at))
    encoder = Encoder(MLP(FEATURES, 4, (5,)), DiagonalNormalPosterior(2))
    model = LatentVariableModel(StandardNormal(2), encoder, made)
    for each in (made, model, made.forward, lambda z: made(z), lambda z: bernoulli_map(made.net(z))):
        torch.testing.assert_close(as_immersion(each)(at), expected, rtol=0, atol=0)
    torch.testing.assert_close(as_immersion(made.net)(at), made.net(at))
    torch.testing.assert_close(as_immersion([made])(at), expected)
    torch.testing.assert_close(as_immersion(lambda z: z[:, 0])(at), at[:, :1])
    images = as_immersion(lambda z: made.net(z).reshape(-1, 1, 2, 3))(at)
    torch.testing.assert_close(images, made.net(at))


def test_ensembles() -> None:
    members, at = [decoder() for _ in range(3)], z()
    expected = torch.cat([bernoulli_map(each.net(at)) for each in members], -1) / math.sqrt(3)
    ensemble = DecoderEnsemble([each.net for each in members], Bernoulli())
    assert ensemble.training
    torch.testing.assert_close(as_immersion(members)(at), expected)
    torch.testing.assert_close(as_immersion(tuple(members))(at), expected)
    torch.testing.assert_close(as_immersion(ensemble)(at), expected)
    metrics = [jacfwd(as_immersion(each))(at[:1])[0, :, 0] for each in members]
    J = jacfwd(as_immersion(ensemble))(at[:1])[0, :, 0]
    mean = sum(each.mT @ each for each in metrics) / 3
    torch.testing.assert_close(J.mT @ J, mean)


def test_an_uncertainty_is_appended() -> None:
    made, sigma, at = decoder(), nn.Sequential(nn.Linear(2, 4), nn.Dropout()), z()
    found = as_immersion(made, uncertainty=sigma)(at)
    torch.testing.assert_close(found, torch.cat([bernoulli_map(made.net(at)), sigma[0](at)], -1))
    assert latent_dimension(made) == 2


def test_whether_a_normal_s_scale_varies() -> None:
    at = z(8)
    for name in ("fixed", "shared", "feature"):
        assert not scale_varies(decoder(name), at)
        assert not as_immersion(decoder(name)).scale_varies(at)
    fixed, varying = Normals(varying=False), Normals(varying=True)
    assert not scale_varies(fixed, at)
    assert scale_varies(varying, at)
    assert scale_varies(lambda z: varying(z), at)
    assert as_immersion([fixed, varying]).scale_varies(at)
    torch.testing.assert_close(as_immersion(fixed)(at), fixed(at).mean / 0.5)
    law = varying(at)
    both = torch.cat([law.mean, law.stddev], -1)
    torch.testing.assert_close(as_immersion(varying)(at), both)
    torch.testing.assert_close(as_immersion(varying, metric="mean")(at), law.mean)
    with pytest.raises(InputError, match="normal_fisher_rao_chord"):
        as_immersion(varying, metric="fisher-rao")(at)
    mu, sigma = normal_moments(varying)(at)
    torch.testing.assert_close(torch.cat([mu, sigma], -1), both)
    made = decoder("feature")
    torch.testing.assert_close(normal_moments(made)(at)[1], made(at).stddev)


def test_a_normal_of_one_point_is_found_to_vary_too() -> None:
    """The probes decide, and not the points that are asked for."""
    varying = Normals(varying=True)
    assert as_immersion(varying)(z(1)).shape == (1, 2 * FEATURES)
    F, at = as_immersion(varying), z(1)
    J = vmap(lambda e: jvp(F, (at,), (e.expand(1, 2),))[1])(torch.eye(2))
    assert J.shape == (2, 1, 2 * FEATURES)


DIFFERENTIABLE = {
    **{name: (lambda name=name: decoder(name)) for name in LIKELIHOODS},
    "own normal": lambda: Normals(varying=True),
    "ensemble": lambda: DecoderEnsemble([decoder().net, decoder().net], Bernoulli()),
    "last layers": lambda: DecoderEnsemble(
        [Head(decoder().net) for _ in range(2)], Bernoulli(), Trunk(decoder().net)
    ),
    "list": lambda: [decoder("continuous"), Normals(varying=True)],
    "convolutional": lambda: Decoder(ConvolutionalDecoder(2, (8, 8), 1, (3,)), ContinuousBernoulli()),
    "gated": lambda: Decoder(GatedMLP(2, FEATURES, (5,)), Bernoulli()),
    "poisson": lambda: lambda z: Independent(torch_laws.Poisson(torch.cat([z, z.sin()], -1).exp()), 1),
    "one-hot": lambda: lambda z: torch_laws.OneHotCategorical(logits=torch.cat([z, z.sin()], -1)),
}


@pytest.mark.parametrize("kind", DIFFERENTIABLE)
def test_differentiable_by_nested_transforms(kind: str) -> None:
    F, at = as_immersion(DIFFERENTIABLE[kind]()), z(3)
    u, v = torch.randn(3, 2), torch.randn(3, 2)

    def along(f: Any, w: Tensor) -> Any:
        return lambda z: jvp(f, (z,), (w.expand_as(z),))[1]

    def full(f: Any) -> Tensor:
        return torch.stack([jacrev(lambda row: f(row.unsqueeze(0))[0])(row) for row in at])

    J = vmap(lambda e: along(F, e)(at), out_dims=-1)(torch.eye(2))
    torch.testing.assert_close(J, full(F))
    second = along(along(F, u), v)(at)
    H = torch.stack([jacrev(jacrev(lambda row: F(row.unsqueeze(0))[0]))(row) for row in at])
    torch.testing.assert_close(second, torch.einsum("naij,ni,nj->na", H, u, v))
    both = vmap(vmap(lambda e, f: along(along(F, e), f)(at), (None, 0)), (0, None))(*[torch.eye(2)] * 2)
    torch.testing.assert_close(both.movedim((0, 1), (-2, -1)), H)
    third = along(along(along(F, u), v), u)(at)
    step = 1e-4
    around = (along(along(F, u), v)(at + step * u) - along(along(F, u), v)(at - step * u)) / (2 * step)
    torch.testing.assert_close(third, around, rtol=1e-5, atol=1e-6)
    rows = vmap(lambda row: F(row.unsqueeze(0)).squeeze(0))(at)  # points themselves under vmap
    torch.testing.assert_close(rows, F(at))
    energy = grad(lambda z: F(z).square().sum())(at)
    torch.testing.assert_close(energy, 2 * torch.einsum("na,nai->ni", F(at), J))


def validates() -> bool:
    try:
        torch_laws.Normal(0.0, -1.0)
    except ValueError:
        return True
    return False


def test_evaluation_mode_and_back() -> None:
    norm, dropped = nn.BatchNorm1d(8), nn.Dropout(0.5)
    own = nn.Sequential(nn.Linear(2, 8), norm, nn.Dropout(0.5), dropped.eval(), nn.Linear(8, 3))
    before = [part.training for part in own.modules()]
    at = z(4)
    F, checked = as_immersion(own), validates()
    mean = copy.deepcopy(norm.running_mean)
    assert torch.equal(F(at), F(at))
    torch.testing.assert_close(F(at)[:2], F(at[:2]))
    torch.testing.assert_close(norm.running_mean, mean, rtol=0, atol=0)
    assert [part.training for part in own.modules()] == before
    with pytest.raises(RuntimeError):
        F(torch.randn(4, 3))
    assert [part.training for part in own.modules()] == before
    assert validates() == checked
    torch.testing.assert_close(F(at), own.eval()(at))


def test_parameters_carry_gradients_where_they_are_tracked() -> None:
    made = decoder()
    assert as_immersion(made)(z()).requires_grad
    with torch.no_grad():
        assert not as_immersion(made)(z()).requires_grad


def test_what_modules_tell() -> None:
    made = decoder()
    model = LatentVariableModel(StandardNormal(2), nn.Identity(), made)
    assert modules_of([made, lambda z: z, model]) == [made, made]
    assert modules_of(made.forward) == [made]
    assert reference_tensor(made) is next(made.parameters())
    assert reference_tensor(lambda z: z) is None
    shared = DecoderEnsemble([Head(made.net)] * 2, Bernoulli(), Trunk(made.net))
    for each, latent in (
        (made, 2),
        (model, 2),
        (shared, 2),
        (Decoder(ConvolutionalDecoder(3, (8, 8)), Bernoulli()), 3),
        (Decoder(Linear(4, 2), Bernoulli()), 4),
        (nn.Sequential(nn.Unflatten(1, (5, 1, 1)), nn.ConvTranspose2d(5, 2, 3)), 5),
        (LatentVariableModel(None, nn.Identity(), made), 2),
        (LatentVariableModel(zuko.flows.MAF(3, hidden_features=(4,)), nn.Identity(), nn.Identity()), 3),
        (zuko.flows.MAF(3, context=2, hidden_features=(4,)), None),
        (lambda z: z, None),
    ):
        assert latent_dimension(each) == latent


@pytest.mark.parametrize("name", ["relu", "leaky_relu"])
def test_piecewise_linear_activations_are_named(name: str) -> None:
    made = Decoder(MLP(2, 3, (4,), name), Bernoulli())
    assert piecewise_linear([decoder(), made]) == {"relu": "ReLU", "leaky_relu": "LeakyReLU"}[name]
    for smooth in ("silu", "tanh", "gelu", "elu", "softplus", "sigmoid"):
        assert piecewise_linear(MLP(2, 3, (4,), smooth)) is None
    assert piecewise_linear(nn.Sequential(nn.Linear(2, 2), nn.Hardtanh())) == "Hardtanh"
    assert piecewise_linear(torch.relu) is None


def test_doors() -> None:
    with pytest.raises(InputError, match="one decoder at least"):
        as_immersion([])
    with pytest.raises(InputError, match="a model, a module or a function of latents, got int"):
        as_immersion(3)
    with pytest.raises(InputError, match="metric must be one of"):
        as_immersion(decoder(), metric="riemann")
    with pytest.raises(InputError, match=r"maps \(n, latent\) to \(n, ...\), but this one makes \(\)"):
        as_immersion(lambda z: z.sum())(z())
    with pytest.raises(InputError, match="this one a str"):
        as_immersion(lambda z: "x")(z())
    with pytest.raises(InputError, match="need a decoder of normals, this one's is Bernoulli"):
        normal_moments(decoder())(z())
    with pytest.raises(InputError, match="of an ensemble has no closed form"):
        normal_moments([decoder("fixed")] * 2)
