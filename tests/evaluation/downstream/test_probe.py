"""Probes: paired draws of labels, accuracies against scikit-learn, tables, errors."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from vael.errors import InputError
from vael.evaluation.downstream.clustering import clustering_accuracy
from vael.evaluation.downstream.label_draws import balanced_subsets
from vael.evaluation.downstream.probe import compare_representations, probe
from vael.evaluation.downstream.probe_methods import Inductive, OneScale, nearest_vote
from vael.evaluation.downstream.probe_table import ProbeTable


def blobs(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = rng.choice(3, size=n, p=[0.5, 0.3, 0.2])
    return np.eye(3)[y] * 2.5 + rng.normal(size=(n, 3)), y


@pytest.fixture(scope="module")
def data() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    return (*blobs(400, 0), *blobs(200, 1))


@pytest.fixture(scope="module")
def table(data) -> ProbeTable:
    Z, y, Z_test, y_test = data
    noise = np.random.default_rng(2).normal(size=(600, 3))
    return compare_representations(
        {"latents": (Z, Z_test), "turned": (-Z, -Z_test), "noise": (noise[:400], noise[400:])},
        y,
        y_test,
        labels=(3, 20, None),
        draws=4,
        unlabelled=150,
    )


def test_subsets_are_balanced_nested_and_drawn_evenly() -> None:
    y = blobs(300, 0)[1]
    draws = balanced_subsets(y, [3, 7, 30], draws=200, random_state=0)
    for subsets in draws:
        assert np.bincount(y[subsets[30]]).tolist() == [10, 10, 10]
        assert sorted(np.bincount(y[subsets[7]]).tolist()) == [2, 2, 3]
        assert set(subsets[3]) < set(subsets[7]) < set(subsets[30])
    extra = np.array([np.bincount(y[subsets[7]]) - 2 for subsets in draws]).mean(axis=0)
    np.testing.assert_allclose(extra, 1 / 3, atol=0.12)
    taken = np.bincount(np.concatenate([subsets[30] for subsets in draws]), minlength=300) / 200
    for label in range(3):
        share = taken[y == label]
        assert share.mean() == pytest.approx(10 / (y == label).sum())
        assert share.min() > 0


def test_same_seed_same_labels_whatever_the_representation(data, table: ProbeTable) -> None:
    # A representation that differs by a reflection has the same neighbours, so the same accuracies.
    for row in table.rows:
        if row.representation == "latents" and row.labels > 0:
            labels = None if row.all_labels else row.labels
            assert row.accuracies == table.row(row.method, labels, "turned").accuracies
    Z, y, Z_test, y_test = data
    alone = probe(Z, y, Z_test, y_test, labels=(3, 20, None), draws=4, unlabelled=150)
    together = [row for row in table.rows if row.representation == "latents"]
    assert [row.accuracies for row in alone.rows] == [row.accuracies for row in together]
    other = probe(
        Z, y, Z_test, y_test, labels=(3,), draws=4, unlabelled=150, random_state=1, methods=["1-NN"]
    )
    assert other.row("1-NN", 3).accuracies != alone.row("1-NN", 3).accuracies


def test_methods_see_the_labelled_rows_of_the_draw_and_no_others(data) -> None:
    Z, y, Z_test, y_test = data
    seen: list[list[float]] = []

    class Spy(KNeighborsClassifier):
        def fit(self, X, y):
            seen.append(sorted(X[:, 0].tolist()))
            return super().fit(X, y)

    spy = Inductive("spy", lambda rows: Spy(1))
    table = compare_representations(
        {"a": (Z, Z_test), "b": (Z, Z_test)}, y, y_test, labels=(20,), draws=3, methods=[spy, "1-NN"]
    )
    assert seen[:3] == seen[3:]
    assert len(seen[0]) == 20
    assert table.row("spy", 20).accuracies == table.row("1-NN", 20).accuracies


def test_all_labels_give_what_scikit_learn_gives(data, table: ProbeTable) -> None:
    Z, y, Z_test, y_test = data
    for k in (1, 5):
        theirs = KNeighborsClassifier(k, weights="distance").fit(Z, y).score(Z_test, y_test)
        assert table.row(f"{k}-NN", None).accuracies == (pytest.approx(theirs),)


def test_nearest_vote_is_scikit_learns_also_for_copies() -> None:
    rng = np.random.default_rng(0)
    Z = rng.integers(0, 3, size=(60, 3)).astype(float)
    new = rng.integers(0, 3, size=(200, 3)).astype(float)
    y = rng.integers(0, 4, size=60)
    theirs = KNeighborsClassifier(5, weights="distance", algorithm="brute").fit(Z, y)
    distance, place = theirs.kneighbors(new)
    np.testing.assert_array_equal(nearest_vote(distance, y[place], 4), theirs.predict(new))


def test_classes_may_have_any_names(data, table: ProbeTable) -> None:
    Z, y, Z_test, y_test = data
    names = np.array(["ant", "bee", "cat"])
    named = probe(Z, names[y], Z_test, names[y_test], labels=(3, 20, None), draws=4, unlabelled=150)
    assert [row.accuracies for row in named.rows] == [
        row.accuracies for row in table.rows if row.representation == "latents"
    ]


def test_pool_and_what_each_method_saw(table: ProbeTable) -> None:
    assert (table.n_train, table.n_test, table.n_pool, table.classes) == (400, 200, 150, 3)
    spread = table.row("label spreading", 20)
    assert spread.transductive
    assert spread.unlabelled == 150 - 20 + 200
    assert not table.row("logistic regression", 20).transductive
    assert table.row("logistic regression", 20).unlabelled == 0
    assert table.row("k-means", 0).unlabelled == 150
    # All labels: the pool does not hold all rows, so that no graph method has a row.
    assert {row.method for row in table.rows if row.all_labels} == {
        "1-NN",
        "5-NN",
        "logistic regression",
    }


def test_graph_methods_take_all_labels_when_the_pool_is_everything(data) -> None:
    Z, y, Z_test, y_test = data
    table = probe(Z, y, Z_test, y_test, labels=(None,), unlabelled=None, methods=["label spreading", "5-NN"])
    assert table.row("label spreading", None).unlabelled == 200
    assert table.row("label spreading", None).mean > 0.85


def test_pool_grows_where_the_labels_need_more(data) -> None:
    Z, y, Z_test, y_test = data
    table = probe(Z, y, Z_test, y_test, labels=(120,), unlabelled=30, methods=["1-NN"])
    assert 120 <= table.n_pool < 160


def test_signal_beats_noise_and_the_difference_is_paired(table: ProbeTable) -> None:
    for difference in table.differences:
        if difference.other == "noise" and difference.labels >= 20:
            assert difference.mean > 0.2
            assert difference.not_worse
        ours = table.row(difference.method, difference.labels, "latents").accuracies
        theirs = table.row(difference.method, difference.labels, difference.other).accuracies
        gaps = np.subtract(ours, theirs)
        np.testing.assert_allclose(difference.differences, gaps)
        assert difference.mean == pytest.approx(gaps.mean())
        if len(gaps) > 1:
            assert difference.standard_error == pytest.approx(gaps.std(ddof=1) / 2)
    assert table.row("k-means", 0, "latents").mean > table.row("k-means", 0, "noise").mean + 0.2


def test_clustering_accuracy_is_the_best_of_all_namings() -> None:
    rng = np.random.default_rng(0)
    y, clusters = rng.integers(0, 4, size=50), rng.integers(0, 4, size=50)
    best = max((np.array(naming)[clusters] == y).mean() for naming in itertools.permutations(range(4)))
    assert clustering_accuracy(y, clusters) == pytest.approx(best)
    assert clustering_accuracy(y, 3 - y) == 1.0
    assert clustering_accuracy([0, 0, 1, 1], [0, 1, 2, 3]) == 0.5


def test_one_scale_gives_rows_of_mean_square_one_and_keeps_ratios() -> None:
    X = np.random.default_rng(0).normal(size=(100, 3)) * [1.0, 10.0, 1e-3] + 5
    scaled = OneScale().fit_transform(X)
    assert np.square(scaled).sum(axis=1).mean() == pytest.approx(1.0)
    np.testing.assert_allclose(scaled.mean(axis=0), 0.0, atol=1e-12)
    ratio = scaled.std(axis=0) / X.std(axis=0)
    np.testing.assert_allclose(ratio, ratio[0])
    assert (OneScale().fit_transform(np.ones((4, 2))) == 0).all()


def test_units_do_not_change_logistic_regression(data) -> None:
    Z, y, Z_test, y_test = data
    table = compare_representations(
        {"metres": (Z, Z_test), "millimetres": (1000 * Z, 1000 * Z_test)},
        y,
        y_test,
        labels=(20, None),
        methods=["logistic regression"],
    )
    for difference in table.differences:
        np.testing.assert_allclose(difference.differences, 0.0, atol=0.006)


def test_table_as_text_rows_and_json(table: ProbeTable) -> None:
    text = str(table)
    row = table.row("label spreading", 20)
    assert row.std is not None
    assert f"{100 * row.mean:.1f} ± {100 * row.std:.1f}" in text
    assert "label spreading *" in text
    assert "all 400" in text
    assert not any(line.endswith(" ") for line in text.splitlines())
    record = json.loads(json.dumps(table.to_dict()))
    assert record["rows"][0]["accuracies"] == list(table.rows[0].accuracies)
    flat = table.to_rows()
    assert len(flat) == len(table.rows)
    assert flat[0]["accuracy"] == pytest.approx(np.mean(table.rows[0].accuracies))
    assert all(isinstance(value, str | int | float | bool | None) for value in flat[0].values())
    assert table.row("1-NN", None).std is None
    assert table.best(20, "latents").mean == max(
        row.mean for row in table.rows if row.representation == "latents" and row.labels == 20
    )


def with_hole(Z: np.ndarray) -> np.ndarray:
    broken = Z.copy()
    broken[7, 2] = np.inf
    return broken


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda Z, y, T, t: probe(Z, y, T, t, labels=(2,)), "2 labels are too few for 3 classes"),
        (
            lambda Z, y, T, t: probe(Z, y, T, t, labels=(10, 390)),
            r"390 labels need 130 training rows of each of 3 classes, but class 2 has \d+: "
            r"ask for at most \d+",
        ),
        (
            lambda Z, y, T, t: probe(with_hole(Z), y, T, t, labels=(10,)),
            "train matrix has inf in row 7, column 2",
        ),
        (lambda Z, y, T, t: probe(Z[:-1], y, T, t, labels=(10,)), "400 rows"),
        # What is wrong with the rows comes before what their labels cannot give.
        (lambda Z, y, T, t: probe(Z, y[:-300], T, t, labels=(390,)), "with 100 rows, one a label; got"),
        (lambda Z, y, T, t: probe(Z, y, T, t[:, None]), "labels must be two lists, not empty"),
        (lambda Z, y, T, t: probe(Z, y, T[:, :2], t, labels=(10,)), "3 features in train, 2 in test"),
        (lambda Z, y, T, t: probe(Z, y, T, t + 1, labels=(10,)), "class 3 is in the test rows"),
        (
            lambda Z, y, T, t: probe(Z, y, T, t, labels=(10,), methods=["svm"]),
            "no probe method is called 'svm'",
        ),
        (lambda Z, y, T, t: probe(Z, y, T, t, labels=(10,), draws=0), "draws"),
        (lambda Z, y, T, t: probe(Z.astype(str), y, T, t, labels=(10,)), "must be numbers"),
        (lambda Z, y, T, t: compare_representations({}, y, t, labels=(10,)), "at least one representation"),
    ],
)
def test_bad_input_is_one_clear_error(data, call, message: str) -> None:
    with pytest.raises(InputError, match=message):
        call(*data)
