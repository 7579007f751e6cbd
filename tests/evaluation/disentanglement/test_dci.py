from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats

from vael.errors import InputError
from vael.evaluation.disentanglement import DCI, Code
from vael.evaluation.disentanglement.dci import completeness, disentanglement_of


def measure(represent, truth, seed=0, **settings):
    chosen = DCI(**{"train": 300, "evaluation": 200} | settings)
    return chosen.measure(Code(represent, truth), np.random.default_rng(seed))


@pytest.mark.parametrize("seed", range(4))
def test_entropies_are_a_direct_transcription(seed):
    """The formulas of Eastwood and Williams's section 2, entropies by SciPy."""
    R = np.random.default_rng(seed).gamma(0.4, size=(7, 4))
    D = [1 - scipy.stats.entropy(row, base=4) for row in R]
    C = [1 - scipy.stats.entropy(column, base=7) for column in R.T]
    assert disentanglement_of(R) == pytest.approx(np.average(D, weights=R.sum(1)), abs=1e-12)
    assert completeness(R) == pytest.approx(np.average(C, weights=R.sum(0)), abs=1e-12)


def test_entropies_of_matrices_known_by_hand():
    assert disentanglement_of(np.eye(4)) == completeness(np.eye(4)) == 1.0
    assert disentanglement_of(np.ones((3, 3))) == pytest.approx(0.0, abs=1e-12)
    assert disentanglement_of(np.zeros((3, 3))) == completeness(np.zeros((3, 3))) == 0.0
    # two latents for one factor: disentangled, half complete in base 4
    R = np.array([[0.5, 0], [0.5, 0], [0, 0.5], [0, 0.5]])
    assert disentanglement_of(R) == 1.0
    assert completeness(R) == pytest.approx(0.5)
    # a dead latent has no weight in disentanglement
    assert disentanglement_of(np.vstack([np.eye(3), np.zeros(3)])) == 1.0


@pytest.mark.parametrize("trees", ["boosted classifier", "boosted regression"])
def test_oracles(trees, make_truth):
    small = make_truth((2, 3, 3))
    identity = measure(lambda f: f, small, trees=trees)
    assert identity.disentanglement == pytest.approx(1.0, abs=1e-6)
    assert identity.completeness == pytest.approx(1.0, abs=1e-6)
    assert identity.informativeness == 1.0
    rotated = measure(lambda f: small.rotated(f, 4), small, trees=trees)
    assert max(rotated.disentanglement, rotated.completeness) < 0.5
    constant = measure(lambda f: np.ones((len(f), 2)), small, trees=trees)
    assert constant.disentanglement == constant.completeness == 0.0
    chance = constant.scores[2].chance
    assert chance == pytest.approx((1 / 2 + 1 / 3 + 1 / 3) / 3, abs=0.07)
    if trees == "boosted classifier":
        assert constant.informativeness == chance


def test_importances_are_those_of_scikit_learns_trees(make_truth):
    small = make_truth((2, 3))
    from sklearn.ensemble import GradientBoostingClassifier

    found = measure(small.rotated, small, seed=2, train=100)
    rng = np.random.default_rng(2)
    factors, fresh = small.sample_factors(100, rng), small.sample_factors(200, rng)
    for j in range(2):
        trees = GradientBoostingClassifier(random_state=int(rng.integers(2**31)))
        trees.fit(small.rotated(factors), factors[:, j])
        np.testing.assert_allclose(found.importance[:, j], trees.feature_importances_, atol=1e-12)
        assert found.accuracies[j] == trees.score(small.rotated(fresh), fresh[:, j])
        assert found.train_accuracies[j] == trees.score(small.rotated(factors), factors[:, j])


def test_order_sign_and_scale_of_the_latents_do_not_matter(small):
    def other(factors):
        return small.rotated(factors)[:, [2, 0, 1]] * np.array([-0.01, 50.0, 1.0])

    one, two = (measure(each, small, trees="boosted regression") for each in (small.rotated, other))
    assert one.disentanglement == pytest.approx(two.disentanglement, abs=0.02)
    assert one.completeness == pytest.approx(two.completeness, abs=0.02)
    assert one.informativeness == pytest.approx(two.informativeness, abs=0.02)


def test_one_latent_and_one_factor_are_not_defined(small, make_truth):
    scores = measure(lambda f: f[:, :1], small, trees="boosted regression").scores
    assert math.isnan(scores[1].value)
    assert "one latent" in scores[1].why
    scores = measure(lambda f: np.hstack([f, f]), make_truth((4,)), trees="boosted regression").scores
    assert math.isnan(scores[0].value)
    assert "one factor" in scores[0].why
    assert scores[2].value == 1.0


def test_settings_that_cannot_be_used_are_refused(small):
    with pytest.raises(InputError, match="choose from boosted classifier, boosted regression"):
        measure(lambda f: f, small, trees="oak")
    with pytest.raises(InputError, match="had one value in 2 training draws: raise train"):
        measure(lambda f: f, small, seed=2, train=2)
