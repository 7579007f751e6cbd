"""Terms are per row and in nats: the mistakes of other libraries, each with its test."""

from __future__ import annotations

from dataclasses import fields

import pytest
import torch
import zuko
from torch import Tensor, nn
from torch.distributions import OneHotCategorical

from vael.errors import InputError
from vael.models import (
    Bernoulli,
    Decoder,
    DeltaPosterior,
    DiagonalNormalPosterior,
    Encoder,
    FixedGaussian,
    FullNormalPosterior,
    LatentVariableModel,
    StandardNormal,
    log_weights,
)
from vael.nn import MLP, Linear
from vael.objectives import ELBO, IWELBO, Objective, Reconstruction, Terms

OBJECTIVES: list[Objective] = [
    ELBO(),
    ELBO(beta=4.0, samples=3, free_bits=0.2, warm_up=0.5),
    IWELBO(k=5),
    IWELBO(k=5, doubly_reparameterised=True),
    Reconstruction(),
]


class Tiled(nn.Module):
    """Repeats the values of a row."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, x], dim=-1)


class FirstHalf(nn.Module):
    """Undoes `Tiled`."""

    def forward(self, x: Tensor) -> Tensor:
        return x[..., : x.shape[-1] // 2]


def model(posterior: str = "diagonal", prior: nn.Module | None = None) -> LatentVariableModel:
    families = {"diagonal": DiagonalNormalPosterior, "full": FullNormalPosterior}
    family = families[posterior](2)
    encoder = Encoder(MLP(6, family.outputs, (8,)), family)
    decoder = Decoder(MLP(2, 6, (8,)), Bernoulli(None))
    return LatentVariableModel(prior or StandardNormal(2), encoder, decoder).double()


def rows(n: int = 3) -> Tensor:
    return torch.rand(n, 6, dtype=torch.float64)


def run(objective: Objective, model: LatentVariableModel, x: Tensor, seed: int = 0) -> Terms:
    return objective(model, x, generator=torch.Generator().manual_seed(seed))


class SameNoise(nn.Module):
    """An encoder whose samples do not depend on the row's position: a point beside the mean."""

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, x: Tensor) -> object:
        law = self.encoder(x)
        law.noise = lambda shape, generator: torch.full(shape, 0.7, dtype=x.dtype)
        return law


@pytest.mark.parametrize("objective", OBJECTIVES, ids=repr)
def test_what_is_reported_has_no_gradient(objective: Objective) -> None:
    terms = run(objective, model(), rows())
    assert isinstance(objective, Objective)
    assert terms.loss.requires_grad
    assert terms.loss.shape == ()
    for field in fields(terms):
        value = getattr(terms, field.name)
        if field.name != "loss" and value is not None:
            assert not value.requires_grad
            assert value.shape[0] == 3


@pytest.mark.parametrize("objective", OBJECTIVES, ids=repr)
def test_a_duplicated_batch_changes_no_row_and_no_loss(objective: Objective) -> None:
    """A term summed over the batch beside one averaged over it would grow with the batch."""
    whole, x = model(), rows()
    whole.encoder = SameNoise(whole.encoder)
    once, twice = run(objective, whole, x), run(objective, whole, torch.cat([x, x]))
    torch.testing.assert_close(twice.loss, once.loss)
    for name in ("bound", "log_likelihood", "kl"):
        expected = getattr(once, name)
        torch.testing.assert_close(getattr(twice, name), torch.cat([expected, expected]))
    gradients = [torch.autograd.grad(t.loss, list(whole.decoder.parameters())) for t in (once, twice)]
    for first, second in zip(*gradients, strict=True):
        torch.testing.assert_close(first, second)


@pytest.mark.parametrize("objective", OBJECTIVES, ids=repr)
def test_a_batch_of_one_is_a_row_of_the_batch(objective: Objective) -> None:
    whole, x = model(), rows()
    whole.encoder = SameNoise(whole.encoder)
    together, alone = run(objective, whole, x), run(objective, whole, x[[1]])
    torch.testing.assert_close(alone.bound, together.bound[[1]])
    assert torch.isfinite(alone.loss)


@pytest.mark.parametrize("objective", [ELBO(), ELBO(beta=4.0), IWELBO(k=3), Reconstruction()], ids=repr)
@pytest.mark.parametrize("likelihood", [Bernoulli(None), FixedGaussian()], ids=["bernoulli", "gaussian"])
def test_a_tiled_image_doubles_the_reconstruction_and_keeps_the_kl(
    objective: Objective, likelihood: nn.Module
) -> None:
    """A mean over pixels would keep the reconstruction, and change beta with the resolution."""
    whole = model()
    whole.decoder.likelihood = likelihood
    encoder = Encoder(nn.Sequential(FirstHalf(), whole.encoder.net), whole.encoder.posterior)
    decoder = Decoder(nn.Sequential(whole.decoder.net, Tiled()), likelihood)
    large = LatentVariableModel(whole.prior, encoder, decoder)
    x = rows()
    small_terms, large_terms = run(objective, whole, x), run(objective, large, Tiled()(x))
    torch.testing.assert_close(large_terms.log_likelihood, 2 * small_terms.log_likelihood)
    torch.testing.assert_close(large_terms.kl, small_terms.kl)
    beta = objective.weight(1.0)
    if not isinstance(objective, IWELBO):
        loss = -2 * small_terms.log_likelihood.mean() + beta * small_terms.kl.mean()
        torch.testing.assert_close(large_terms.loss.detach(), loss)


def test_the_reconstruction_term_is_the_log_density() -> None:
    """No half is forgotten and no constant is dropped: SSE alone would be beta = 1/2."""
    whole, x = model(), rows()
    whole.decoder.likelihood = FixedGaussian()
    terms = run(Reconstruction(), whole, x)
    generator = torch.Generator().manual_seed(0)
    z = whole.encoder(x).draw((), generator)
    expected = torch.distributions.Normal(whole.decoder.net(z), 1.0).log_prob(x).sum(-1)
    torch.testing.assert_close(terms.log_likelihood, expected.detach())
    torch.testing.assert_close(terms.loss, -expected.mean())
    assert terms.kl.tolist() == [0, 0, 0]
    assert terms.kl_per_latent is None


def test_the_loss_is_the_negative_bound_and_the_terms_add_up() -> None:
    whole, x = model(), rows()
    terms = run(ELBO(samples=4), whole, x)
    torch.testing.assert_close(terms.bound, terms.log_likelihood - terms.kl)
    torch.testing.assert_close(terms.loss.detach(), -terms.bound.mean())
    assert terms.kl_per_latent is not None
    torch.testing.assert_close(terms.kl_per_latent.sum(-1), terms.kl)
    loc, log_scale = whole.encoder.net(x).detach().chunk(2, dim=-1)
    exact = (loc.square() + (2 * log_scale).exp() - 1) / 2 - log_scale
    torch.testing.assert_close(terms.kl_per_latent, exact)


def test_the_bound_reported_has_beta_one_whatever_the_loss_weighs() -> None:
    whole, x = model(), rows()
    plain = run(ELBO(), whole, x)
    for objective in (ELBO(beta=4.0), ELBO(beta=0.1), ELBO(free_bits=9.0)):
        terms = run(objective, whole, x)
        torch.testing.assert_close(terms.bound, plain.bound)
    weighed = run(ELBO(beta=4.0), whole, x).loss.detach()
    torch.testing.assert_close(weighed, 4 * plain.kl.mean() - plain.log_likelihood.mean())
    rising = ELBO(beta=2.0, warm_up=0.5)(whole, x, generator=torch.Generator().manual_seed(0), progress=0.25)
    torch.testing.assert_close(rising.bound, plain.bound)
    torch.testing.assert_close(rising.loss.detach(), plain.kl.mean() - plain.log_likelihood.mean())


def test_a_warm_up_cannot_outlast_training() -> None:
    objective = ELBO(beta=4.0, warm_up=1.0)
    assert [objective.weight(p) for p in (0.0, 0.25, 1.0)] == [0, 1, 4]
    short = ELBO(beta=4.0, warm_up=0.2)
    assert [short.weight(p) for p in (0.0, 0.1, 0.2, 0.6, 1.0)] == [0, 2, 4, 4, 4]
    assert ELBO(beta=4.0).weight(0.0) == 4
    with pytest.raises(InputError, match="part of training"):
        ELBO(warm_up=10)


def test_free_bits_charge_each_latent_its_free_nats() -> None:
    whole, x = model(), rows(50)
    plain = run(ELBO(), whole, x)
    assert plain.kl_per_latent is not None
    split = plain.kl_per_latent.mean(0)
    low, high = split.sort().values.tolist()
    free = (low + high) / 2  # one latent below, one above
    terms = run(ELBO(free_bits=free), whole, x)
    expected = free + high - float(plain.log_likelihood.mean())
    assert float(terms.loss.detach()) == pytest.approx(expected)
    all_free = run(ELBO(free_bits=high + 1), whole, x).loss
    only = torch.autograd.grad(all_free, list(whole.encoder.parameters()))
    reconstruction = run(Reconstruction(), whole, x).loss
    for found, other in zip(
        only, torch.autograd.grad(reconstruction, list(whole.encoder.parameters())), strict=True
    ):
        torch.testing.assert_close(found, other)


@pytest.mark.parametrize("posterior", ["diagonal", "full", "flow"])
@pytest.mark.parametrize("prior", ["normal", "flow"])
def test_the_elbo_has_the_mean_of_the_log_weights(posterior: str, prior: str) -> None:
    flow = zuko.flows.MAF(2, transforms=1, hidden_features=(8,)) if prior == "flow" else None
    whole = model("diagonal" if posterior == "flow" else posterior, flow)
    if posterior == "flow":
        whole.encoder = zuko.flows.MAF(2, context=6, transforms=1, hidden_features=(8,)).double()
    x, n = rows(), 4000
    with torch.no_grad():
        generator = torch.Generator().manual_seed(1)
        log_w = log_weights(whole, x, n, generator=generator).log_w
        terms = run(ELBO(samples=n), whole, x, seed=2)
        # The ELBO's spread is that of ln p(x|z) or more: of the weights' with a sampled KL.
        spread = log_weights(whole, x, n, generator=generator).log_likelihood.var(0) + log_w.var(0)
    error = ((log_w.var(0) + spread) / n).sqrt()
    assert ((terms.bound - log_w.mean(0)).abs() < 5 * error).all()
    assert (terms.kl_per_latent is None) == (posterior != "diagonal" or prior != "normal")
    assert (terms.kl > -0.05).all()


def test_refusals_say_what_to_do() -> None:
    whole, x = model("full"), rows()
    with pytest.raises(InputError, match="free_bits needs a KL that splits"):
        run(ELBO(free_bits=0.1), whole, x)
    point = Encoder(Linear(6, 2), DeltaPosterior(2)).double()
    with pytest.raises(InputError, match="point posterior has no density"):
        run(ELBO(), LatentVariableModel(whole.prior, point, whole.decoder), x)
    without = LatentVariableModel(None, whole.encoder, whole.decoder)
    for objective in (ELBO(), IWELBO()):
        with pytest.raises(InputError, match="needs a prior"):
            run(objective, without, x)
    autoencoder = LatentVariableModel(None, point, whole.decoder)
    assert torch.isfinite(run(Reconstruction(), autoencoder, x).loss)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"beta": -1.0}, "beta must be >= 0"),
        ({"beta": float("nan")}, "beta must be >= 0"),
        ({"samples": 0}, "samples must be >= 1, got 0"),
        ({"free_bits": -0.5}, "free_bits must be >= 0"),
        ({"warm_up": -0.1}, "part of training"),
    ],
)
def test_bad_settings_are_one_clear_error(settings: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        ELBO(**settings)
    with pytest.raises(InputError, match="k must be >= 1, got 0"):
        IWELBO(k=0)


class OneOfThree(nn.Module):
    """A law over three categories, of x or of nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.logits = nn.Linear(6, 3).double()

    def forward(self, x: Tensor | None = None) -> OneHotCategorical:
        logits = torch.zeros(3, dtype=torch.float64) if x is None else self.logits(x)
        return OneHotCategorical(logits=logits)


@pytest.mark.parametrize("objective", [ELBO(), IWELBO(3), IWELBO(3, doubly_reparameterised=True)])
def test_an_encoder_that_would_get_no_gradient_is_refused(objective: Objective) -> None:
    decoder = Decoder(MLP(3, 6, (8,)), Bernoulli(None)).double()
    whole, x = LatentVariableModel(OneOfThree(), OneOfThree(), decoder), rows()
    with pytest.raises(InputError, match="OneHotCategorical cannot be reparameterised"):
        run(objective, whole, x)
    with torch.no_grad():
        value = run(objective, whole, x).bound
    whole.encoder.requires_grad_(False)
    terms = run(objective, whole, x)
    torch.testing.assert_close(terms.bound, value)
    terms.loss.backward()
    assert all(p.grad is not None for p in decoder.parameters())
