from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import pytest
import torch
import zuko
from scipy.special import logsumexp
from torch import Tensor
from torch.distributions import Distribution, MixtureSameFamily, MultivariateNormal
from zuko.lazy import LazyDistribution

from vael import InputError, VaelWarning
from vael.evaluation.likelihood import AIS, log_likelihood
from vael.evaluation.likelihood.ais import START, WALK
from vael.evaluation.likelihood.annealing import ladder, stream, stretched, walking
from vael.evaluation.likelihood.annealing_path import AnnealingPath
from vael.evaluation.likelihood.transitions import Noise, transition
from vael.models import (
    DeltaPosterior,
    Encoder,
    FixedGaussian,
    LatentVariableModel,
    SharedGaussian,
    StandardNormal,
)
from vael.nn import Linear

Start = Literal["prior", "encoder"]

# Few chains are warned of, which test_statistics.py checks.
pytestmark = pytest.mark.filterwarnings("ignore:the estimates of:vael.VaelWarning")


def test_the_ladder_rises_from_0_to_1_by_the_formula() -> None:
    betas = ladder(7, 4.0)
    t = np.arange(7) / 6
    raw = 1 / (1 + np.exp(-4 * (2 * t - 1)))
    np.testing.assert_allclose(betas, (raw - raw[0]) / (raw[-1] - raw[0]), atol=1e-15)
    np.testing.assert_allclose(ladder(5, 0.0), [0, 0.25, 0.5, 0.75, 1])
    assert ladder(2, 4.0).tolist() == [0, 1]


def test_steps_of_a_coarse_ladder_are_interpolated() -> None:
    found = stretched(torch.tensor([[1.0, 2], [3, 2], [3, 0]]), 5)
    assert found.tolist() == [[1, 2], [2, 2], [3, 2], [3, 1], [3, 0]]


# -- against the exact evidence ------------------------------------------------------------------------


def test_from_the_exact_posterior_every_chain_gives_the_evidence(linear_gaussian: Any) -> None:
    """q0 is the posterior and so is all of the path: the weights' variance is 0."""
    x = linear_gaussian.sample(3)
    found = log_likelihood(linear_gaussian.model(), x, AIS(4, chains=3))
    np.testing.assert_allclose(found.estimate, linear_gaussian.log_evidence(x), rtol=0, atol=1e-9)
    np.testing.assert_allclose(found.effective_sample_size, 3)


@pytest.mark.parametrize(
    ("start", "widen", "temperatures", "preconditioned"),
    [("prior", 1.0, 150, True), ("prior", 1.0, 400, False), ("encoder", 2.0, 150, True)],
)
def test_a_linear_model_within_a_twentieth_of_a_nat(
    linear_gaussian: Any, start: Start, widen: float, temperatures: int, preconditioned: bool
) -> None:
    linear_gaussian = dataclasses.replace(linear_gaussian, s2=1.5)
    x = linear_gaussian.sample(4)
    method = AIS(temperatures, chains=100, start=start, leapfrog=2, preconditioned=preconditioned)
    found = log_likelihood(linear_gaussian.model(widen), x, method)
    np.testing.assert_allclose(found.estimate, linear_gaussian.log_evidence(x), rtol=0, atol=0.05)
    assert (found.standard_error < 0.05).all()


@pytest.mark.parametrize("start", ["prior", "encoder"])
def test_a_curved_model_comes_to_the_sum_over_a_grid(
    curved: Callable[..., LatentVariableModel],
    by_grid: Callable[..., np.ndarray],
    coins: Tensor,
    start: Start,
) -> None:
    """Posteriors with several peaks, of coins (with the short way to their slope) and of real values."""
    for likelihood in (None, SharedGaussian()):
        model = curved(2, likelihood)
        found = log_likelihood(model, coins, AIS(40, chains=80, start=start, leapfrog=2))
        truth = by_grid(model, coins)
        assert (np.abs(found.estimate - truth) < 4 * found.standard_error + 1e-3).all()
        assert found.standard_error.max() < 0.3


@pytest.mark.parametrize("start", ["prior", "encoder"])
def test_the_weights_have_the_mean_p_whatever_the_number_of_temperatures(
    linear_gaussian: Any, start: Start
) -> None:
    """Five temperatures and large moves, on a path far from equilibrium: exp(ln w - ln p) averages to 1."""
    x = linear_gaussian.sample(1)
    model = linear_gaussian.model(1.6)
    method = AIS(5, chains=10000, start=start, leapfrog=2, steepness=0.0)
    with walking(model, 1):
        walk, z = method.prepare(model, x, 3)
        log_w = walk.forwards(z, stream(3, WALK, z.device))[:, 0]
    ratio = (log_w - linear_gaussian.log_evidence(x)).exp()
    assert ratio.mean().item() == pytest.approx(1, abs=4 * ratio.std().item() / 10000**0.5)
    assert ratio.std() / 10000**0.5 < 0.03


def test_two_temperatures_are_importance_sampling_from_the_start(linear_gaussian: Any) -> None:
    x = linear_gaussian.sample(3)
    with pytest.warns(VaelWarning, match="use more temperatures"):
        found = log_likelihood(linear_gaussian.model(), x, AIS(2, chains=50, start="prior"), random_state=8)
    noise = torch.randn(50, 1, 2, generator=stream(8, START, torch.device("cpu")), dtype=torch.float64)
    with torch.no_grad():
        log_w = linear_gaussian.model().decoder(noise).log_prob(x).numpy()
    np.testing.assert_allclose(found.estimate, logsumexp(log_w, axis=0) - math.log(50), rtol=1e-12)


# -- transitions ---------------------------------------------------------------------------------------


def test_slopes_are_those_of_the_log_density(
    curved: Callable[..., LatentVariableModel], coins: Tensor
) -> None:
    """Of (1 - b) ln q0 + b ln p(x, z), by automatic differentiation of the formula in double precision."""
    model = curved(2).double()
    x, b = coins.double(), 0.3
    z = torch.randn(4, len(x), 2, dtype=torch.float64)
    for start in (None, model.encoder(x)):
        path = AnnealingPath(model, x, start)
        at = z.clone().requires_grad_()
        prior = model.prior().log_prob(at)
        q0 = prior if start is None else start.log_prob(at)
        log_f = (1 - b) * q0 + b * (prior + model.decoder(at).log_prob(x))
        (expected,) = torch.autograd.grad(log_f.sum(), at)
        place = path.at(z)
        torch.testing.assert_close(place.log_density(b), log_f.detach())
        torch.testing.assert_close(place.slope(b), expected)
        torch.testing.assert_close(path.slope(z, b), expected)


def test_a_transition_leaves_its_density_as_it_is(linear_gaussian: Any) -> None:
    """Exact draws of the posterior are moved far, with half refused, and are draws of it still."""
    model, x = linear_gaussian.model(), linear_gaussian.sample(1)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        q = model.encoder(x)
        z = q.draw((20000,), generator)
        path = AnnealingPath(model, x, None)
        scale = torch.tensor([[0.2, 0.4]], dtype=torch.float64)  # not the right one
        for _ in range(3):
            noise = Noise.draw(len(z), z, generator)
            step = torch.tensor([0.8], dtype=torch.float64)
            here, accepted = transition(path, path.at(z), 1.0, step, scale, 2, noise)
            moved = (here.z != z).any(-1).double().mean().item()
            assert moved == pytest.approx(accepted.mean().item(), abs=0.02)
            assert 0.2 < moved < 0.9
            z = here.z
    centred = (z[:, 0] - q.loc) @ torch.linalg.inv(q.scale_tril[0]).mT
    assert centred.mean(0).abs().max() < 4.5 / 141
    torch.testing.assert_close(centred.T.cov(), torch.eye(2).double(), rtol=0, atol=4.5 * 2**0.5 / 141)


def test_steps_are_tuned_to_the_acceptance(curved: Callable[..., LatentVariableModel], coins: Tensor) -> None:
    model, method = curved(2), AIS(60, chains=64, leapfrog=3, acceptance=0.5)
    with walking(model, 1):
        walk, z = method.prepare(model, coins, 0)
        here, shares = walk.path.at(z), []
        generator = torch.Generator().manual_seed(3)
        for t in range(1, 59):
            b = float(walk.betas[t])
            noise = Noise.draw(64, z, generator)
            here, share = transition(walk.path, here, b, walk.steps[t], walk.scales.at(b), 3, noise)
            shares.append(share.mean(0))
    np.testing.assert_allclose(torch.stack(shares).mean(0), 0.5, atol=0.1)


def test_a_trajectory_that_diverges_is_refused(linear_gaussian: Any) -> None:
    model, x = linear_gaussian.model(), linear_gaussian.sample(2)
    z = torch.randn(4, 2, 2, dtype=torch.float64)
    path = AnnealingPath(model, x, None)
    noise = Noise.draw(4, z, torch.Generator().manual_seed(0))
    step = torch.tensor([1e200, 0.1], dtype=torch.float64)
    here, accepted = transition(path, path.at(z), 1.0, step, torch.ones(2, 2, dtype=torch.float64), 3, noise)
    assert (accepted[:, 0] == 0).all()
    assert torch.equal(here.z[:, 0], z[:, 0])
    assert (accepted[:, 1] > 0.5).all()  # the other row is not touched by it


# -- invariances ---------------------------------------------------------------------------------------


def test_rows_do_not_depend_on_those_beside_them(
    curved: Callable[..., LatentVariableModel], coins: Tensor
) -> None:
    """To the bit in float32, though a rounding could turn a refusal into a move."""
    model, method = curved(2), AIS(6, chains=7, leapfrog=2)
    whole = log_likelihood(model, coins, method).estimate
    alone = [log_likelihood(model, row.unsqueeze(0), method).estimate[0] for row in coins]
    np.testing.assert_array_equal(alone, whole)


def test_the_memory_does_not_change_the_answer(linear_gaussian: Any) -> None:
    x = linear_gaussian.sample(4)
    answers = [
        log_likelihood(linear_gaussian.model(1.5), x, AIS(8, chains=8), memory=m).estimate
        for m in (1, 30_000, 2**30)
    ]
    np.testing.assert_allclose(answers[0], answers[1], rtol=0, atol=1e-9)
    np.testing.assert_allclose(answers[0], answers[2], rtol=0, atol=1e-9)


def test_no_gradient_and_no_global_state_is_left(
    curved: Callable[..., LatentVariableModel], coins: Tensor
) -> None:
    model = curved(2)
    state = torch.get_rng_state()
    log_likelihood(model, coins, AIS(3, chains=2, start="prior"))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(p.grad is None for p in model.parameters())


# -- other parts ---------------------------------------------------------------------------------------


class TwoHills(LazyDistribution):
    """A prior that is a mixture of torch's own."""

    def forward(self, c: Tensor | None = None) -> Distribution:
        loc = torch.tensor([[-2.0, 0.0], [2.0, 1.0]])
        hills = MultivariateNormal(loc, 0.3 * torch.eye(2))
        return MixtureSameFamily(torch.distributions.Categorical(torch.tensor([0.3, 0.7])), hills)


def test_any_prior_and_any_encoder_with_a_density_will_do(
    curved: Callable[..., LatentVariableModel], by_grid: Callable[..., np.ndarray], coins: Tensor
) -> None:
    flow = zuko.flows.MAF(2, context=9, transforms=1, hidden_features=(4,))
    model = LatentVariableModel(TwoHills(), flow, curved(2).decoder)
    with torch.no_grad():
        z = torch.cartesian_prod(*[torch.linspace(-6, 6, 300)] * 2)
        log_joint = model.decoder(z.unsqueeze(1)).log_prob(coins) + TwoHills()().log_prob(z).unsqueeze(1)
        truth = (log_joint.double().logsumexp(0) + 2 * math.log(12 / 299)).numpy()
    for method in (AIS(40, chains=64, start="prior"), AIS(40, chains=64)):
        found = log_likelihood(model, coins, method)
        assert (np.abs(found.estimate - truth) < 4.5 * found.standard_error + 0.01).all()


def test_from_the_prior_a_model_needs_no_encoder(linear_gaussian: Any) -> None:
    x = linear_gaussian.sample(2)
    model = linear_gaussian.model()
    method = AIS(30, chains=64, start="prior")
    point = Encoder(Linear(5, 2), DeltaPosterior(2)).double()
    for encoder in (torch.nn.Identity(), point):
        bare = LatentVariableModel(model.prior, encoder, model.decoder)
        plain = AIS(30, chains=64, start="prior", preconditioned=False)
        found = log_likelihood(bare, x, method if encoder is point else plain)
        np.testing.assert_allclose(found.estimate, linear_gaussian.log_evidence(x), atol=0.5)
    with pytest.raises(InputError, match="point posterior has no density"):
        log_likelihood(LatentVariableModel(model.prior, point, model.decoder), x, AIS(10))


class Steps(LazyDistribution):
    """A decoder of which z has no slope."""

    def forward(self, c: Tensor | None = None) -> Distribution:
        assert c is not None
        return FixedGaussian()(c.detach().round())


def test_a_decoder_without_slope_is_refused() -> None:
    model = LatentVariableModel(StandardNormal(2), torch.nn.Identity(), Steps())
    with pytest.raises(InputError, match=r"no gradient in z, .* use ImportanceSampling"):
        log_likelihood(model, torch.zeros(2, 2), AIS(10, start="prior", preconditioned=False))


def test_an_autoencoder_is_refused(linear_gaussian: Any) -> None:
    model = linear_gaussian.model()
    bare = LatentVariableModel(None, model.encoder, model.decoder)
    with pytest.raises(InputError, match="no prior, so it has no evidence"):
        log_likelihood(bare, linear_gaussian.sample(2), AIS(10, start="prior"))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"temperatures": 1}, "temperatures must be >= 2, got 1"),
        ({"chains": 0}, "chains must be >= 1, got 0"),
        ({"leapfrog": 0}, "leapfrog must be >= 1, got 0"),
        ({"acceptance": 1.0}, "acceptance must lie between 0 and 1, got 1.0"),
        ({"steepness": -1.0}, "steepness must be >= 0 and finite, got -1"),
    ],
)
def test_settings_are_checked(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        AIS(**settings)


def test_gradients_are_counted(linear_gaussian: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the benchmark calls equal cost is what the decoder is asked for."""
    asked = 0
    original = AnnealingPath._likelihood

    def counted(self: AnnealingPath, z: Tensor, *, value: bool) -> Any:
        nonlocal asked
        asked += len(z)
        return original(self, z, value=value)

    monkeypatch.setattr(AnnealingPath, "_likelihood", counted)
    for temperatures in (2, 3, 9):
        asked, method = 0, AIS(temperatures, chains=6, leapfrog=3)
        log_likelihood(linear_gaussian.model(1.1), linear_gaussian.sample(1), method)
        assert asked == method.gradients
