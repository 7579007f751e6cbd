"""The classifier trained on the spot: its accuracy is honest, its features are steady."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from vael.errors import InputError
from vael.evaluation.samples import ClassifierFeatures, FeatureExtractor


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    return load_digits(return_X_y=True)


@pytest.fixture(scope="module")
def features(digits: tuple[np.ndarray, np.ndarray]) -> ClassifierFeatures:
    X, y = digits
    return ClassifierFeatures.fit(X[:1400], y[:1400], (8, 8), epochs=8)


def test_accuracy_is_that_on_rows_of_no_part_in_training(
    features: ClassifierFeatures, digits: tuple[np.ndarray, np.ndarray]
) -> None:
    X, y = digits
    fresh = (features.predict_classes(X[1400:]) == y[1400:]).mean()
    assert features.accuracy > 0.93
    assert fresh > 0.88
    assert (features.n_train, features.n_test) == (1120, 280)
    percent = f"{100 * features.accuracy:.1f}"
    assert features.name == f"features of a convolutional classifier, test accuracy {percent} %"


def test_accuracy_of_labels_that_mean_nothing_is_chance(digits: tuple[np.ndarray, np.ndarray]) -> None:
    X, y = digits
    shuffled = np.random.default_rng(0).permutation(y)
    assert ClassifierFeatures.fit(X, shuffled, (8, 8), epochs=2).accuracy < 0.2


def test_features_are_the_last_hidden_layer(
    features: ClassifierFeatures, digits: tuple[np.ndarray, np.ndarray]
) -> None:
    X = digits[0][:10]
    last = features.network[-1]
    hidden = torch.from_numpy(features(X))
    assert hidden.shape == (10, 64)
    scores = last(hidden).numpy()
    np.testing.assert_array_equal(scores.argmax(axis=1), features.predict_classes(X))
    assert isinstance(features, FeatureExtractor)


def test_features_of_a_row_do_not_depend_on_the_rows_beside(
    features: ClassifierFeatures, digits: tuple[np.ndarray, np.ndarray]
) -> None:
    X = digits[0]
    whole = features(X)
    np.testing.assert_array_equal(features(X[300:301]), whole[300:301])
    np.testing.assert_array_equal(features(X.reshape(-1, 8, 8)[::-1])[::-1], whole)


def test_one_seed_gives_one_network_and_leaves_the_global_state(
    digits: tuple[np.ndarray, np.ndarray],
) -> None:
    X, y = digits[0][:200], digits[1][:200]
    before = torch.get_rng_state()
    first, second, third = (ClassifierFeatures.fit(X, y, epochs=1, random_state=s)(X) for s in (3, 3, 4))
    assert torch.equal(torch.get_rng_state(), before)
    np.testing.assert_array_equal(first, second)
    assert (first != third).any()


def test_rows_of_a_table_get_an_mlp_whatever_their_unit() -> None:
    rng = np.random.default_rng(0)
    y = np.repeat(["a", "b", "c"], 200)
    X = rng.normal(size=(600, 5)) + 3 * np.repeat(np.eye(3, 5), 200, axis=0)
    features = ClassifierFeatures.fit(1e6 * X, y, width=8, epochs=20)
    assert features.kind == "MLP"
    assert features.accuracy > 0.9
    assert features(1e6 * X).shape == (600, 8)


def test_what_cannot_be_trained_is_refused(
    features: ClassifierFeatures, digits: tuple[np.ndarray, np.ndarray]
) -> None:
    X, y = digits[0][:50], digits[1][:50]
    with pytest.raises(InputError, match="two classes or more, got 1"):
        ClassifierFeatures.fit(X, np.zeros(50))
    with pytest.raises(InputError, match=r"X has 64 features a row and image_shape \(9, 9\) has 81"):
        ClassifierFeatures.fit(X, y, (9, 9))
    with pytest.raises(InputError, match="test_fraction must be between 0 and 1"):
        ClassifierFeatures.fit(X, y, test_fraction=0.0)
    with pytest.raises(InputError, match="epochs must be 1 or more"):
        ClassifierFeatures.fit(X, y, epochs=0)
    with pytest.raises(InputError, match="50 rows"):
        ClassifierFeatures.fit(X, y[:40])
    with pytest.raises(InputError, match="X has 63 features a row, but the classifier takes 64"):
        features(X[:, :63])
