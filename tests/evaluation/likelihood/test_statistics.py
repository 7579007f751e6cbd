from __future__ import annotations

import itertools
import json
import math
import warnings

import numpy as np
import pytest
import torch
from scipy.special import digamma, logsumexp

from vael import InputError, VaelWarning
from vael.evaluation.likelihood import LikelihoodEstimate, from_log_weights
from vael.evaluation.likelihood.statistics import collect, row_statistics, trusted

WEIGHTS = np.array([[0.3, 2.0, 1.0], [0.9, 0.1, 1.0], [0.2, 0.4, 1.0], [1.7, 0.1, 1.0]])  # (4, 3)


def quiet(log_w: np.ndarray, **settings: object) -> LikelihoodEstimate:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", VaelWarning)
        return from_log_weights(log_w, **settings)  # pyright: ignore[reportArgumentType]


def test_four_weights_and_three_rows_by_hand() -> None:
    """As many samples as rows would hide swapped axes; the sign is that of ln p."""
    found = quiet(np.log(WEIGHTS) - 90)
    mean = WEIGHTS.mean(0)
    np.testing.assert_allclose(found.estimate, np.log(mean) - 90, rtol=1e-12)
    error = WEIGHTS.std(0, ddof=1) / 2 / mean  # of the mean of 4, relative: the delta method
    np.testing.assert_allclose(found.standard_error, error, atol=1e-8)
    np.testing.assert_allclose(
        found.effective_sample_size, WEIGHTS.sum(0) ** 2 / (WEIGHTS**2).sum(0), rtol=1e-10
    )
    assert found.samples == 4
    assert found.mean == pytest.approx(np.log(mean).mean() - 90)
    assert found.mean_standard_error == pytest.approx(np.log(mean).std(ddof=1) / math.sqrt(3))
    # The noise i moves the mean over rows by the mean of w_i / mean(w).
    moves = (WEIGHTS / mean).mean(1)
    assert found.mean_sampling_error == pytest.approx(moves.std(ddof=1) / 2)


def test_the_sampling_error_of_the_mean_counts_that_rows_share_their_noise() -> None:
    """Rows with one noise are no more exact together than one alone; rows with their own are."""
    rng = np.random.default_rng(0)
    one = 0.3 * rng.normal(size=(400, 1))
    shared = from_log_weights(np.repeat(one, 100, axis=1))
    own = from_log_weights(0.3 * rng.normal(size=(400, 100)))
    assert shared.mean_sampling_error == pytest.approx(shared.standard_error[0], rel=1e-9)
    assert own.mean_sampling_error == pytest.approx(own.standard_error.mean() / 10, rel=0.15)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("spread", [0.2, 3.0, 40.0])
def test_the_jackknife_is_that_of_all_subsets(order: int, spread: float) -> None:
    """Nowozin 2018, eq. 10, with the means over subsets of k - j weights taken one by one."""
    rng = np.random.default_rng(1)
    k = 24
    log_w = spread * rng.normal(size=(k, 3)) - 50
    expected = np.zeros(3)
    for j in range(order + 1):
        c = (-1) ** j * (k - j) ** order / math.factorial(order - j) / math.factorial(j)
        subsets = [np.delete(log_w, list(left), axis=0) for left in itertools.combinations(range(k), j)]
        expected += c * np.mean([logsumexp(s, axis=0) - math.log(k - j) for s in subsets], axis=0)
    np.testing.assert_allclose(quiet(log_w, jackknife=order).estimate, expected, rtol=1e-8)


@pytest.mark.parametrize("order", [1, 2])
def test_the_jackknife_of_few_weights(order: int) -> None:
    """Three weights are the fewest for order 2; equal ones need no correction."""
    assert quiet(np.full((3, 1), -7.0), jackknife=order).estimate[0] == pytest.approx(-7, abs=1e-12)
    with pytest.raises(InputError, match=f"order {order} needs more than {order} samples, got {order}"):
        from_log_weights(np.zeros((order, 2)), jackknife=order)


def test_the_jackknife_takes_the_bias_away_order_by_order() -> None:
    """Exponential weights: their mean is Gamma(k) / k, so E L_k = digamma(k) - ln k, about -1 / (2 k)."""
    k, n = 8, 40000
    log_w = np.log(np.random.default_rng(2).exponential(size=(k, n)))

    def expected(m: int) -> float:
        return digamma(m) - math.log(m)

    bias = [
        expected(k),
        k * expected(k) - (k - 1) * expected(k - 1),
        k**2 / 2 * expected(k) - (k - 1) ** 2 * expected(k - 1) + (k - 2) ** 2 / 2 * expected(k - 2),
    ]
    assert abs(bias[0]) > 0.06
    assert abs(bias[1]) < 0.003
    assert abs(bias[2]) < 0.001
    for order, exact in enumerate(bias):
        found = quiet(log_w, jackknife=order).estimate
        assert found.mean() == pytest.approx(exact, abs=4 * found.std() / math.sqrt(n))


def test_order_two_takes_linear_time_and_agrees_with_pairs_at_many_weights() -> None:
    rng = np.random.default_rng(3)
    log_w = rng.normal(size=(700, 2)) * [1.0, 2.5]
    share = np.exp(log_w - logsumexp(log_w, axis=0))
    k = len(log_w)
    i, j = np.triu_indices(k, 1)
    one = np.log1p(-share).mean(0) - math.log1p(-1 / k)
    two = np.log1p(-share[i] - share[j]).mean(0) - math.log1p(-2 / k)
    expected = logsumexp(log_w, axis=0) - math.log(k) - (k - 1) ** 2 * one + (k - 2) ** 2 / 2 * two
    np.testing.assert_allclose(quiet(log_w, jackknife=2).estimate, expected, atol=1e-7)


def test_rows_join_as_if_they_had_been_one_block() -> None:
    log_w = torch.randn(30, 7, dtype=torch.float64)
    whole = row_statistics(log_w, jackknife=1)
    padded = torch.cat([log_w[:, 4:], torch.full((30, 2), torch.nan, dtype=torch.float64)], 1)
    joined = collect([row_statistics(log_w[:, :4], 1, slice(0, 4)), row_statistics(padded, 1, slice(4, 7))])
    for name in ("estimate", "standard_error", "effective_sample_size", "influence"):
        np.testing.assert_allclose(getattr(joined, name), getattr(whole, name), rtol=1e-9)


def test_what_is_trusted() -> None:
    """A standard error of 0.32 nats: ESS 10 of very many, 6.2 of 16; one sample never."""
    assert trusted(np.array([9.9, 10.1]), 10**9).tolist() == [False, True]
    assert trusted(np.array([6.1, 6.2, 16.0]), 16).tolist() == [False, True, True]
    assert not trusted(np.array([1.0]), 1).any()


def test_few_weights_that_decide_are_warned_of() -> None:
    log_w = np.zeros((1000, 3))
    log_w[5, :2] = 30.0
    with pytest.warns(
        VaelWarning, match=r"of 2 of 3 rows mean little: .* is 1\.0 of 1000, .*more samples, or"
    ):
        found = from_log_weights(log_w)
    assert found.trusted.tolist() == [False, False, True]
    assert "33.3 %" in str(found)
    log_w[5, 0] = 0.0  # most rows are well: no warning, and the row is still marked
    assert from_log_weights(log_w).trusted.tolist() == [True, False, True]


def test_one_sample_has_no_error_and_no_trust() -> None:
    found = quiet(np.array([[-3.0, -5.0]]))
    np.testing.assert_array_equal(found.estimate, [-3, -5])
    assert np.isnan(found.standard_error).all()
    assert not found.trusted.any()
    assert math.isnan(found.mean_sampling_error)
    assert found.to_dict()["mean_sampling_error"] is None
    assert "not defined" in str(found)


def test_a_row_without_probability_is_minus_infinity_and_not_trusted() -> None:
    log_w = np.zeros((20, 3))
    log_w[:, 1] = -np.inf
    log_w[:10, 2] = -np.inf
    found = quiet(log_w, jackknife=1)
    np.testing.assert_allclose(found.estimate[[0, 1]], [0, -np.inf], atol=1e-12)
    np.testing.assert_allclose(found.effective_sample_size[[1, 2]], [0, 10])
    assert found.trusted.tolist() == [True, False, True]
    assert np.isnan(found.standard_error[1])
    assert found.to_dict()["mean"] is None
    json.dumps(found.to_dict(), allow_nan=False)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_weights_that_are_no_numbers_name_their_row(bad: float) -> None:
    log_w = np.zeros((4, 3))
    log_w[1, 2] = bad
    with pytest.raises(InputError, match=f"log-weight of row 2 is {bad} at sample 1"):
        from_log_weights(log_w)


def test_shapes_and_orders_are_checked() -> None:
    with pytest.raises(InputError, match=r"must have shape \(samples, rows\), got \(3,\)"):
        from_log_weights(np.zeros(3))
    with pytest.raises(InputError, match=r"got \(0, 3\)"):
        from_log_weights(np.zeros((0, 3)))
    with pytest.raises(InputError, match="jackknife must be 0, 1 or 2, got 3"):
        from_log_weights(np.zeros((9, 3)), jackknife=3)


def test_bits_a_dimension_are_those_of_a_probability_alone() -> None:
    """Eight fair coins are eight bits."""
    log_w = np.full((20, 2), -8 * math.log(2))
    coins = from_log_weights(log_w, discrete=True, features=8, of="a probability")
    assert coins.bits_per_dimension is not None
    np.testing.assert_allclose(coins.bits_per_dimension, 1.0)
    assert coins.to_dict()["bits_per_dimension"] == pytest.approx(1)
    density = from_log_weights(log_w, features=8)
    assert density.bits_per_dimension is None
    assert density.to_dict()["bits_per_dimension"] is None


def test_the_jacobian_is_counted_once() -> None:
    assert from_log_weights(np.zeros((20, 2)), log_jacobian=-3.5).estimate.tolist() == [-3.5, -3.5]
