from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import vael
from vael import InputError
from vael.evaluation.likelihood import AIS, bdmc
from vael.evaluation.likelihood.ais import BACK
from vael.evaluation.likelihood.annealing import stream, walking
from vael.models import LatentVariableModel


def test_the_bounds_of_a_linear_model_hold_the_evidence_between_them(linear_gaussian: Any) -> None:
    linear_gaussian = dataclasses.replace(linear_gaussian, s2=1.5)
    found = bdmc(linear_gaussian.model(), 5, AIS(200, chains=100, start="prior"))
    truth = linear_gaussian.log_evidence(torch.from_numpy(found.x)).numpy()
    assert (found.lower < truth + 0.1).all()
    assert (found.upper > truth - 0.1).all()
    assert np.abs(found.gap).max() < 0.15
    assert found.mean_lower < truth.mean() + 0.02
    assert found.mean_upper > truth.mean() - 0.02
    assert found.verdict.startswith(f"the estimates of this method are within {max(found.mean_gap, 0):.3f}")


def test_few_temperatures_leave_a_gap_and_say_so(linear_gaussian: Any) -> None:
    """From the mean of the bounds on either side: the gap is true, whatever the method's own errors say."""
    found = bdmc(linear_gaussian.model(), 20, AIS(4, chains=4, start="prior", leapfrog=1))
    truth = linear_gaussian.log_evidence(torch.from_numpy(found.x)).numpy()
    assert found.mean_lower < truth.mean() < found.mean_upper
    assert found.mean_gap > 0.5
    assert "may be off by" in found.verdict
    np.testing.assert_allclose(found.gap, found.upper - found.lower)


@pytest.mark.parametrize("start", ["prior", "encoder"])
def test_walking_back_gives_weights_of_mean_one_over_p(linear_gaussian: Any, start: Any) -> None:
    """Each chain from its own exact draw of the posterior, with five temperatures."""
    linear_gaussian = dataclasses.replace(linear_gaussian, s2=4.0)
    x = linear_gaussian.sample(1)
    exact = linear_gaussian.model()
    with torch.no_grad():
        z = exact.encoder(x).draw((10000,), torch.Generator().manual_seed(1))
    # Widened, not narrowed: the variance of the reverse weights must be finite.
    model = linear_gaussian.model(0.8)
    method = AIS(5, chains=10000, start=start, leapfrog=2, steepness=0.0)
    with walking(model, 1):
        walk, _ = method.prepare(model, x, 3)
        log_w = walk.backwards(z, stream(3, BACK, z.device))[:, 0]
    ratio = (log_w + linear_gaussian.log_evidence(x)).exp()
    assert ratio.mean().item() == pytest.approx(1, abs=4 * ratio.std().item() / 10000**0.5)
    assert ratio.std() / 10000**0.5 < 0.05


def test_from_the_exact_posterior_the_bounds_meet(linear_gaussian: Any) -> None:
    found = bdmc(linear_gaussian.model(), 3, AIS(4, chains=3, start="encoder"))
    truth = linear_gaussian.log_evidence(torch.from_numpy(found.x)).numpy()
    np.testing.assert_allclose(found.lower, truth, atol=1e-9)
    np.testing.assert_allclose(found.upper, truth, atol=1e-9)


def test_a_curved_model_is_held_from_both_sides(
    curved: Callable[..., LatentVariableModel], by_grid: Callable[..., np.ndarray]
) -> None:
    found = bdmc(curved(2), 6, AIS(80, chains=80, start="prior"))
    truth = by_grid(curved(2), torch.from_numpy(found.x))
    assert (found.lower < truth + 0.3).all()
    assert (found.upper > truth - 0.3).all()
    assert (np.abs(found.gap) < 0.6).all()
    assert found.discrete
    assert set(np.unique(found.x)) == {0.0, 1.0}


def test_the_rows_are_the_models_own(linear_gaussian: Any, generator: torch.Generator) -> None:
    """Mean and covariance of simulated rows: those of N(mu, W W^T + s2 I), and z goes with x."""
    found = bdmc(linear_gaussian.model(), 3000, AIS(2, chains=1, start="encoder"))
    x, z = torch.from_numpy(found.x), torch.from_numpy(found.z)
    covariance = linear_gaussian.W @ linear_gaussian.W.mT + 0.3 * torch.eye(5)
    error = (covariance.diagonal() / 3000).sqrt()
    assert ((x.mean(0) - linear_gaussian.mu).abs() < 4.5 * error).all()
    torch.testing.assert_close(x.T.cov(), covariance, rtol=0, atol=0.5)
    residual = x - z @ linear_gaussian.W.mT - linear_gaussian.mu
    assert residual.std().item() == pytest.approx(0.3**0.5, rel=0.05)


def test_more_rows_change_none_of_those_before(linear_gaussian: Any) -> None:
    method = AIS(6, chains=4)
    few, more = (bdmc(linear_gaussian.model(1.4), n, method, random_state=2) for n in (3, 5))
    np.testing.assert_array_equal(more.x[:3], few.x)
    np.testing.assert_allclose(more.lower[:3], few.lower, atol=1e-9)
    np.testing.assert_allclose(more.upper[:3], few.upper, atol=1e-9)


def test_an_estimator_is_bounded_in_the_units_of_its_data(by_grid: Callable[..., np.ndarray]) -> None:
    """With the Jacobian of the scaling."""
    X = np.random.default_rng(0).normal(size=(200, 4)) * [1, 10, 3, 0.1]
    vae = vael.VAE(2, preset="vae", hidden=8, max_epochs=20, random_state=0, device="cpu").fit(X)
    found = bdmc(vae, 6, AIS(60, chains=80))
    truth = by_grid(vae.model_, torch.from_numpy(found.x)) + vae.log_jacobian_
    assert abs(vae.log_jacobian_) > 1
    np.testing.assert_allclose(found.lower, truth, atol=0.3)
    np.testing.assert_allclose(found.upper, truth, atol=0.3)
    assert found.log_jacobian == vae.log_jacobian_


def test_the_result_is_text_and_json(linear_gaussian: Any) -> None:
    found = bdmc(linear_gaussian.model(1.1), 2, AIS(5, chains=3))
    entry = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert (entry["rows"], entry["chains"], entry["unit"]) == (2, 3, "nats a row")
    assert entry["gap"] == pytest.approx(found.upper.mean() - found.lower.mean())
    assert entry["gap_standard_error"] == pytest.approx(found.gap.std(ddof=1) / math.sqrt(2))
    assert found.verdict in str(found)
    one = bdmc(linear_gaussian.model(), 1, AIS(3, chains=2))
    assert one.to_dict()["gap_standard_error"] is None
    assert "not defined" in str(one)


def test_bad_input_is_refused(linear_gaussian: Any) -> None:
    model: Any = linear_gaussian.model()
    with pytest.raises(InputError, match="n must be >= 1 row, got 0"):
        bdmc(model, 0)
    with pytest.raises(InputError, match="no prior, so it makes no rows"):
        bdmc(LatentVariableModel(None, model.encoder, model.decoder), 2)
