"""Frechet distance: closed forms, SciPy's matrix square root, singular covariances."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import sqrtm

from vael.errors import InputError, VaelWarning
from vael.evaluation.samples import frechet_distance, gaussian_frechet


def by_scipy(X: np.ndarray, Y: np.ndarray) -> float:
    C, D = np.cov(X.T), np.cov(Y.T)
    difference = X.mean(axis=0) - Y.mean(axis=0)
    return float(difference @ difference + np.trace(C + D - 2 * np.real(sqrtm(C @ D))))


def test_one_feature_has_a_closed_form() -> None:
    rng = np.random.default_rng(0)
    X, Y = rng.normal(2, 3, (50, 1)), rng.normal(-1, 0.5, (70, 1))
    expected = (X.mean() - Y.mean()) ** 2 + (X.std(ddof=1) - Y.std(ddof=1)) ** 2
    result = frechet_distance(X, Y)
    assert result.value == pytest.approx(expected, rel=1e-12)
    assert result.mean_term == pytest.approx((X.mean() - Y.mean()) ** 2)
    assert (result.n_x, result.n_y, result.features) == (50, 70, 1)


def test_many_features_agree_with_scipy() -> None:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(200, 12)) @ rng.normal(size=(12, 12))
    Y = 1 + rng.normal(size=(150, 12)) @ rng.normal(size=(12, 12))
    result = frechet_distance(X, Y)
    assert result.value == pytest.approx(by_scipy(X, Y), rel=1e-10)
    assert frechet_distance(Y, X).value == pytest.approx(result.value, rel=1e-12)
    turn = np.linalg.qr(rng.normal(size=(12, 12)))[0]
    assert frechet_distance(X @ turn - 5, Y @ turn - 5).value == pytest.approx(result.value, rel=1e-9)


def test_samples_of_known_gaussians_come_near_the_known_distance() -> None:
    rng = np.random.default_rng(2)
    deviations, other = np.array([1.0, 2.0, 0.5]), np.array([1.5, 1.0, 0.5])
    mean = np.array([0.0, 1.0, 0.0])
    exact = gaussian_frechet(np.zeros(3), np.diag(deviations**2), mean, np.diag(other**2))
    assert exact == pytest.approx(1 + np.square(deviations - other).sum(), rel=1e-12)
    X, Y = rng.normal(size=(40_000, 3)) * deviations, mean + rng.normal(size=(40_000, 3)) * other
    assert frechet_distance(X, Y).value == pytest.approx(exact, rel=0.03)


def test_a_sample_is_at_zero_from_itself() -> None:
    X = 1e3 + np.random.default_rng(3).normal(size=(60, 20))
    assert frechet_distance(X, X[::-1]).value == pytest.approx(0, abs=1e-10)


def test_constant_features_are_defined_and_told() -> None:
    rng = np.random.default_rng(4)
    X, Y = rng.normal(size=(50, 3)), rng.normal(size=(50, 3))
    padded_x, padded_y = np.insert(X, 1, 0.1, axis=1), np.insert(Y, 1, 2.1, axis=1)
    with pytest.warns(VaelWarning, match="rank of the covariance 3 of 4 in the first sample"):
        result = frechet_distance(padded_x, padded_y)
    assert result.value == pytest.approx(frechet_distance(X, Y).value + 4, rel=1e-12)
    assert (result.rank_x, result.rank_y) == (3, 3)
    assert "constant" in str(result)


def test_fewer_rows_than_features_are_told() -> None:
    rng = np.random.default_rng(5)
    X, Y = rng.normal(size=(8, 12)), rng.normal(size=(30, 12))
    with pytest.warns(VaelWarning, match="no more rows than features"):
        result = frechet_distance(X, Y)
    assert result.value == pytest.approx(by_scipy(X, Y), rel=1e-6)
    assert (result.rank_x, result.rank_y) == (7, 12)


def test_two_points_are_their_distance_apart() -> None:
    with pytest.warns(VaelWarning, match="singular"):
        result = frechet_distance(np.full((5, 2), 0.1), np.full((5, 2), 1.1))
    assert result.value == pytest.approx(2.0, rel=1e-12)
    assert result.covariance_term == 0


def test_features_are_named_with_the_number() -> None:
    rng = np.random.default_rng(6)

    def sums(X: np.ndarray) -> np.ndarray:
        return X.sum(axis=1, keepdims=True)

    X, Y = rng.normal(size=(30, 4)), rng.normal(size=(30, 4))
    result = frechet_distance(X, Y, features=sums)
    assert result.value == pytest.approx(frechet_distance(sums(X), sums(Y)).value)
    assert result.label == "Frechet distance, features of sums"
    assert frechet_distance(X, Y).label == "Frechet distance, rows as given"


def test_what_has_no_distance_is_refused() -> None:
    good = np.random.default_rng(7).normal(size=(20, 3))
    with pytest.raises(InputError, match="minimum of 2"):
        frechet_distance(good[:1], good)
    with pytest.raises(InputError, match="3 features a row and Y has 2"):
        frechet_distance(good, good[:, :2])
    with pytest.raises(InputError, match="the features of X contains NaN"):
        frechet_distance(good, good, features=lambda X: X * np.nan)
    with pytest.raises(InputError, match="gave 1 rows for the 20 of X"):
        frechet_distance(good, good, features=lambda X: X[:1])
