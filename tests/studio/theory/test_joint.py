from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from vael import InputError


@pytest.mark.parametrize(("correlation", "x"), [(0.8, 1.0), (-0.6, -2.5), (0.0, 0.3), (0.95, 4.0)])
def test_closed_forms(ask: Any, correlation: float, x: float) -> None:
    reply = ask("joint", {"correlation": correlation, "x": x})
    grid, deviation = reply.arrays["grid"], np.sqrt(1 - correlation**2)
    assert reply.facts["mean"] == pytest.approx(correlation * x, abs=1e-7)
    assert reply.facts["deviation"] == pytest.approx(deviation, abs=1e-7)
    assert reply.facts["density"] == pytest.approx(norm.pdf(x), rel=1e-8)
    np.testing.assert_allclose(reply.arrays["marginal"], norm.pdf(grid), atol=1e-9)
    np.testing.assert_allclose(
        reply.arrays["conditional"], norm.pdf(grid, correlation * x, deviation), atol=1e-8
    )
    product = norm.pdf(x) * norm.pdf(grid, correlation * x, deviation)
    np.testing.assert_allclose(reply.arrays["slice"], product, atol=1e-12)


def test_the_slice_is_the_conditional_times_the_marginal(ask: Any) -> None:
    reply = ask("joint", {"correlation": 0.8, "x": 1.0})
    product = reply.arrays["conditional"] * reply.facts["density"]
    np.testing.assert_allclose(reply.arrays["slice"], product, atol=1e-10)


def test_no_joint_density_is_flat(ask: Any) -> None:
    with pytest.raises(InputError, match="correlation must be from"):
        ask("joint", {"correlation": 1.0, "x": 0})
