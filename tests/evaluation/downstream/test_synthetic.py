"""Use of generated rows: generators whose worth is known, and bad input."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

from vael.errors import InputError
from vael.evaluation.downstream.label_draws import balanced_subsets
from vael.evaluation.downstream.synthetic import synthetic_use


@dataclass
class Resampler:
    """Repeats its training rows."""

    rows: np.ndarray

    def sample(self, n: int, *, random_state: int) -> np.ndarray:
        return self.rows[np.random.default_rng(random_state).integers(0, len(self.rows), size=n)]


@dataclass
class Noise:
    """Knows no class."""

    rows: np.ndarray

    def sample(self, n: int, *, random_state: int) -> np.ndarray:
        return np.random.default_rng(random_state).normal(2.0, 3.0, size=(n, *self.rows.shape[1:]))


@dataclass
class Gaussian:
    """The true law of a class, by its mean and the variance that is known to be 1."""

    rows: np.ndarray

    def sample(self, n: int, *, random_state: int) -> np.ndarray:
        mean = self.rows.mean(axis=0)
        return mean + np.random.default_rng(random_state).normal(size=(n, *mean.shape))


def blobs(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, size=n)
    return rng.normal(size=(n, 4)) + y[:, None], y


BAYES = norm.cdf(1.0)  # two means at distance 2, variance 1


@pytest.fixture(scope="module")
def data():
    return (*blobs(2000, 0), *blobs(4000, 1))


def test_a_resampler_is_as_good_as_real_rows(data) -> None:
    table = synthetic_use(
        Resampler, GaussianNB(), *data, per_class=400, labels=40, added=200, draws=20, random_state=1
    )
    for difference in table.differences:
        # copies of 20 rows a class add nothing but a little noise, and of 1000 nothing at all
        assert abs(difference.mean) < max(3 * difference.standard_error, 0.004)
    assert table.row("real").mean == pytest.approx(BAYES, abs=0.015)
    assert [(row.real, row.synthetic) for row in table.rows] == [(800, 0), (0, 800), (40, 0), (40, 400)]
    assert [(each.name, each.other) for each in table.differences] == [
        ("synthetic", "real"),
        ("few labels and synthetic", "few labels"),
    ]


def test_noise_is_worth_chance_and_harms_few_labels(data) -> None:
    table = synthetic_use(Noise, "logistic regression", *data, per_class=400, labels=20, added=400, draws=20)
    assert table.row("synthetic").mean == pytest.approx(0.5, abs=0.12)
    assert table.row("real").mean == pytest.approx(BAYES, abs=0.015)
    harm = table.differences[1]
    assert harm.mean < -3 * harm.standard_error


def test_the_true_law_is_worth_real_rows_and_helps_few_labels(data) -> None:
    X, y, T, t = data
    # A classifier with a free covariance wastes 20 labels; the generator knows the variance.
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    table = synthetic_use(
        Gaussian, LinearDiscriminantAnalysis(), X, y, T, t, per_class=900, labels=10, added=500, draws=20
    )
    assert table.row("synthetic").mean == pytest.approx(table.row("real").mean, abs=0.005)
    help_ = table.differences[1]
    assert help_.mean > 3 * help_.standard_error
    assert table.classifier == "LinearDiscriminantAnalysis"


def test_draws_are_the_probes_and_differences_pair(data) -> None:
    X, y, T, t = data
    table = synthetic_use(Resampler, LogisticRegression(), X, y, T, t, per_class=50, labels=20, draws=3)
    few = balanced_subsets(y, [20], draws=3, random_state=0)
    for draw, accuracy in zip(few, table.row("few labels").accuracies, strict=True):
        theirs = LogisticRegression().fit(X[draw[20]], y[draw[20]]).score(T, t)
        assert accuracy == pytest.approx(theirs)
    ours, theirs = table.row("synthetic").accuracies, table.row("real").accuracies
    np.testing.assert_allclose(table.differences[0].differences, np.subtract(ours, theirs))
    spread = np.subtract(ours, theirs).std(ddof=1) / np.sqrt(3)
    assert table.differences[0].standard_error == pytest.approx(spread)
    again = synthetic_use(Resampler, LogisticRegression(), X, y, T, t, per_class=50, labels=20, draws=3)
    assert [row.accuracies for row in again.rows] == [row.accuracies for row in table.rows]
    mixed = np.random.default_rng(0).permutation(len(t))
    moved = synthetic_use(
        Resampler, LogisticRegression(), X, y, T[mixed], t[mixed], per_class=50, labels=20, draws=3
    )
    for row, other in zip(moved.rows, table.rows, strict=True):
        np.testing.assert_allclose(row.accuracies, other.accuracies)


def test_generators_see_the_rows_of_one_class_in_their_own_units() -> None:
    rng = np.random.default_rng(2)
    y = np.arange(120) % 3
    images = (80 * y[:, None, None] + rng.integers(0, 40, size=(120, 2, 3))).astype(np.uint8)
    names = np.array(["ant", "bee", "cat"])
    seen: list[np.ndarray] = []

    def make(rows: np.ndarray) -> Resampler:
        seen.append(rows)
        return Resampler(rows.astype(float))

    table = synthetic_use(
        make, "logistic regression", images[:60], names[y[:60]], images[60:], names[y[60:]], labels=None
    )
    assert [rows.shape for rows in seen] == [(20, 2, 3)] * 3
    assert [rows.dtype for rows in seen] == [np.uint8] * 3
    for place, rows in enumerate(seen):
        np.testing.assert_array_equal(rows, images[:60][y[:60] == place])
    assert table.row("synthetic").accuracies == (1.0,) * 5  # in 0 to 255, as real rows are
    assert len(table.rows) == 2


def test_few_generators_may_differ_and_see_the_labelled_rows_alone(data) -> None:
    sizes: list[int] = []

    def of_few(rows: np.ndarray) -> Noise:
        sizes.append(len(rows))
        return Noise(rows)

    table = synthetic_use(
        Resampler, GaussianNB(), *data, per_class=20, labels=11, draws=2, make_generator_of_few=of_few
    )
    assert sorted(sizes) == [5, 5, 6, 6]
    assert table.row("few labels and synthetic").synthetic == 11


def test_table_as_text_rows_and_json(data) -> None:
    table = synthetic_use(Resampler, GaussianNB(), *data, per_class=20, labels=20, draws=2)
    row = table.row("synthetic")
    assert f"{100 * row.mean:.1f} ± {100 * row.standard_error:.1f}" in str(table)
    assert "Accuracy of GaussianNB in % on 4000 real test rows, 2 classes" in str(table)
    record = json.loads(json.dumps(table.to_dict(), allow_nan=False))
    assert record["rows"][1]["accuracies"] == list(row.accuracies)
    assert table.to_rows()[1]["accuracy"] == row.mean
    one = synthetic_use(Resampler, GaussianNB(), *data, per_class=20, labels=None, draws=1)
    assert one.rows[0].standard_error is None
    assert "±" not in str(one).splitlines()[2]


@dataclass
class Broken:
    rows: np.ndarray
    fault: str

    def sample(self, n: int, *, random_state: int) -> np.ndarray:
        if self.fault == "few":
            return self.rows[:1]
        return np.full((n, 4), np.nan)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"per_class": 1500}, r"per_class is 1500, but class \d has \d+ rows, .* at most \d+"),
        ({"per_class": 0}, "per_class must be >= 1"),
        ({"added": 0}, "added must be >= 1"),
        ({"draws": 0}, "draws must be >= 1"),
        ({"labels": 3}, "3 labels give some class 1 row, .* ask for 4 or more"),
        ({"labels": 1999}, "labels need 1000 training rows of each"),
        ({"classifier": "1-NN"}, "1-NN cannot be trained here"),
        ({"classifier": "svm"}, "no probe method is called 'svm'"),
        ({"classifier": 3}, "must be a name, an Inductive or a scikit-learn classifier, got 3"),
        (
            {"make_generator": lambda rows: Broken(rows, "few")},
            r"class 0 must sample numbers of shape \(9, 4\)",
        ),
        ({"make_generator": lambda rows: Broken(rows, "nan")}, "class 0 sampled numbers that are not finite"),
        ({"y": np.zeros(2000, int), "y_test": np.zeros(4000, int)}, "all training rows are of class 0"),
        ({"y": np.r_[1, np.zeros(1999, int)], "y_test": np.zeros(4000, int)}, "class 1 has 1 row"),
        ({"y_test": np.full(4000, 5)}, "class 5 is in the test rows and not in the training rows"),
        ({"X": np.full((2000, 4), np.nan)}, "X: the train matrix has nan in row 0, column 0"),
        ({"X": np.zeros(2000)}, "X must be rows of features"),
        ({"X_test": np.zeros((4000, 3))}, "4 features in train, 3 in test"),
    ],
)
def test_bad_input_is_one_clear_error(data, change, message: str) -> None:
    given = dict(zip(("X", "y", "X_test", "y_test"), data, strict=True))
    given |= {"make_generator": Resampler, "classifier": GaussianNB(), "per_class": 9, "draws": 1} | change
    with pytest.raises(InputError, match=message):
        synthetic_use(**given)
