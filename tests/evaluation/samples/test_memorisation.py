"""Nearest training rows: SciPy's Mann-Whitney, null laws, copies found, the smooth not accused."""

from __future__ import annotations

import json
from itertools import combinations

import numpy as np
import pytest
from scipy.stats import mannwhitneyu, norm

from vael.errors import InputError, VaelWarning
from vael.evaluation.samples import data_copying_z, nearest_training_rows
from vael.evaluation.samples.distances import nearest


def law(n: int, seed: int, features: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, features))


def test_statistic_is_the_formula_of_the_paper() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.exponential(size=30), rng.exponential(1.3, size=40)
    wins = sum(x > y for x in a for y in b)
    expected = (wins - 30 * 40 / 2) / np.sqrt(30 * 40 * 71 / 12)
    assert data_copying_z(a, b) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("ties", [False, True])
def test_statistic_is_that_of_scipy(ties: bool) -> None:
    rng = np.random.default_rng(1)
    a, b = rng.exponential(size=50), rng.exponential(size=70)
    if ties:
        a, b = np.round(a), np.round(b)
    expected = mannwhitneyu(a, b, alternative="less", method="asymptotic", use_continuity=False).pvalue
    z = data_copying_z(a, b)
    assert z is not None
    assert norm.cdf(z) == pytest.approx(expected, rel=1e-10)
    assert data_copying_z(np.ones(4), np.ones(6)) is None


def test_fresh_rows_pass_both_tests_as_often_as_they_should() -> None:
    found = [
        nearest_training_rows(law(60, 3 * i), law(90, 3 * i + 1), law(50, 3 * i + 2), permutations=99)
        for i in range(200)
    ]
    z = np.array([r.copying_z for r in found], float)
    assert z.mean() == pytest.approx(0, abs=4 / np.sqrt(200))
    assert z.std() == pytest.approx(1, abs=0.2)
    share = np.array([r.training_share for r in found])
    assert share.mean() == pytest.approx(90 / 140, abs=4 * share.std() / np.sqrt(200))
    assert found[0].expected_training_share == 90 / 140
    p = np.array([r.training_p_value for r in found])
    for level in (0.1, 0.3, 0.5):
        assert (p <= level).mean() == pytest.approx(level, abs=4 * np.sqrt(level * (1 - level) / 200))
    nearer = np.array([r.share_nearer for r in found])
    assert nearer.mean() == pytest.approx(0.05, abs=0.02)


def test_copies_are_found() -> None:
    train, held_out = law(300, 0), law(200, 1)
    copies = train[np.random.default_rng(2).integers(300, size=200)]
    result = nearest_training_rows(copies, train, held_out)
    assert result.share_copies == 1
    assert result.share_nearer == 1
    assert result.ratio == 0
    assert result.copying_z is not None
    assert result.copying_z < -15
    assert result.training_share == 1
    assert result.training_p_value == 1 / 500
    np.testing.assert_array_equal(train[result.indices[:, 0]], copies)
    noisy = nearest_training_rows(copies + 0.1 * law(200, 3), train, held_out)
    assert noisy.share_copies == 0
    assert noisy.copying_p_value is not None
    assert noisy.copying_p_value < 1e-6
    assert noisy.training_p_value == 1 / 500


def test_one_copied_half_is_found_beside_fresh_rows() -> None:
    train, held_out = law(300, 4), law(200, 5)
    mixed = np.concatenate([train[:100], law(100, 6)])
    result = nearest_training_rows(mixed, train, held_out)
    assert result.share_copies == 0.5
    assert result.share_nearer > 0.5
    assert result.training_p_value == 1 / 500


def test_smooth_samples_lie_near_but_are_not_called_copies() -> None:
    train, held_out = law(300, 7), law(300, 8)
    smooth = 0.3 * law(300, 9)
    result = nearest_training_rows(smooth, train, held_out)
    assert result.copying_z is not None
    assert result.copying_z < -5
    assert result.training_p_value > 0.05


def test_permutation_p_value_is_that_of_all_permutations() -> None:
    samples, train, held_out = law(9, 10, 2), law(4, 11, 2), law(3, 12, 2)
    result = nearest_training_rows(samples, train, held_out, permutations=4000)
    winner = nearest(samples, np.concatenate([train, held_out]), 1).indices[:, 0]
    assert result.training_share == (winner < 4).mean()
    shares = np.array([np.isin(winner, names).mean() for names in combinations(range(7), 4)])
    exact = (shares >= result.training_share).mean()
    assert result.training_p_value == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 4000))


def test_rows_in_both_count_half() -> None:
    rows = law(20, 13)
    with pytest.warns(VaelWarning, match="20 of 20 held-out rows are training rows"):
        result = nearest_training_rows(law(30, 14), rows, rows)
    assert result.training_share == 0.5
    assert result.ratio is None
    assert "not defined" in str(result)


def test_neighbours_and_numbers_are_handed_on() -> None:
    result = nearest_training_rows(law(12, 15), law(40, 16), law(30, 17), k=3, percentile=20.0)
    assert result.indices.shape == result.distances.shape == (12, 3)
    assert (np.diff(result.distances, axis=1) >= 0).all()
    record = json.loads(json.dumps(result.to_dict()))
    assert record["distance_quantiles"]["0.5"] == pytest.approx(np.median(result.distances[:, 0]))
    assert (record["n"], record["n_held_out"], record["n_train"]) == (12, 30, 40)
    assert "samples nearer than 20 % of held-out rows" in str(result)


def test_what_cannot_be_compared_is_refused() -> None:
    good = law(20, 18)
    with pytest.raises(InputError, match="k must be between 1 and the number of training rows, 20"):
        nearest_training_rows(good, good, good, k=21)
    with pytest.raises(InputError, match="percentile must be between 0 and 100"):
        nearest_training_rows(good, good, good, percentile=0.0)
    with pytest.raises(InputError, match="permutations must be 1 or more"):
        nearest_training_rows(good, good, good, permutations=0)
    with pytest.raises(InputError, match="samples has 3 features a row and train has 5"):
        nearest_training_rows(good[:, :3], good, good)
    with pytest.raises(InputError, match="held_out is empty"):
        nearest_training_rows(good, good, good[:0])
