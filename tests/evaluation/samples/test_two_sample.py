"""Classifier two-sample test: its null law, known accuracies of shifted normals, other classifiers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, norm
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import LinearSVC

from vael.errors import InputError
from vael.evaluation.samples import classifier_two_sample


def test_right_answers_are_fair_coins_under_the_null() -> None:
    rng, draws = np.random.default_rng(0), 300
    results = [
        classifier_two_sample(rng.normal(size=(60, 3)), rng.normal(size=(60, 3)), random_state=i)
        for i in range(draws)
    ]
    right = np.array([round(r.accuracy * r.n_test) for r in results])
    assert {r.n_test for r in results} == {60}
    for threshold in (25, 28, 30, 32, 35):
        share = binom.cdf(threshold, 60, 0.5)
        assert (right <= threshold).mean() == pytest.approx(
            share, abs=4 * np.sqrt(share * (1 - share) / draws)
        )
    p = np.array([r.p_value for r in results])
    np.testing.assert_allclose(p, binom.sf(right - 1, 60, 0.5))
    assert np.mean([r.auc for r in results]) == pytest.approx(0.5, abs=0.02)


def test_shifted_normals_have_the_accuracy_and_auc_of_the_best_classifier() -> None:
    rng, shift, n = np.random.default_rng(1), 1.0, 8000
    X, Y = rng.normal(size=(n, 2)), rng.normal(size=(n, 2))
    Y[:, 0] += shift
    result = classifier_two_sample(X, Y)
    assert result.accuracy == pytest.approx(norm.cdf(shift / 2), abs=0.02)
    assert result.auc == pytest.approx(norm.cdf(shift / np.sqrt(2)), abs=0.02)
    assert result.p_value < 1e-100
    assert (result.n_train, result.n_test) == (n, n)


def test_what_one_classifier_misses_another_sees() -> None:
    rng = np.random.default_rng(2)
    X, Y = rng.normal(size=(500, 2)), 3 * rng.normal(size=(500, 2))
    assert classifier_two_sample(X, Y).p_value > 1e-3
    seen = classifier_two_sample(X, Y, classifier=KNeighborsClassifier(15))
    assert seen.p_value < 1e-20
    assert seen.classifier == "KNeighborsClassifier"
    assert seen.auc is not None
    assert seen.auc > 0.8


def test_one_seed_gives_one_result_and_the_classifier_stays_unfitted() -> None:
    rng = np.random.default_rng(3)
    X, Y = rng.normal(size=(40, 3)), rng.normal(size=(40, 3)) + 0.5
    forest = RandomForestClassifier(10)
    first, second = (classifier_two_sample(X, Y, classifier=forest, random_state=4) for _ in range(2))
    assert first == second
    assert not hasattr(forest, "estimators_")
    assert forest.random_state is None


def test_a_classifier_without_scores_has_no_auc() -> None:
    class Silent(KNeighborsClassifier):
        predict_proba = property()

    rng = np.random.default_rng(4)
    X, Y = rng.normal(size=(40, 3)), rng.normal(size=(40, 3))
    result = classifier_two_sample(X, Y, classifier=Silent(3))
    assert result.auc is None
    assert "not defined" in str(result)
    assert classifier_two_sample(X, Y, classifier=LinearSVC()).auc is not None


def test_constant_rows_cannot_be_told_apart() -> None:
    same = np.ones((20, 3))
    result = classifier_two_sample(same, same)
    assert result.accuracy == 0.5
    assert result.p_value > 0.5


def test_what_cannot_be_tested_is_refused() -> None:
    good = np.random.default_rng(5).normal(size=(20, 3))
    with pytest.raises(InputError, match="X has 20 rows and Y has 12"):
        classifier_two_sample(good, good[:12])
    with pytest.raises(InputError, match="minimum of 10"):
        classifier_two_sample(good[:9], good[:9])
    with pytest.raises(InputError, match="3 features a row and Y has 2"):
        classifier_two_sample(good, good[:, :2])
    with pytest.raises(InputError, match="test_fraction must leave rows"):
        classifier_two_sample(good, good, test_fraction=1.0)
    with pytest.raises(InputError, match="classifier of scikit-learn, got LinearRegression"):
        classifier_two_sample(good, good, classifier=LinearRegression())
