from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vael.theory import mean_baseline, reparameterised_gradient, score_function_gradient


def square(z: Any) -> Any:
    return (z**2).sum(-1)


@pytest.mark.parametrize(("mean", "deviation", "seed"), [(1.0, 0.5, 0), (-2.0, 1.5, 7)])
def test_both_estimators_as_the_api_has_them(ask: Any, mean: float, deviation: float, seed: int) -> None:
    reply = ask("gradients", {"mean": mean, "deviation": deviation, "seed": seed})
    baseline = mean_baseline(square, mean, deviation, 1000, random_state=seed + 1)
    expected = {
        "reparameterised": reparameterised_gradient(square, mean, deviation, 1000, random_state=seed),
        "score": score_function_gradient(square, mean, deviation, 1000, random_state=seed),
        "baseline": score_function_gradient(
            square, mean, deviation, 1000, baseline=baseline, random_state=seed
        ),
    }
    for name, samples in expected.items():
        facts = reply.facts[name]
        assert facts["mean"] == samples.mean.mu[0]
        assert facts["error"] == samples.standard_error.mu[0]
        assert facts["variance"] == samples.variance.mu[0]
        assert facts["deviation"] == samples.mean.sigma[0]
        assert facts["deviation_variance"] == samples.variance.sigma[0]
        np.testing.assert_array_equal(reply.arrays[name], samples.mu[:200, 0])
        assert abs(facts["mean"] - 2 * mean) < 5 * facts["error"]
        assert abs(facts["deviation"] - 2 * deviation) < 5 * facts["deviation_error"]
    assert reply.facts["exact"] == pytest.approx({"mean": 2 * mean, "deviation": 2 * deviation}, abs=1e-9)


def test_the_noise_shown_is_the_noise_drawn(ask: Any) -> None:
    arrays = ask("gradients", {"mean": 1.0, "deviation": 0.5}).arrays
    np.testing.assert_allclose(arrays["reparameterised"], 2 * arrays["z"], rtol=1e-12)  # f' at each draw
    np.testing.assert_allclose(arrays["score"], arrays["z"] ** 2 * arrays["noise"] / 0.5, rtol=1e-9)


def test_the_noise_stays_while_q_moves(ask: Any) -> None:
    here, there = (ask("gradients", {"mean": m, "deviation": s}).arrays for m, s in ((1.0, 0.5), (-1, 2)))
    np.testing.assert_array_equal(here["noise"], there["noise"])


def test_variances_of_closed_form(ask: Any) -> None:
    facts = ask("gradients", {"mean": 1.0, "deviation": 0.5}).facts
    assert facts["reparameterised"]["variance"] == pytest.approx(4 * 0.25, rel=0.2)  # Var[2 z]
    score = 1 / 0.25 + 14 + 15 * 0.25  # Var[z^2 eps / s] at m = 1: m^4/s^2 + 14 m^2 + 15 s^2
    assert facts["score"]["variance"] == pytest.approx(score, rel=0.35)
