"""Peaks of densities, and posteriors so narrow that an integral over the prior would miss them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vael.theory import normal_density, posterior_density
from vael.theory.peaks import peaks


@settings(max_examples=20)
@given(st.floats(-40, 40), st.floats(-4, 1))
def test_a_narrow_posterior_is_found(centre: float, power: float) -> None:
    s = 10**power
    after = posterior_density(normal_density(0, 10), lambda z: -0.5 * ((z - centre) / s) ** 2)
    variance = 1 / (1 / s**2 + 1 / 100)
    assert after.mass.value == pytest.approx(1, abs=1e-9)
    assert after.mean == pytest.approx(centre * variance / s**2, abs=1e-6 * s + 1e-10)
    deviations = after.expectation(lambda z: ((z - centre) / s) ** 2).value
    assert deviations == pytest.approx(variance / s**2 + (centre * (variance / s**2 - 1) / s) ** 2, rel=1e-6)


def test_two_hills_of_which_one_is_a_spike() -> None:
    def likelihood(z: np.ndarray) -> np.ndarray:
        hill = -0.5 * (z + 3) ** 2
        spike = -0.5 * ((z - 5) / 1e-3) ** 2 - np.log(1e-3)
        return np.logaddexp(hill, spike)

    flat = normal_density(0, 1e4)  # as good as flat: half the mass under each
    after = posterior_density(flat, likelihood, points=[-3.0, 4.99, 5.0, 5.01])
    assert after.probability(4, 6).value == pytest.approx(0.5, abs=1e-4)


def test_an_evidence_below_what_float64_holds() -> None:
    after = posterior_density(normal_density(0, 1), lambda z: -0.5 * (z - 1) ** 2 - 5000.0)
    assert after.mean == pytest.approx(0.5, abs=1e-9)


def test_a_peak_has_its_place_height_and_width() -> None:
    (peak,) = peaks(lambda z: 3 - 0.5 * ((z - 0.7) / 1e-3) ** 2, -np.inf, np.inf)
    assert peak.place == pytest.approx(0.7, abs=1e-8)
    assert peak.log_density == pytest.approx(3, abs=1e-9)
    assert 0.5e-3 < peak.width < 4e-3
