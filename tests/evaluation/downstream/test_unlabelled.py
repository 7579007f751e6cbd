"""Error against unlabelled rows: paired draws, nested rows, errors of means, bad input."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier

from vael.errors import InputError
from vael.evaluation.downstream.label_draws import balanced_subsets
from vael.evaluation.downstream.probe_methods import Inductive
from vael.evaluation.downstream.repeated import crossed_standard_error
from vael.evaluation.downstream.unlabelled import unlabelled_curve
from vael.evaluation.downstream.unlabelled_table import UnlabelledCurve


def rows(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two classes apart along the direction of most variance, in much noise of many directions."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, size=n)
    return np.c_[rng.normal(size=(n, 1)) + 6.0 * y[:, None], 1.8 * rng.normal(size=(n, 60))], y


@pytest.fixture(scope="module")
def data():
    return (*rows(1200, 0), *rows(500, 1))


@pytest.fixture(scope="module")
def curve(data) -> UnlabelledCurve:
    return unlabelled_curve(
        lambda X: PCA(1).fit(X),
        *data,
        sizes=(1200, 8),
        labels=10,
        draws=12,
        fits=3,
        methods=("logistic regression", "1-NN"),
    )


def test_more_unlabelled_rows_find_the_direction(curve: UnlabelledCurve) -> None:
    assert [row.rows for row in curve.rows] == [None, None, 8, 8, 1200, 1200]
    for method in ("logistic regression", "1-NN"):
        few, many = curve.row(8, method), curve.row(1200, method)
        assert many.mean < 0.02
        assert few.mean > many.mean + 0.05
        assert many.gain == pytest.approx(curve.row(None, method).mean - many.mean)
        assert many.gain_standard_error is not None
        assert many.gain > 5 * many.gain_standard_error
        assert (many.features, curve.row(None, method).features) == (1, 61)


def test_labelled_rows_are_the_same_for_every_size_and_draw_alone_decides(data) -> None:
    X, y, T, t = data
    seen: list[tuple[float, ...]] = []

    class Spy(KNeighborsClassifier):
        def fit(self, X, y):
            seen.append(tuple(X[:, 0]))
            return super().fit(X, y)

    spy = Inductive("spy", lambda _: Spy(1))
    alone = {"labels": 20, "draws": 4, "methods": [spy]}
    curve = unlabelled_curve(lambda X: lambda new: new, X, y, T, t, sizes=(5, 50, 1200), **alone)
    draws = np.array(seen).reshape(4, 4, 20)  # the raw rows and three sizes
    assert (draws == draws[0]).all()
    expected = [draw[20] for draw in balanced_subsets(y, [20], draws=4, random_state=0)]
    np.testing.assert_array_equal(draws[0], X[np.array(expected), 0])
    # An identity learns nothing from any number of rows.
    for size in (5, 50, 1200):
        assert curve.row(size).errors == (curve.row(None).errors[0],)
        assert curve.row(size).gain == 0
    model = KNeighborsClassifier(1).fit(X[expected[0]], y[expected[0]])
    assert curve.row(5).errors[0][0] == pytest.approx(1 - model.score(T, t))
    other = unlabelled_curve(lambda X: PCA(1).fit(X), X, y, T, t, sizes=(1200,), **alone)
    assert other.row(None).errors == curve.row(None).errors


def test_smaller_sets_are_part_of_larger_ones_and_fits_see_other_rows(data) -> None:
    X, y, T, t = data
    seen: list[np.ndarray] = []

    def make(subset: np.ndarray) -> PCA:
        seen.append(subset)
        return PCA(1).fit(subset)

    unlabelled_curve(make, X, y, T, t, sizes=(10, 40), labels=10, draws=1, fits=2)
    first, second, wide, other = seen
    assert (first == wide[:10]).all()
    assert (second == other[:10]).all()
    assert len(np.unique(wide, axis=0)) == 40
    assert (first != second).any()


def test_the_order_of_test_rows_does_not_matter(data, curve: UnlabelledCurve) -> None:
    X, y, T, t = data
    mixed = np.random.default_rng(3).permutation(len(t))
    again = unlabelled_curve(
        lambda X: PCA(1).fit(X), X, y, T[mixed], t[mixed], sizes=(8,), labels=10, draws=12, fits=3
    )
    np.testing.assert_allclose(again.row(8).errors, curve.row(8).errors, atol=1e-12)


def test_error_of_a_crossed_mean_is_the_spread_of_simulated_means() -> None:
    rng = np.random.default_rng(4)
    tables = rng.normal(size=(2000, 4, 1)) + 2 * rng.normal(size=(2000, 1, 9))
    tables += 0.3 * rng.normal(size=(2000, 4, 9))
    errors = np.array([crossed_standard_error(table) for table in tables])
    # rows 1 / 4, columns 4 / 9, the rest 0.09 / 36
    assert tables.mean(axis=(1, 2)).std(ddof=1) == pytest.approx(np.sqrt(1 / 4 + 4 / 9 + 0.0025), rel=0.05)
    assert np.sqrt(np.square(errors).mean()) == pytest.approx(np.sqrt(1 / 4 + 4 / 9 + 0.0025), rel=0.05)
    one_fit = rng.normal(size=(1, 9))
    assert crossed_standard_error(one_fit) == pytest.approx(one_fit.std(ddof=1) / 3)
    assert crossed_standard_error(one_fit.T) == pytest.approx(one_fit.std(ddof=1) / 3)
    assert crossed_standard_error(np.ones((1, 1))) is None


def test_curve_as_text_rows_and_json(curve: UnlabelledCurve) -> None:
    text = str(curve)
    row = curve.row(8)
    assert f"{100 * row.mean:.1f} ± {100 * row.standard_error:.1f}" in text
    assert "12 draws of labels and 3 fits" in text
    record = json.loads(json.dumps(curve.to_dict(), allow_nan=False))
    assert record["rows"][2]["errors"] == [list(fit) for fit in row.errors]
    flat = curve.to_rows()
    assert (flat[2]["unlabelled"], flat[2]["error"]) == (8, row.mean)
    assert flat[0]["fit_seconds"] is None


def test_images_of_bytes_are_taken_as_they_are() -> None:
    X, y = rows(200, 5)
    images = np.clip(128 + 10 * X[:, :60], 0, 255).astype(np.uint8).reshape(200, 6, 10)

    def make(subset: np.ndarray):
        assert subset.dtype == np.uint8
        assert subset.shape[1:] == (6, 10)
        return lambda new: new.reshape(len(new), -1)[:, :1] / 255

    found = unlabelled_curve(make, images[:150], y[:150], images[150:], y[150:], sizes=(20,), labels=10)
    assert found.row(20).mean < 0.1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sizes": (10, 1300)}, "a size of 1300 is more than the 1200 training rows"),
        ({"sizes": ()}, "sizes must be one or more"),
        ({"sizes": (0, 10)}, "sizes must be one or more"),
        ({"labels": 1}, "1 labels are too few for 2 classes"),
        ({"labels": 1199}, "labels need 600 training rows of each"),
        ({"draws": 0}, "draws and fits must be >= 1"),
        ({"methods": ["k-means"]}, "k-means does not learn from labelled rows alone"),
        ({"methods": ["label spreading"]}, "label spreading does not learn"),
        ({"methods": []}, "at least one method"),
        ({"make": lambda X: PCA(1)}, "returned PCA before it was fitted"),
        ({"make": lambda X: None}, "returned NoneType"),
        ({"make": lambda X: lambda new: np.full((len(new), 1), np.nan)}, "fitted to 10 rows: the train"),
        ({"y": np.zeros(1200, int), "y_test": np.zeros(500, int)}, "all training rows are of class 0"),
        ({"y": np.r_[1, np.zeros(1199, int)]}, "but class 1 has 1: ask for at most 2"),
        ({"y": np.full(1200, np.nan)}, "the label of training row 0 is NaN"),
        ({"X": np.full((1200, 61), np.nan)}, "raw rows: the train matrix has nan in row 0, column 0"),
        ({"X": np.zeros(1200)}, "must be rows of features"),
        ({"X_test": np.zeros((500, 3))}, "61 features in train, 3 in test"),
    ],
)
def test_bad_input_is_one_clear_error(data, change, message: str) -> None:
    given = dict(zip(("X", "y", "X_test", "y_test"), data, strict=True))
    given |= {"make": lambda X: PCA(1).fit(X), "sizes": (10,), "labels": 10, "draws": 1} | change
    with pytest.raises(InputError, match=message):
        unlabelled_curve(**given)


def test_constant_features_leave_the_error_at_chance(data) -> None:
    X, y, T, t = data
    found = unlabelled_curve(
        lambda rows: lambda new: 0 * new[:, :2], 0 * X, y, 0 * T, t, sizes=(9,), labels=10
    )
    for row in found.rows:
        assert set(row.errors[0]) <= {float((t == 0).mean()), float((t == 1).mean())}
