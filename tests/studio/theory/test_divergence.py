from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vael.studio.services.theory.divergence import two_peaks
from vael.theory import kl_integrand, kl_normal, kl_quadrature, normal_density


@pytest.mark.parametrize(("mean", "deviation", "distance"), [(0.5, 0.9, 4.0), (-2, 0.3, 3.0), (1, 2, 6.0)])
def test_both_ways_as_the_api_has_them(ask: Any, mean: float, deviation: float, distance: float) -> None:
    reply = ask("kl", {"mean": mean, "deviation": deviation, "distance": distance})
    q, p, grid = normal_density(mean, deviation), two_peaks(distance), reply.arrays["grid"]
    assert reply.facts["kl_q"] == kl_quadrature(q, p).value
    assert reply.facts["kl_p"] == kl_quadrature(p, q).value
    np.testing.assert_array_equal(reply.arrays["from_q"], kl_integrand(q, p, grid))
    np.testing.assert_array_equal(reply.arrays["from_p"], kl_integrand(p, q, grid))


def test_two_normals(ask: Any) -> None:
    facts = ask("kl", {"mean": 1.0, "deviation": 0.5, "distance": 0}).facts
    assert facts["kl_q"] == pytest.approx(kl_normal(1, 0.25, 0, 0.36), abs=1e-9)
    assert facts["kl_p"] == pytest.approx(kl_normal(0, 0.36, 1, 0.25), abs=1e-9)
    for best in ("best_q", "best_p"):
        assert facts[best]["mean"] == pytest.approx(0, abs=1e-4)
        assert facts[best]["deviation"] == pytest.approx(0.6, abs=1e-4)


@pytest.mark.parametrize("distance", [0.8, 2.0, 4.0])
def test_the_best_q_of_each_way(ask: Any, distance: float) -> None:
    facts = ask("kl", {"mean": 1.0, "deviation": 0.9, "distance": distance}).facts
    p = two_peaks(distance)

    def divergence(w: np.ndarray) -> float:
        return kl_quadrature(normal_density(w[0], np.exp(w[1])), p).value

    best = facts["best_q"]
    here = np.array([best["mean"], np.log(best["deviation"])])
    assert divergence(here) == pytest.approx(best["kl"], abs=1e-7)
    for step in (np.array([0.02, 0]), np.array([0, 0.02])):
        assert divergence(here - step) > best["kl"] < divergence(here + step)
    for mean, deviation in ((0, 0.6), (0, 1.2), (0, 2), (0.3, 0.9), (distance / 2, 0.6)):
        assert divergence(np.array([mean, np.log(deviation)])) > best["kl"] - 1e-9
    assert facts["best_p"]["mean"] == pytest.approx(p.mean, abs=1e-8)
    assert facts["best_p"]["deviation"] == pytest.approx(np.sqrt(p.variance), abs=1e-8)


def test_q_finds_the_peak_on_its_own_side(ask: Any) -> None:
    right = ask("kl", {"mean": 0.3, "deviation": 1, "distance": 4}).facts["best_q"]
    left = ask("kl", {"mean": -0.3, "deviation": 1, "distance": 4}).facts["best_q"]
    assert right["mean"] == -left["mean"] == pytest.approx(2, abs=0.05)
    assert right["kl"] == pytest.approx(np.log(2), abs=0.01)  # a normal on one of two peaks
