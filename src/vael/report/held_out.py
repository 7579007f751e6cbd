"""Which rows a model is measured on: test rows, else those held out in training."""

from __future__ import annotations

import warnings
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from vael.datasets import Dataset
from vael.estimators import VAE, Autoencoder
from vael.estimators.fitting import Split as RowSplit
from vael.estimators.run_data import RunData

__all__ = ["HeldOut", "Split", "for_maps", "held_out", "split_for_labels", "unnamed", "validation_rows"]


ENOUGH_FOR_A_MAP = 500


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Rows (n, features) of the data set, their labels, and what they are."""

    X: np.ndarray
    y: np.ndarray | None
    name: str
    trained_on: bool


@dataclass(frozen=True, eq=False)
class Split:
    """Labelled rows to learn from and to test on, as row numbers; `test` is of the test split or of X."""

    train: np.ndarray
    test: np.ndarray
    test_split: bool
    train_name: str
    test_name: str


def validation_rows(estimator: VAE | Autoencoder, dataset: Dataset, run_data: RunData | None) -> np.ndarray:
    """Return row numbers of `dataset.X` that training held out; none where that is not known."""
    rows = getattr(estimator, "validation_rows_", None) if run_data is None else run_data.validation_rows
    n = len(dataset.X)
    if rows is None and estimator.n_train_ + estimator.n_validation_ == n:  # loaded: the seed tells
        rows = RowSplit.of(n, estimator.n_validation_ / n, estimator.seed_).validation
    rows = np.empty(0, np.int64) if rows is None else np.asarray(rows, np.int64)
    return rows if len(rows) and rows.max() < n else np.empty(0, np.int64)


def held_out(estimator: VAE | Autoencoder, dataset: Dataset, run_data: RunData | None) -> HeldOut:
    """Choose the test rows, else the validation rows, else (and it says so) the training rows."""
    if dataset.X_test is not None and len(dataset.X_test):
        return HeldOut(dataset.X_test, dataset.y_test, "test rows", False)
    rows = validation_rows(estimator, dataset, run_data)
    if len(rows):
        y = None if dataset.y is None else dataset.y[rows]
        return HeldOut(dataset.X[rows], y, "validation rows, which chose the best epoch", False)
    return HeldOut(dataset.X, dataset.y, "training rows", True)


def for_maps(dataset: Dataset, held: HeldOut) -> HeldOut:
    """Return the held-out rows where they are enough for a map, else all rows of the data set."""
    if len(held.X) >= ENOUGH_FOR_A_MAP:
        return held
    return HeldOut(dataset.X, dataset.y, "rows, those trained on among them", True)


def split_for_labels(
    estimator: VAE | Autoencoder,
    dataset: Dataset,
    run_data: RunData | None,
    most_train: int,
    most_test: int,
    rng: np.random.Generator,
) -> Split | str:
    """Choose labelled rows to learn from and to test on, or say why there are none.

    Without a test split, rows of X are parted: the validation rows are tested on where there are at
    least a hundred, else three rows in ten at random (which the model then saw, without labels).
    """
    if dataset.y is None:
        return "the data have no labels"
    y = dataset.y
    classes, counts = np.unique(y, return_counts=True)
    if y.dtype.kind == "f" and (not np.isfinite(y).all() or (y != np.round(y)).any()):
        return "the labels are real numbers, not classes"
    if len(classes) < 2 or np.median(counts) < 2:
        return f"{len(classes)} different labels on {len(y)} rows are no classes to tell apart"
    if dataset.y_test is not None and len(dataset.y_test):
        train, test, from_test = np.arange(len(y)), np.arange(len(dataset.y_test)), True
        y_test, train_name, test_name = dataset.y_test, "training rows", "test rows"
    else:
        test = validation_rows(estimator, dataset, run_data)
        train_name, test_name = "rows that the model was trained on", "validation rows"
        if len(test) < 100:
            test = np.sort(rng.permutation(len(y))[: max(1, round(0.3 * len(y)))])
            train_name, test_name = "rows", "rows, which the model saw without their labels"
        train, y_test, from_test = np.setdiff1d(np.arange(len(y)), test), y, False
    train, total_train = _drawn(train, most_train, rng), len(train)
    test, total_test = _drawn(test, most_test, rng), len(test)
    test = test[np.isin(y_test[test], np.unique(y[train]))]
    if not len(test) or len(np.unique(y[train])) < 2:
        return "too few labelled rows to learn from and to test on"
    return Split(
        train,
        test,
        from_test,
        f"{of(len(train), total_train)} {train_name}",
        f"{of(len(test), total_test)} {test_name}",
    )


def of(drawn: int, total: int) -> str:
    """Write how many were drawn of how many."""
    return f"{drawn}" if drawn == total else f"{drawn} of {total}"


def _drawn(rows: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    return rows if len(rows) <= most else np.sort(rng.permutation(rows)[:most])


@contextmanager
def unnamed() -> Generator[None]:
    """Let rows without names reach an estimator that was fitted to a data frame."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "X does not have valid feature names", UserWarning)
        yield
