"""MMD: the formula as a double loop, unbiased at 0, p-values uniform where both laws are one."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy import stats

from vael.errors import InputError
from vael.evaluation import mmd as module
from vael.evaluation.mmd import median_distance, mmd


def rows(n: int, features: int, seed: int, shift: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(shift, 1.0, size=(n, features))


def direct(X: np.ndarray, Y: np.ndarray, widths: list[float]) -> float:
    """Gretton 2012, eq. 3, term by term."""

    def k(a: np.ndarray, b: np.ndarray) -> float:
        return sum(math.exp(-float(((a - b) ** 2).sum()) / (2 * h**2)) for h in widths) / len(widths)

    n, m = len(X), len(Y)
    within_x = sum(k(X[i], X[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    within_y = sum(k(Y[i], Y[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    return within_x + within_y - 2 * sum(k(a, b) for a in X for b in Y) / (n * m)


@pytest.mark.parametrize("widths", [[1.3], [0.5, 1.0, 4.0]])
def test_the_double_loop(widths: list[float]) -> None:
    X, Y = 100 + rows(13, 3, 0), 100 + rows(9, 3, 1, shift=0.7)
    found = mmd(X, Y, bandwidth=widths, permutations=0)
    assert mmd(X, Y, bandwidth=2, permutations=0).bandwidth == (2.0,)
    assert found.estimate == pytest.approx(direct(X, Y, widths), abs=1e-12)
    assert found.p_value is None
    assert found.bandwidth == tuple(widths)


def test_relabellings_are_the_statistic_of_relabelled_rows() -> None:
    X, Y = rows(6, 2, 0), rows(7, 2, 1)
    pooled = np.concatenate([X, Y])
    labels = np.zeros((13, 3))
    labels[:6, 0] = labels[[0, 2, 4, 6, 8, 10], 1] = labels[7:, 2] = 1.0
    found = module._estimates(pooled, labels, (1.1,))
    again = [direct(pooled[column == 1], pooled[column == 0], [1.1]) for column in labels.T]
    np.testing.assert_allclose(found, again, atol=1e-12)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    X, Y = rows(40, 3, 0), rows(30, 3, 1)
    whole = mmd(X, Y)
    monkeypatch.setattr(module, "BLOCK", 7 * 70)
    parts = mmd(X, Y)
    assert parts.estimate == pytest.approx(whole.estimate, abs=1e-14)
    assert parts.p_value == whole.p_value


def test_the_median_is_of_distances_between_rows_that_differ() -> None:
    X, Y = rows(20, 4, 0), rows(15, 4, 1)
    pooled = np.concatenate([X, Y])
    apart = [np.linalg.norm(a - b) for i, a in enumerate(pooled) for b in pooled[:i]]
    assert mmd(X, Y).bandwidth[0] == pytest.approx(float(np.median(apart)), rel=1e-12)
    doubled = np.repeat(np.array([[0.0], [3.0], [3.0]]), 4, axis=0)
    assert median_distance(doubled, np.random.default_rng(0)) == pytest.approx(3.0)


def test_unbiased_at_zero_and_p_values_uniform_where_both_laws_are_one() -> None:
    found = [mmd(rows(30, 2, 2 * s), rows(20, 2, 2 * s + 1), permutations=99) for s in range(300)]
    estimates = np.array([f.estimate for f in found])
    assert abs(estimates.mean()) < 3 * estimates.std() / math.sqrt(len(found))
    assert estimates.min() < 0
    p = np.array([f.p_value for f in found])
    assert p.min() >= 0.01
    # The p-value takes 100 values: jitter within its cell makes it continuous.
    jittered = p - np.random.default_rng(0).uniform(0, 0.01, len(p))
    assert stats.kstest(jittered, "uniform").pvalue > 0.01
    assert (p <= 0.05).mean() == pytest.approx(0.05, abs=0.035)


def test_agrees_with_the_population_value_of_two_normals() -> None:
    # E exp(-|d|^2 / 2h^2) with d ~ N(delta, v) is h / sqrt(h^2 + v) exp(-delta^2 / 2(h^2 + v)), v = 2.
    h, delta = 1.0, 1.0
    peak = h / math.sqrt(h**2 + 2)
    exact = 2 * peak * (1 - math.exp(-(delta**2) / (2 * (h**2 + 2))))
    draws = [
        mmd(rows(200, 1, 2 * s), rows(200, 1, 2 * s + 1, delta), bandwidth=h, permutations=0).estimate
        for s in range(60)
    ]
    assert np.mean(draws) == pytest.approx(exact, abs=4 * np.std(draws) / math.sqrt(len(draws)))
    assert np.std(draws) < exact / 3


def test_tells_two_laws_apart() -> None:
    found = mmd(rows(100, 2, 0), rows(80, 2, 1, shift=0.8))
    assert found.p_value == pytest.approx(1 / 201)
    swapped = mmd(rows(80, 2, 1, shift=0.8), rows(100, 2, 0), permutations=0)
    assert swapped.estimate == pytest.approx(found.estimate, abs=1e-12)


def test_a_translation_and_a_rotation_change_nothing() -> None:
    X, Y = rows(30, 3, 0), rows(25, 3, 1, shift=0.5)
    turn = np.linalg.qr(rows(3, 3, 9))[0]
    moved = mmd(X @ turn + 50, Y @ turn + 50)
    assert moved.estimate == pytest.approx(mmd(X, Y).estimate, abs=1e-10)
    assert moved.p_value == mmd(X, Y).p_value


def test_images_and_bytes() -> None:
    X = np.random.default_rng(0).integers(0, 256, (12, 4, 4), dtype=np.uint8)
    Y = np.random.default_rng(1).integers(0, 200, (12, 4, 4), dtype=np.uint8)
    flat = mmd(X.reshape(12, 16).astype(float), Y.reshape(12, 16).astype(float))
    assert mmd(X, Y) == flat


def test_the_same_state_gives_the_same_answer_and_it_is_json() -> None:
    X, Y = rows(2100, 1, 0), rows(20, 1, 1)
    first = mmd(X, Y, permutations=20, random_state=3)
    assert first == mmd(X, Y, permutations=20, random_state=3)
    assert json.loads(json.dumps(first.to_dict()))["estimate"] == first.estimate
    assert "20 relabellings" in str(first)
    assert f"{first.estimate:.6f}" in str(first)


@pytest.mark.parametrize(
    ("X", "Y", "message"),
    [
        (rows(4, 2, 0), rows(9, 2, 1), "X has 4 rows"),
        (rows(9, 2, 0), rows(9, 3, 1), "2 features"),
        (np.ones((9, 2)), np.ones((9, 2)), "all rows of X and Y are the same"),
        (rows(9, 2, 0), np.where(np.eye(9, 2) > 0, np.nan, 0.0), "Y holds nan at row 0"),
        (rows(9, 2, 0)[:, 0], rows(9, 2, 1), "rows first"),
    ],
)
def test_bad_rows(X: np.ndarray, Y: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        mmd(X, Y)


@pytest.mark.parametrize("bandwidth", ["mean", 0.0, -1.0, [1.0, math.inf], []])
def test_bad_bandwidths(bandwidth: object) -> None:
    with pytest.raises(InputError, match="bandwidth"):
        mmd(rows(9, 2, 0), rows(9, 2, 1), bandwidth=bandwidth)


def test_bad_permutations() -> None:
    with pytest.raises(InputError, match="permutations"):
        mmd(rows(9, 2, 0), rows(9, 2, 1), permutations=-1)
