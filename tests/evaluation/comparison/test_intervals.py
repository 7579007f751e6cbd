"""Confidence intervals: against SciPy, and by how often they hold the truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from vael.evaluation.comparison.intervals import (
    RowValues,
    bootstrap,
    bootstrap_variances,
    of_difference,
    of_mean,
    of_share,
)


def test_a_mean_has_students_interval():
    values = np.random.default_rng(0).normal(size=17)
    found = of_mean(RowValues(values))
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.standard_error == pytest.approx(stats.sem(values))


def test_a_difference_is_paired():
    rng = np.random.default_rng(1)
    one = rng.normal(size=30)
    other = one + rng.normal(0.1, 0.01, 30)
    found = of_difference(RowValues(one), RowValues(other))
    expected = stats.ttest_rel(one, other).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_a_share_has_wilsons_interval():
    right = np.arange(40) < 37
    found = of_share(RowValues(right))
    expected = stats.binomtest(37, 40).proportion_ci(0.95, method="wilson")
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    everything = of_share(RowValues(np.ones(40, bool)))
    assert everything.low is not None
    assert everything.low < 1 == everything.high


def test_one_row_has_no_interval():
    assert of_mean(RowValues(np.array([3.0]))).low is None


@pytest.mark.parametrize(("rows", "draws"), [(5, None), (40, None), (40, 8), (5, 200), (400, 10)])
def test_the_interval_of_a_mean_holds_the_truth_as_often_as_it_says(rows: int, draws: int | None):
    """Rows differ with deviation 2 and share the mean of `draws` draws of deviation 3."""
    rng = np.random.default_rng(2)
    trials = 2000
    held = 0
    for _ in range(trials):
        noise = None if draws is None else rng.normal(0, 3, draws)
        values = rng.normal(7, 2, rows) + (0 if noise is None else noise.mean())
        found = of_mean(RowValues(values, None if noise is None else noise - noise.mean()))
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 7 <= found.high
    assert held / trials == pytest.approx(0.95, abs=4 * np.sqrt(0.95 * 0.05 / trials))


def test_the_bootstrap_of_a_variance_is_as_wide_as_theory_says():
    """The variance of n normals has standard deviation sqrt(2 / n) of itself."""
    Z = np.random.default_rng(3).normal(0, [1.0, 3.0], size=(2000, 2))
    for latent in range(2):
        resampled = bootstrap_variances(Z, lambda v, latent=latent: v[:, latent], seed=0)
        found = bootstrap(float(Z[:, latent].var()), resampled)
        variance = Z[:, latent].var()
        assert found.standard_error == pytest.approx(variance * np.sqrt(2 / 2000), rel=0.15)
        assert resampled.mean() == pytest.approx(variance * (1 - 1 / 2000), rel=0.01)


def test_resampled_variances_are_those_of_the_rows_drawn():
    Z = np.random.default_rng(4).normal(size=(6, 3)) + 100
    found = bootstrap_variances(Z, lambda v: v[:, 1], seed=5, draws=3)
    times = np.random.default_rng(5).multinomial(6, np.full(6, 1 / 6), size=3)
    expected = [np.repeat(Z[:, 1], t).var() for t in times]
    assert found == pytest.approx(expected)
