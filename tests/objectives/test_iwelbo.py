"""The importance-weighted bound: its number, and the gradients that climb it."""

from __future__ import annotations

import math

import pytest
import torch
import zuko
from torch import Tensor

from vael.errors import InputError
from vael.models import log_weights
from vael.objectives import ELBO, IWELBO


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("doubly", [False, True])
def test_the_bound_is_logsumexp_minus_log_k(linear_gaussian, doubly: bool) -> None:
    """Not the surrogate -(softmax(w) log w).sum(), and over the samples, not the rows: k != n."""
    model, x = linear_gaussian.model(widen=1.5), linear_gaussian.sample(3)
    terms = IWELBO(7, doubly)(model, x, generator=seeded())
    log_w = log_weights(model, x, 7, generator=seeded()).log_w.detach()
    expected = torch.stack([log_w[:, i].exp().mean().log() for i in range(3)])
    torch.testing.assert_close(terms.bound, expected)
    torch.testing.assert_close(terms.loss.detach(), -expected.mean())
    surrogate = (log_w.softmax(0) * log_w).sum(0)
    assert (terms.bound - surrogate).abs().max() > 0.01


def test_the_bound_rises_with_k_to_the_evidence(linear_gaussian) -> None:
    x = linear_gaussian.sample(3)
    model = linear_gaussian.model(widen=1.5)
    n = 6000
    many = x.repeat_interleave(n, 0)

    def mean(k: int) -> tuple[Tensor, Tensor]:
        with torch.no_grad():
            bound = IWELBO(k)(model, many, generator=seeded(k)).bound.reshape(3, n)
        return bound.mean(1), bound.std(1) / n**0.5

    bounds, errors = zip(*(mean(k) for k in (1, 3, 9, 36)), strict=True)
    for i in range(3):
        assert (bounds[i + 1] - bounds[i] > 5 * (errors[i] + errors[i + 1])).all()
    evidence = linear_gaussian.log_evidence(x)
    assert (bounds[-1] < evidence + 5 * errors[-1]).all()
    assert (evidence - bounds[-1] < 0.05).all()


def test_the_samples_rise_by_equal_factors(linear_gaussian) -> None:
    objective = IWELBO(16, warm_up=0.5)
    assert [objective.draws(p) for p in (0.0, 0.125, 0.25, 0.375, 0.5, 1.0)] == [1, 2, 4, 8, 16, 16]
    assert IWELBO(16).draws(0.0) == 16
    model, x = linear_gaussian.model(widen=1.5), linear_gaussian.sample(3)
    rising = objective(model, x, generator=seeded(), progress=0.25)
    torch.testing.assert_close(rising.bound, IWELBO(4)(model, x, generator=seeded()).bound)
    with pytest.raises(InputError, match="part of training"):
        IWELBO(16, warm_up=2)


def test_one_sample_is_the_elbo_in_the_mean(linear_gaussian) -> None:
    x = linear_gaussian.sample(2)
    model = linear_gaussian.model(widen=1.5)
    n = 20000
    with torch.no_grad():
        one = IWELBO(1)(model, x.repeat_interleave(n, 0), generator=seeded()).bound.reshape(2, n)
        elbo = ELBO(samples=n)(model, x, generator=seeded(1))
        spread = log_weights(model, x, n, generator=seeded(2)).log_likelihood.std(0)
    error = (one.std(1) + spread) / n**0.5
    assert ((one.mean(1) - elbo.bound).abs() < 5 * error).all()


@pytest.mark.parametrize("doubly", [False, True])
def test_the_parts_reported_are_means_over_the_samples(linear_gaussian, doubly: bool) -> None:
    model, x = linear_gaussian.model(widen=1.5), linear_gaussian.sample(3)
    terms = IWELBO(5, doubly)(model, x, generator=seeded())
    sampled = log_weights(model, x, 5, generator=seeded())
    torch.testing.assert_close(terms.log_likelihood, model.decoder(sampled.z).log_prob(x).mean(0).detach())
    elbo = ELBO(samples=5)(model, x, generator=seeded())
    torch.testing.assert_close(terms.kl, elbo.kl)
    assert terms.kl_per_latent is None


def gradients(
    model, x: Tensor, k: int, doubly: bool, draws: int, resampled: int | None = None
) -> list[Tensor]:
    """Gradients of the loss of one row, drawn many times: (draws, parameters) of encoder, rest."""
    groups = [list(model.encoder.parameters()), list(model.decoder.parameters())]
    groups[1] += list(model.prior.parameters())
    found: list[list[Tensor]] = [[], []]
    generator = seeded(5)
    for _ in range(draws):
        loss = IWELBO(k, doubly, resampled=resampled)(model, x, generator=generator).loss
        everything = torch.autograd.grad(loss, groups[0] + groups[1])
        flat = [g.flatten() for g in everything]
        found[0].append(torch.cat(flat[: len(groups[0])]))
        found[1].append(torch.cat(flat[len(groups[0]) :]))
    return [torch.stack(f) for f in found]


def test_the_gradient_is_that_of_the_bound(linear_gaussian) -> None:
    """Weights are neither detached where they carry gradient nor made of the loss: differences say so."""
    model, x = linear_gaussian.model(widen=1.5), linear_gaussian.sample(3)
    parameters = [*model.encoder.parameters(), *model.decoder.parameters()]
    loss = IWELBO(4)(model, x, generator=seeded()).loss
    found = torch.autograd.grad(loss, parameters)
    for parameter, gradient in zip(parameters, found, strict=True):
        direction = torch.randn_like(parameter)
        values: list[float] = []
        for sign in (1, -1):
            with torch.no_grad():
                parameter.add_(sign * 1e-6 * direction)
                values.append(-float(IWELBO(4)(model, x, generator=seeded()).bound.mean()))
                parameter.sub_(sign * 1e-6 * direction)
        slope = (values[0] - values[1]) / 2e-6
        assert float((gradient * direction).sum()) == pytest.approx(slope, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("encoder", ["law", "flow"])
def test_the_doubly_reparameterised_gradient_is_unbiased(linear_gaussian, encoder: str) -> None:
    model, x = linear_gaussian.model(widen=1.3), linear_gaussian.sample(2)
    draws = 800 if encoder == "law" else 400
    if encoder == "flow":
        model.encoder = zuko.flows.MAF(2, context=5, transforms=1, hidden_features=(4,)).double()
    plain = gradients(model, x, 4, doubly=False, draws=draws)
    double = gradients(model, x, 4, doubly=True, draws=draws)
    for first, second in zip(plain, double, strict=True):
        error = ((first.var(0) + second.var(0)) / draws).sqrt()
        assert ((first.mean(0) - second.mean(0)).abs() <= 5 * error + 1e-12).all()
    torch.testing.assert_close(plain[1], double[1])  # the decoder's is the same, draw by draw
    if encoder == "law":
        assert float(double[0].var(0).sum()) < 0.5 * float(plain[0].var(0).sum())


def test_the_doubly_reparameterised_gradient_is_zero_at_the_exact_posterior(linear_gaussian) -> None:
    model, x = linear_gaussian.model(), linear_gaussian.sample(3)
    double = gradients(model, x, 4, doubly=True, draws=3)
    plain = gradients(model, x, 4, doubly=False, draws=3)
    assert float(double[0].abs().max()) < 1e-10
    assert float(plain[0].abs().max()) > 1e-2


def test_it_works_where_no_gradient_is_taken(linear_gaussian) -> None:
    model, x = linear_gaussian.model(widen=1.3), linear_gaussian.sample(3)
    with torch.no_grad():
        terms = IWELBO(4, doubly_reparameterised=True)(model, x, generator=seeded())
    assert not terms.loss.requires_grad
    assert math.isfinite(float(terms.loss))


@pytest.mark.parametrize("doubly", [False, True])
def test_gradients_through_few_samples_are_unbiased(linear_gaussian, doubly: bool) -> None:
    model, x = linear_gaussian.model(widen=1.5), linear_gaussian.sample(3)
    few = IWELBO(7, doubly, resampled=3)
    whole = IWELBO(7, doubly)(model, x, generator=seeded())
    terms = few(model, x, generator=seeded())
    torch.testing.assert_close(terms.bound, whole.bound)
    torch.testing.assert_close(terms.loss.detach(), whole.loss.detach())
    draws = 1500
    everything = gradients(model, x, 7, doubly, draws)
    resampled = gradients(model, x, 7, doubly, draws, resampled=3)
    for first, second in zip(everything, resampled, strict=True):
        error = ((first.var(0) + second.var(0)) / draws).sqrt()
        assert ((first.mean(0) - second.mean(0)).abs() <= 5 * error + 1e-12).all()
        assert float(second.var(0).sum()) < 4 * float(first.var(0).sum())


def test_weights_that_were_cast_without_gradients_still_get_them(linear_gaussian) -> None:
    model, x = linear_gaussian.model(widen=1.3).float(), linear_gaussian.sample(3).float()
    with torch.autocast("cpu", torch.bfloat16):
        loss = IWELBO(6, resampled=2)(model, x, generator=seeded()).loss
    loss.backward()
    for parameter in model.decoder.parameters():
        assert parameter.grad is not None
        assert parameter.grad.abs().max() > 0


def test_only_posteriors_that_repeat_their_draws_can_be_resampled(linear_gaussian) -> None:
    model, x = linear_gaussian.model(), linear_gaussian.sample(2)
    with pytest.raises(InputError, match="resampled must be >= 1"):
        IWELBO(4, resampled=0)
    model.encoder = zuko.flows.MAF(2, context=5, transforms=1, hidden_features=(4,)).double()
    with pytest.raises(InputError, match="resampled needs a posterior that repeats its draws"):
        IWELBO(4, resampled=2)(model, x, generator=seeded())
