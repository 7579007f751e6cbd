"""The beta-VAE and FactorVAE scores: oracles, and direct transcriptions of their definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest

from vael.errors import InputError, VaelWarning
from vael.evaluation.disentanglement import BetaVAEScore, Code, FactorVAEScore

BETA = BetaVAEScore(train=1500, evaluation=1000)
FACTOR = FactorVAEScore(train=1500, evaluation=1000, variance_images=2000)


def measure(settings, represent, truth, seed=0):
    return settings.measure(Code(represent, truth), np.random.default_rng(seed))


@pytest.mark.parametrize("settings", [BETA, FACTOR], ids=["beta-VAE", "FactorVAE"])
def test_the_factors_themselves_score_one(settings, truth):
    found = measure(settings, lambda f: f, truth)
    assert found.accuracy == 1.0
    assert found.scores[0].identity == 1.0
    assert found.scores[0].why is None


@pytest.mark.parametrize("settings", [BETA, FACTOR], ids=["beta-VAE", "FactorVAE"])
def test_a_constant_code_scores_chance(settings, truth):
    found = measure(settings, lambda f: np.full((len(f), 4), 0.3), truth)
    # The share of the evaluation draws that fixed the factor most common in training.
    assert found.accuracy == found.chance
    assert found.chance == pytest.approx(1 / 5, abs=4 * math.sqrt(0.16 / 1000))


def test_a_rotated_code_scores_lower(truth):
    code = Code(lambda f: truth.rotated(f, 2), truth)
    assert FACTOR.measure(code, np.random.default_rng(0)).accuracy < 0.75
    # The linear classifier of the beta-VAE score undoes most of the rotation.
    assert 0.75 < BETA.measure(code, np.random.default_rng(0)).accuracy < 0.93


@pytest.mark.parametrize("settings", [BETA, FACTOR], ids=["beta-VAE", "FactorVAE"])
def test_order_sign_and_scale_of_the_latents_do_not_matter(settings, truth):
    def other(factors):
        return truth.rotated(factors)[:, [3, 1, 4, 0, 2]] * np.array([1.0, -200.0, 0.3, 7.0, -0.2])

    plain, changed = measure(settings, truth.rotated, truth), measure(settings, other, truth)
    assert plain.accuracy == pytest.approx(changed.accuracy, abs=1e-3)


def test_beta_features_are_the_mean_absolute_differences(small):
    score = BetaVAEScore(batch=5, train=40, evaluation=1)
    code = Code(small.rotated, small)
    features, fixed = score._draws(code, 40, np.random.default_rng(3))
    rng = np.random.default_rng(3)
    expected_fixed = rng.integers(0, 3, 40)
    one, other = small.sample_factors(200, rng), small.sample_factors(200, rng)
    np.testing.assert_array_equal(fixed, expected_fixed)
    for draw in range(40):
        total = np.zeros(3)
        for pair in range(5 * draw, 5 * draw + 5):
            partner = other[pair].copy()
            partner[fixed[draw]] = one[pair, fixed[draw]]
            total += np.abs(small.rotated(one[[pair]]) - small.rotated(partner[None]))[0]
        np.testing.assert_allclose(features[draw], total / 5, rtol=1e-12)


def test_beta_score_without_standardising_depends_on_the_scale(small):
    score = BetaVAEScore(train=300, evaluation=300, standardise=False)
    tiny = measure(score, lambda f: small.rotated(f) * 1e-4, small)
    assert tiny.accuracy < measure(score, small.rotated, small).accuracy - 0.2


def test_a_regression_that_does_not_converge_says_so(small, monkeypatch):
    from sklearn.linear_model import LogisticRegression

    start = LogisticRegression.__init__
    monkeypatch.setattr(
        LogisticRegression, "__init__", lambda self, max_iter: start(self, max_iter=max_iter // 500)
    )
    with pytest.warns(VaelWarning, match="did not converge in 1000 steps: the accuracy is a lower bound"):
        measure(BetaVAEScore(train=300, evaluation=300), small.rotated, small)


def test_votes_are_those_of_a_direct_transcription(small):
    """Votes by loops, as in the text of Kim and Mnih's section 4, from the same draws."""
    score = FactorVAEScore(batch=8, train=60, evaluation=50, variance_images=100)
    found = measure(score, small.rotated, small, seed=5)
    rng = np.random.default_rng(5)
    spread = small.rotated(small.sample_factors(100, rng)).var(axis=0, ddof=1)
    np.testing.assert_allclose(found.variances, spread)
    for n, votes in ((60, found.votes), (50, found.votes_new)):
        fixed = rng.integers(0, 3, n)
        drawn = small.sample_factors(8 * n, rng)
        expected = np.zeros((3, 3), dtype=int)
        for i in range(n):
            batch = drawn[8 * i : 8 * i + 8].copy()
            batch[:, fixed[i]] = batch[0, fixed[i]]
            ratios = [
                np.var(column, ddof=1) / s for column, s in zip(small.rotated(batch).T, spread, strict=True)
            ]
            expected[fixed[i], int(np.argmin(ratios))] += 1
        np.testing.assert_array_equal(votes, expected)
    classifier = np.argmax(found.votes, axis=0)
    right = sum(found.votes_new[classifier[latent], latent] for latent in range(3))
    assert found.accuracy == right / 50


def test_the_size_of_a_block_does_not_matter_to_what_is_counted(small):
    found = measure(FactorVAEScore(train=1200, evaluation=700, batch=64), small.rotated, small)
    assert found.votes.sum() == 1200
    assert found.votes_new.sum() == 700


def test_latents_that_hardly_vary_do_not_vote(small):
    def with_dead(factors):
        noise = 0.001 * np.sin(7.0 * factors.sum(axis=1, keepdims=True))
        return np.concatenate([noise, small.standardised(factors), np.ones_like(noise)], axis=1)

    score = FactorVAEScore(train=300, evaluation=200)
    found = measure(score, with_dead, small)
    assert found.active.tolist() == [False, True, True, True, False]
    assert found.votes[:, [0, 4]].sum() == 0
    assert found.accuracy == 1.0
    assert "3 of 5 latents vote" in found.scores[0].estimator
    free = measure(FactorVAEScore(train=300, evaluation=200, least_deviation=0.0), with_dead, small)
    assert free.active.tolist() == [True, True, True, True, False]


def test_a_code_without_any_active_latent_says_so(small):
    found = measure(FactorVAEScore(train=300, evaluation=200), lambda f: np.zeros((len(f), 2)), small)
    assert "no latent has a standard deviation of 0.05" in found.scores[0].why
    assert found.accuracy == found.chance


def test_one_factor_is_not_defined(make_truth):
    for settings in (BETA, FACTOR):
        (score,) = measure(settings, lambda f: f, make_truth((5,))).scores
        assert math.isnan(score.value)
        assert "not defined" in score.why
        assert score.to_dict()["value"] is None


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (BetaVAEScore(train=0), "BetaVAEScore: train must be 1 or more, got 0"),
        (BetaVAEScore(train=2), "2 training draws never fixed 'factor .': raise train"),
        (FactorVAEScore(batch=1), "FactorVAEScore: batch must be 2 or more, got 1"),
        (FactorVAEScore(least_deviation=-1.0), "least_deviation must be 0 or more"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(small, settings, said):
    with pytest.raises(InputError, match=said):
        measure(settings, lambda f: f, small)
