"""Reconstruction errors: scikit-learn's scores, perfect and mean reconstructions, bytes."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

from vael.errors import InputError
from vael.evaluation.reconstruction import errors as module
from vael.evaluation.reconstruction import reconstruction_error


def rows(n: int = 60, features: int = 7) -> np.ndarray:
    return np.random.default_rng(0).normal(3.0, 2.0, size=(n, features)) * np.arange(1, features + 1)


def test_scikit_learns_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK", 13)
    X = rows()
    X_hat = X + np.random.default_rng(1).normal(size=X.shape)
    found = reconstruction_error(X, X_hat)
    assert found.mse == pytest.approx(mean_squared_error(X, X_hat), rel=1e-12)
    assert found.rmse == pytest.approx(math.sqrt(mean_squared_error(X, X_hat)), rel=1e-12)
    assert found.mae == pytest.approx(mean_absolute_error(X, X_hat), rel=1e-12)
    assert found.explained == pytest.approx(r2_score(X, X_hat, multioutput="variance_weighted"), rel=1e-12)
    np.testing.assert_allclose(found.squared[5], np.square(X - X_hat)[5].mean(), rtol=1e-12)


def test_perfect_mean_and_bad() -> None:
    X = rows()
    perfect = reconstruction_error(X, X)
    assert (perfect.mse, perfect.mae, perfect.explained) == (0.0, 0.0, 1.0)
    mean = np.broadcast_to(X.mean(axis=0), X.shape)
    assert reconstruction_error(X, mean).explained == pytest.approx(0.0, abs=1e-12)
    assert reconstruction_error(X, -X).explained < 0
    given = reconstruction_error(X, mean, mean_row=np.zeros(7))
    assert given.explained == pytest.approx(1 - X.var(axis=0).sum() / np.square(X).mean(axis=0).sum())


def test_units_scale() -> None:
    X = rows()
    once, ten = reconstruction_error(X, X + 1), reconstruction_error(10 * X, 10 * (X + 1))
    assert ten.mse == pytest.approx(100 * once.mse)
    assert ten.mae == pytest.approx(10 * once.mae)
    assert ten.explained == pytest.approx(once.explained)


def test_bytes_are_numbers() -> None:
    X = np.array([[[0, 255], [10, 20]], [[5, 5], [7, 250]]], dtype=np.uint8)
    X_hat = np.array([[[255, 0], [11, 20]], [[5, 5], [7, 250]]], dtype=np.uint8)
    found = reconstruction_error(X, X_hat, unit="grey levels of 255")
    np.testing.assert_allclose(found.squared, [(2 * 255**2 + 1) / 4, 0.0])
    assert found.features == 4
    assert "grey levels" in str(found)
    json.dumps(found.to_dict())


def test_constant_rows_have_nothing_to_explain() -> None:
    X = np.full((5, 3), 0.1)
    found = reconstruction_error(X, X + 0.2)
    assert found.explained is None
    assert found.why is not None
    assert found.mse == pytest.approx(0.04)
    assert "not defined" in str(found)


@pytest.mark.parametrize(
    ("X", "X_hat", "message"),
    [
        (rows(), rows()[:-1], "shape"),
        (rows(), rows()[:, :-1], "shape"),
        (rows()[0], rows()[0], "rows first"),
        (rows(), np.where(np.eye(60, 7) > 0, np.inf, 0.0), "X_hat has inf in row 0"),
    ],
)
def test_bad_input(X: np.ndarray, X_hat: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        reconstruction_error(X, X_hat)


def test_a_mean_row_of_another_width() -> None:
    with pytest.raises(InputError, match="mean_row"):
        reconstruction_error(rows(), rows(), mean_row=np.zeros(3))
