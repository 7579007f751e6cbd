from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import zuko
from torch import Tensor, nn
from torch.distributions import Distribution, Independent, Normal, Poisson
from zuko.lazy import LazyDistribution

import vael
from vael import InputError, VaelWarning
from vael.evaluation.likelihood import ImportanceSampling, from_log_weights, log_likelihood
from vael.evaluation.likelihood.blocks import bytes_a_point
from vael.evaluation.likelihood.importance_sampling import sampled_log_weights
from vael.models import (
    Bernoulli,
    Categorical,
    ContinuousBernoulli,
    Decoder,
    DeltaPosterior,
    DiscretisedLogistic,
    Encoder,
    LatentVariableModel,
    StandardNormal,
)
from vael.nn import Linear


@pytest.mark.parametrize("k", [1, 3, 63, 64, 65, 130])
def test_the_exact_posterior_gives_the_evidence(linear_gaussian: Any, k: int) -> None:
    """All weights are p(x): any k, below, at and above the 64 that are drawn together, gives it to 1e-6."""
    x = linear_gaussian.sample(11)
    if k == 1:
        with pytest.warns(VaelWarning):
            found = log_likelihood(linear_gaussian.model(), x, ImportanceSampling(k))
    else:
        found = log_likelihood(linear_gaussian.model(), x, ImportanceSampling(k))
        np.testing.assert_allclose(found.standard_error, 0, atol=1e-6)
    np.testing.assert_allclose(found.estimate, linear_gaussian.log_evidence(x), rtol=0, atol=1e-6)
    np.testing.assert_allclose(found.effective_sample_size, k, rtol=1e-6)
    assert (found.samples, found.features) == (k, 5)


# Few samples are warned of, which test_statistics.py checks.
pytestmark = pytest.mark.filterwarnings("ignore:the estimates of:vael.VaelWarning")


@pytest.mark.parametrize("jackknife", [0, 1, 2])
def test_a_wide_posterior_is_off_by_its_standard_error(linear_gaussian: Any, jackknife: int) -> None:
    """Groups of 200 samples: how far their estimates spread is what each says of itself."""
    x = linear_gaussian.sample(1)
    model = linear_gaussian.model(widen=2.0)
    groups = sampled_log_weights(model, x, 200 * 100, 0).detach().numpy().reshape(100, 200).T
    found = from_log_weights(groups, jackknife=jackknife)
    off = found.estimate - linear_gaussian.log_evidence(x).item()
    assert off.std() == pytest.approx(found.standard_error.mean(), rel=0.3)
    assert abs(off.mean()) < 4 * off.std() / 10


def test_a_curved_model_comes_to_the_sum_over_a_grid(
    curved: Callable[..., LatentVariableModel], by_grid: Callable[..., np.ndarray], coins: Tensor
) -> None:
    for latent in (1, 2):
        found = log_likelihood(curved(latent), coins, ImportanceSampling(2000))
        truth = by_grid(curved(latent), coins, points=200)
        assert (np.abs(found.estimate - truth) < 4 * found.standard_error + 1e-4).all()
        assert found.standard_error.max() < 0.15


def test_the_weights_by_hand(linear_gaussian: Any) -> None:
    """ln p(x|z) + ln p(z) - ln q(z|x), of torch's own laws, with as many samples as no axis has."""
    x = linear_gaussian.sample(3)
    model = linear_gaussian.model(widen=1.5)
    found = log_likelihood(model, x, ImportanceSampling(7), random_state=9)
    generator = torch.Generator().manual_seed(9 * 1_000_003)
    noise = torch.randn(64, 1, 2, generator=generator, dtype=torch.float64)[:7]
    with torch.no_grad():
        q = model.encoder(x)
        z = q.loc + (q.scale_tril @ noise.unsqueeze(-1)).squeeze(-1)
        p = Independent(Normal(z @ linear_gaussian.W.mT + linear_gaussian.mu, 0.3**0.5), 1).log_prob(x)
        prior = Independent(Normal(torch.zeros(2, dtype=torch.float64), 1.0), 1).log_prob(z)
        log_w = p + prior - torch.distributions.MultivariateNormal(q.loc, scale_tril=q.scale_tril).log_prob(z)
    np.testing.assert_allclose(found.estimate, log_w.logsumexp(0) - math.log(7), rtol=1e-10)


@pytest.mark.parametrize("memory", [1, 40_000, 2**30])
def test_the_memory_does_not_change_the_answer(linear_gaussian: Any, memory: int) -> None:
    x = linear_gaussian.sample(70)
    model = linear_gaussian.model(widen=1.3)
    found = log_likelihood(model, x, ImportanceSampling(100), memory=memory)
    log_w = sampled_log_weights(model, x, 100, 0).detach()  # all rows at once
    whole = from_log_weights(log_w.numpy())
    for name in ("estimate", "standard_error", "effective_sample_size", "mean_sampling_error"):
        np.testing.assert_allclose(getattr(found, name), getattr(whole, name), rtol=1e-9)


def test_memory_is_counted_in_all_that_the_decoder_makes(curved: Callable[..., LatentVariableModel]) -> None:
    """Outputs of 8, 8 and 9, and four arrays of the 9 features, in float32."""
    assert bytes_a_point(curved(2), 9) == 4 * (8 + 8 + 9 + 4 * 9)


def test_rows_do_not_depend_on_those_beside_them(
    curved: Callable[..., LatentVariableModel], coins: Tensor
) -> None:
    model, method = curved(2), ImportanceSampling(100)
    whole = log_likelihood(model, coins, method).estimate
    alone = [log_likelihood(model, row.unsqueeze(0), method).estimate[0] for row in coins]
    np.testing.assert_array_equal(alone, whole)
    order = [3, 1, 5, 0, 2, 4]
    np.testing.assert_array_equal(log_likelihood(model, coins[order], method).estimate, whole[order])


def test_an_estimators_score_is_this_estimate() -> None:
    """One implementation: to the bit, with the Jacobian of the scaling."""
    X = np.random.default_rng(0).normal(size=(90, 4)) * [1, 10, 3, 0.1]
    vae = vael.VAE(2, hidden=8, max_epochs=5, random_state=4, device="cpu").fit(X)
    found = log_likelihood(vae, X, ImportanceSampling(70), random_state=vae.seed_)
    np.testing.assert_array_equal(found.estimate, vae.score_samples(X, n_samples=70))
    assert found.log_jacobian == vae.schema_.scaling.log_jacobian != 0
    assert found.of == "a density of the data as given"
    assert found.bits_per_dimension is None


def test_images_of_integers_are_said_to_be_scaled() -> None:
    X = np.random.default_rng(0).integers(0, 256, size=(40, 6)).astype(np.uint8)
    vae = vael.VAE(2, hidden=8, max_epochs=1, random_state=0, device="cpu").fit(X)
    assert log_likelihood(vae, X, ImportanceSampling(70)).of == "a density of the values divided by 255"


def test_greys_under_a_binary_law_are_coins_of_one_bit_each() -> None:
    """A decoder that says 1/2 everywhere gives every row 12 bits, whatever the greys."""
    X = np.random.default_rng(0).random((40, 12))
    vae = vael.VAE(2, hidden=4, likelihood="bernoulli", max_epochs=1, random_state=0, device="cpu").fit(X)
    with torch.no_grad():
        for parameter in vae.model_.parameters():
            parameter.zero_()
    found = log_likelihood(vae, X, ImportanceSampling(5))
    assert (found.discrete, found.of) == (True, "a probability of binary rows")
    np.testing.assert_allclose(found.bits_per_dimension, 1.0, rtol=1e-6)


def _with(likelihood: Any, features: int = 3) -> LatentVariableModel:
    decoder = Decoder(Linear(2, likelihood.blocks * features), likelihood)
    encoder = Encoder(Linear(features, 4), vael.models.DiagonalNormalPosterior(2))
    return LatentVariableModel(StandardNormal(2), encoder, decoder)


@pytest.mark.parametrize(
    ("likelihood", "bad", "said"),
    [
        (Bernoulli(), 0.5, "X holds 0.5 at row 1, column 2, but the model's likelihood is of coins"),
        (Bernoulli(None), 1.5, "X holds 1.5 at row 1, column 2, .* from 0 to 1 only"),
        (ContinuousBernoulli(), -0.1, "from 0 to 1 only: scale X"),
        (Categorical(5), 0.3, "knows k / 4 for whole k from 0 to 4 only"),
        (DiscretisedLogistic(256), 2.0, "knows k / 255 for whole k from 0 to 255 only"),
    ],
)
def test_rows_outside_the_support_are_refused(likelihood: Any, bad: float, said: str) -> None:
    x = torch.ones(2, 3)
    x[1, 2] = bad
    with pytest.raises(InputError, match=said):
        log_likelihood(_with(likelihood), x, ImportanceSampling(10))


@pytest.mark.parametrize(
    ("likelihood", "value", "discrete", "of"),
    [
        (Bernoulli(None), 1.0, True, "a probability of binary rows"),
        (Bernoulli(None), 0.5, False, "a cross-entropy at greys, which is not a likelihood"),
        (ContinuousBernoulli(), 0.5, False, "a density of the rows as given"),
        (Categorical(5), 0.25, True, "a probability of rows of 5 levels"),
        (DiscretisedLogistic(256), 7 / 255, True, "a probability of rows of 256 levels"),
    ],
)
def test_what_the_number_is_of(likelihood: Any, value: float, discrete: bool, of: str) -> None:
    found = log_likelihood(_with(likelihood), torch.full((2, 3), value), ImportanceSampling(500))
    assert (found.discrete, found.of) == (discrete, of)
    assert (found.bits_per_dimension is None) is not discrete


class Counts(LazyDistribution):
    """A decoder of torch's own discrete law."""

    def forward(self, c: Tensor | None = None) -> Distribution:
        assert c is not None
        return Independent(Poisson(torch.stack([c.sum(-1).exp(), c[..., 0].exp()], -1)), 1)


def test_a_law_of_torch_says_itself_whether_it_is_discrete() -> None:
    """z is one latent: two Poisson features, summed over a grid of z."""
    encoder = Encoder(Linear(2, 2), vael.models.DiagonalNormalPosterior(1))
    with torch.no_grad():
        for p in encoder.parameters():
            p.zero_()
    model = LatentVariableModel(StandardNormal(1), encoder, Counts())
    found = log_likelihood(model, torch.tensor([[2.0, 3.0]]), ImportanceSampling(6400))
    assert found.discrete
    z = torch.linspace(-9, 9, 4001, dtype=torch.float64).unsqueeze(1)
    log_joint = Normal(0.0, 1.0).log_prob(z[:, 0]) + Counts()(z).log_prob(torch.tensor([2.0, 3.0]))
    truth = log_joint.logsumexp(0).item() + math.log(18 / 4000)
    assert found.estimate[0] == pytest.approx(truth, abs=4 * found.standard_error[0])
    with pytest.raises(InputError, match="row 0 lies outside the support"):
        log_likelihood(model, torch.tensor([[2.0, -3.0]]), ImportanceSampling(10))


def test_a_flow_is_an_encoder_too(linear_gaussian: Any) -> None:
    """Rows of a law that is none of vael's are drawn one by one, each with the same noise."""
    x = linear_gaussian.sample(3).float()
    model = linear_gaussian.model().float()
    flow = zuko.flows.MAF(2, context=5, transforms=1, hidden_features=(4,))
    found = log_likelihood(LatentVariableModel(model.prior, flow, model.decoder), x, ImportanceSampling(1000))
    truth = linear_gaussian.log_evidence(x.double()).numpy()
    assert (np.abs(found.estimate - truth) < 5 * found.standard_error).all()


def test_models_without_an_evidence_are_refused(linear_gaussian: Any) -> None:
    model, x = linear_gaussian.model(), linear_gaussian.sample(2)
    method = ImportanceSampling(5)
    with pytest.raises(InputError, match="no prior, so it has no evidence"):
        log_likelihood(LatentVariableModel(None, model.encoder, model.decoder), x, method)
    point = Encoder(Linear(5, 2), DeltaPosterior(2)).double()
    with pytest.raises(InputError, match="point posterior has no density"):
        log_likelihood(LatentVariableModel(model.prior, point, model.decoder), x, method)
    net: nn.Module = Linear(2, 5).double()
    with pytest.raises(InputError, match="the decoder returns Tensor, which has no density"):
        log_likelihood(LatentVariableModel(model.prior, model.encoder, net), x, method)


def test_arguments_are_checked(linear_gaussian: Any) -> None:
    model, x = linear_gaussian.model(), linear_gaussian.sample(2)
    with pytest.raises(InputError, match="samples must be >= 1, got 0"):
        ImportanceSampling(0)
    with pytest.raises(InputError, match="jackknife of order 2 needs more than 2 samples, got 2"):
        ImportanceSampling(2, jackknife=2)
    with pytest.raises(InputError, match="memory must be >= 1 byte, got 0"):
        log_likelihood(model, x, ImportanceSampling(5), memory=0)
    with pytest.raises(InputError, match="random_state must be >= 0, got -1"):
        log_likelihood(model, x, ImportanceSampling(5), random_state=-1)
    with pytest.raises(InputError, match=r"rows have 4 features, but the decoder's law is over \(5,\)"):
        log_likelihood(model, x[:, :4], ImportanceSampling(5))
    with pytest.raises(InputError, match="nan at row 1, column 0"):
        log_likelihood(model, torch.tensor([[0.0] * 5, [torch.nan] * 5]), ImportanceSampling(5))


def test_the_noise_follows_from_the_random_state(linear_gaussian: Any) -> None:
    model, x, method = linear_gaussian.model(2.0), linear_gaussian.sample(2), ImportanceSampling(20)
    one, again, other = (log_likelihood(model, x, method, random_state=r).estimate for r in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert (one != other).all()
    rng = np.random.default_rng(0)
    first, second = (log_likelihood(model, x, method, random_state=rng).estimate for _ in range(2))
    assert (first != second).all()
    state = torch.get_rng_state()
    log_likelihood(model, x, method, random_state=None)
    assert torch.equal(torch.get_rng_state(), state)


def test_the_result_is_text_and_json(linear_gaussian: Any) -> None:
    found = log_likelihood(linear_gaussian.model(), linear_gaussian.sample(4), ImportanceSampling(50, 1))
    entry = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert entry["method"] == "importance sampling, 50 samples, jackknife of order 1"
    assert (entry["rows"], entry["samples"], entry["unit"]) == (4, 50, "nats a row")
    assert entry["mean"] == found.estimate.mean()
    assert entry["seconds"] > 0
    assert f"{found.mean:.3f}" in str(found)
    assert "50.0 of 50" in str(found)
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.samples = 3  # pyright: ignore[reportAttributeAccessIssue]


def test_bfloat16_rounds_weights_evenly() -> None:
    """The estimate stays within hundredths of a nat, far below its noise, and is no copy of float32's."""
    X = np.random.default_rng(0).random((40, 64)).round()
    vae = vael.VAE(4, hidden=(32,), max_epochs=3, random_state=0).fit(X)
    plain = log_likelihood(vae, X, ImportanceSampling(500), random_state=3)
    quick = log_likelihood(vae, X, ImportanceSampling(500, precision="bfloat16"), random_state=3)
    difference = quick.estimate - plain.estimate
    assert 1e-5 < np.abs(difference).max() < 0.1
    assert abs(difference.mean()) < 0.02
    assert "bfloat16" in quick.method
