from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import mutual_info_score

from vael.errors import InputError
from vael.evaluation.disentanglement import Code, MutualInformationGap
from vael.evaluation.disentanglement.mutual_information import (
    discretise,
    entropy,
    gap_of_identity,
    mutual_information,
)


def measure(represent, truth, seed=0, **settings):
    return MutualInformationGap(**settings).measure(Code(represent, truth), np.random.default_rng(seed))


@pytest.mark.parametrize("seed", range(5))
def test_information_and_entropy_are_scikit_learns(seed):
    rng = np.random.default_rng(seed)
    one = rng.integers(0, 7, 400)
    other = (one * rng.integers(0, 2, 400) + rng.integers(0, 3, 400)) % 5
    assert mutual_information(one, other) == pytest.approx(mutual_info_score(one, other), abs=1e-12)
    assert mutual_information(other, one) == pytest.approx(mutual_information(one, other), abs=1e-12)
    assert entropy(one) == pytest.approx(mutual_info_score(one, one), abs=1e-12)


@pytest.mark.parametrize("values", [np.random.default_rng(0).normal(size=300), np.arange(40.0), np.ones(5)])
def test_bins_are_those_of_a_histogram(values):
    # disentanglement_lib's discretiser, which counts from 1
    expected = np.digitize(values, np.histogram(values, 20)[1][:-1])
    found = discretise(values, 20)
    assert len(np.unique(np.stack([found, expected]), axis=1).T) == len(np.unique(expected))
    if np.ptp(values) > 0:
        np.testing.assert_array_equal(found, expected - 1)


def test_values_that_differ_by_rounding_only_are_binned():
    one = np.nextafter(np.float32(0.7), 1)
    assert discretise(np.array([0.7, one], dtype=np.float32), 20).tolist() == [0, 19]


def test_gap_of_a_factor_with_more_values_than_bins():
    assert gap_of_identity(40, 20) == pytest.approx(math.log(20) / math.log(40), abs=1e-12)
    # twelve bins of two values, eight of one: 3/4 ln 16 + 1/4 ln 32 nats of ln 32
    assert gap_of_identity(32, 20) == pytest.approx(0.85, abs=1e-12)
    for size in (2, 3, 6, 20):
        assert gap_of_identity(size, 20) == pytest.approx(1.0, abs=1e-12)


def test_the_factors_themselves_score_what_the_bins_let_through(truth):
    found = measure(lambda f: f, truth)
    (score,) = found.scores
    assert score.identity == pytest.approx((2 + math.log(20) / math.log(40) + 1.7) / 5, abs=1e-12)
    # The latent that comes second has about (19)(values - 1) / 2n nats by chance.
    assert score.identity - 0.012 < score.value < score.identity
    assert measure(lambda f: f, truth, bins=2000).gap == pytest.approx(1.0, abs=0.06)
    assert measure(lambda f: f, truth, bins=2000).scores[0].identity == pytest.approx(1.0)


def test_gaps_are_a_direct_transcription(small):
    found = measure(small.rotated, small, seed=4, images=500, bins=8)
    factors = small.sample_factors(500, np.random.default_rng(4))
    latents = small.rotated(factors)
    binned = [np.digitize(z, np.histogram(z, 8)[1][:-1]) for z in latents.T]
    table = np.array([[mutual_info_score(v, z) for v in factors.T] for z in binned])
    np.testing.assert_allclose(found.information, table, atol=1e-12)
    ordered = np.sort(table, axis=0)[::-1]
    expected = (ordered[0] - ordered[1]) / [mutual_info_score(v, v) for v in factors.T]
    np.testing.assert_allclose(found.gaps, expected, atol=1e-12)
    assert found.gap == pytest.approx(expected.mean())


def test_a_rotated_code_scores_lower_and_a_constant_one_zero(truth):
    assert max(measure(lambda f, s=s: truth.rotated(f, s), truth).gap for s in range(4)) < 0.4
    assert measure(lambda f: np.full((len(f), 3), 2.0), truth).gap == 0.0


def test_two_latents_of_one_factor_leave_no_gap(small):
    assert measure(lambda f: f[:, [0, 1, 2, 2]], small, images=2000).gaps[2] == 0.0


def test_order_sign_and_scale_of_the_latents_do_not_matter(truth):
    def other(factors):
        return truth.rotated(factors)[:, [3, 1, 4, 0, 2]] * np.array([1.0, -200.0, 0.3, 7.0, -1e-3])

    assert measure(other, truth).gap == pytest.approx(measure(truth.rotated, truth).gap, abs=1e-3)


def test_one_latent_and_one_value_are_not_defined(small):
    (score,) = measure(lambda f: f[:, :1], small).scores
    assert math.isnan(score.value)
    assert score.why == "not defined: a gap needs two latents"
    found = measure(lambda f: f, small, images=2, seed=2)
    assert (found.entropies == 0).any()
    assert "had one value in 2 draws" in found.scores[0].why
    assert found.to_dict()["gaps"] == [None, None, None]
    with pytest.raises(InputError, match="bins must be 2 or more"):
        measure(lambda f: f, small, bins=1)
