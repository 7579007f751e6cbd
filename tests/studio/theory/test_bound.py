from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vael.studio.services.theory.bound import OBSERVED, bent
from vael.theory import elbo_three_ways, normal_density


@pytest.mark.parametrize(("mean", "deviation"), [(0.8, 0.5), (0, 1), (0.62, 0.2), (-1, 0.3), (-3, 0.05)])
def test_the_terms_as_the_api_has_them(ask: Any, mean: float, deviation: float) -> None:
    facts = ask("elbo", {"mean": mean, "deviation": deviation}).facts
    ways = elbo_three_ways(bent(), OBSERVED, normal_density(mean, deviation))
    assert facts["elbo"] == pytest.approx(float(ways.joint), abs=1e-7)
    assert facts["kl"] == pytest.approx(float(ways.kl_posterior), abs=1e-7)
    assert facts["kl_prior"] == pytest.approx(float(ways.kl_prior), abs=1e-7)
    assert facts["evidence"] == pytest.approx(float(ways.evidence), abs=1e-7)
    assert facts["elbo"] + facts["kl"] == pytest.approx(facts["evidence"], abs=1e-7)


def test_the_posterior_integrates_to_one(ask: Any) -> None:
    arrays = ask("elbo", {"mean": 0.8, "deviation": 0.5}).arrays
    step = arrays["grid"][1] - arrays["grid"][0]
    assert arrays["posterior"].sum() * step == pytest.approx(1, abs=1e-4)


def test_the_weighted_bound_rises_with_k_to_the_evidence(ask: Any) -> None:
    found = [ask("elbo", {"mean": 0.8, "deviation": 0.5, "k": k}).facts for k in (1, 2, 5, 20, 100)]
    first, last = found[0], found[-1]
    assert abs(first["weighted"] - first["elbo"]) < 5 * first["weighted_error"]
    values = [facts["weighted"] for facts in found]
    assert (np.diff(values) > 0).all()
    assert last["weighted"] < last["evidence"] + 5 * last["weighted_error"]
    assert last["evidence"] - last["weighted"] < 0.1


def test_the_noise_stays(ask: Any) -> None:
    fields = {"mean": 0.1, "deviation": 0.7, "k": 3}
    assert ask("elbo", fields).facts == ask("elbo", fields).facts
