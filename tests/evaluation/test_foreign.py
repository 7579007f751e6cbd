"""Models of other libraries: what they must be, and what is said when they answer wrongly."""

from __future__ import annotations

import numpy as np
import pytest

from vael.errors import InputError
from vael.evaluation.comparison import ForeignModel, compare

X = np.random.default_rng(0).normal(size=(10, 3))


def model(**given) -> ForeignModel:
    whole = {
        "encode": lambda X: X[:, :2],
        "decode": lambda Z: np.zeros((len(Z), 3)),
        "log_weights": lambda X, k, seed: np.zeros((k, len(X))),
        "latent": 2,
    }
    return ForeignModel(**(whole | given))


def test_it_joins_by_three_functions():
    found = compare({"foreign": model()}, X, samples=130)
    assert found.measure("ln p(x)", "foreign").value == pytest.approx(0, abs=1e-12)
    assert found.measure("reconstruction error", "foreign").value == pytest.approx((X**2).mean())


def test_log_weights_are_asked_for_in_blocks_with_seeds_of_their_own():
    asked: list[tuple[int, int, int]] = []

    def weights(X, k, seed):
        asked.append((len(X), k, seed))
        return np.zeros((k, len(X)))

    compare({"foreign": model(log_weights=weights)}, np.repeat(X, 10, axis=0), samples=130)
    assert [(n, k) for n, k, _ in asked] == [(64, 64), (64, 64), (64, 2), (36, 64), (36, 64), (36, 2)]
    assert len({seed for *_, seed in asked}) == 3  # a block of samples has one seed, whatever the rows


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"latent": 0}, "latent must be >= 1, got 0"),
        ({"log_weights": None, "latent": -1}, "latent must be >= 1, got -1"),
    ],
)
def test_what_is_no_model_is_refused(given, said):
    with pytest.raises(InputError, match=said):
        model(**given)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"encode": lambda X: X}, r"encode must give an array of shape \(10, 2\), but gave \(10, 3\)"),
        ({"encode": lambda X: X[:, :2] * np.nan}, r"encode gave nan at \(0, 0\)"),
        ({"decode": lambda Z: np.zeros((len(Z), 5))}, "decodes to 5 features, but X_test has 3"),
        ({"log_weights": lambda X, k, seed: np.zeros((len(X), k))}, "log_weights must give"),
        ({"log_weights": lambda X, k, seed: np.full((k, len(X)), np.inf)}, "log_weights gave inf"),
    ],
)
def test_wrong_answers_are_named(given, said):
    with pytest.raises(InputError, match=f"model 'foreign': .*{said}"):
        compare({"foreign": model(**given)}, X, samples=4)


def test_an_impossible_row_makes_the_mean_undefined():
    def weights(X, k, seed):
        return np.where(np.arange(len(X)) == 3, -np.inf, 0.0) * np.ones((k, 1))

    found = compare({"one": model(), "foreign": model(log_weights=weights)}, X, samples=4)
    measure = found.measure("ln p(x)", "foreign")
    assert measure.value is None
    assert measure.why == "1 of 10 rows have probability 0 by its samples"
    assert found.difference("ln p(x)", "foreign").mean is None
