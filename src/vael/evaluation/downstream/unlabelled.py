"""Error at a fixed number of labels against the number of unlabelled rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from vael.errors import InputError
from vael.evaluation.downstream.label_draws import balanced_subsets
from vael.evaluation.downstream.probe import probe_one
from vael.evaluation.downstream.probe_methods import Inductive, Nearest, method
from vael.evaluation.downstream.probe_plan import (
    ProbePlan,
    checked_classes,
    checked_labels,
    checked_matrices,
)
from vael.evaluation.downstream.representations import is_fitted, representations, rows_as_numbers
from vael.evaluation.downstream.unlabelled_table import UnlabelledCurve, UnlabelledRow

__all__ = ["unlabelled_curve"]


def unlabelled_curve(
    make: Callable[[np.ndarray], Any],
    X: ArrayLike,
    y: ArrayLike,
    X_test: ArrayLike,
    y_test: ArrayLike,
    *,
    sizes: Sequence[int] = (100, 1000, 10000),
    labels: int = 100,
    draws: int = 10,
    fits: int = 1,
    methods: Sequence[str | Nearest | Inductive] = ("logistic regression",),
    random_state: int | np.random.Generator | None = 0,
) -> UnlabelledCurve:
    """Fit a representation to more and more unlabelled rows, and classify with the same few labels.

    The unlabelled rows act through the representation alone: the classifier sees the labelled rows and
    no others. The labelled rows are drawn from all training rows, whether the
    representation has seen them or not, so that every size is judged on the same draws and differences pair.

    Parameters
    ----------
    make : callable
        Takes unlabelled rows of X, in a random order, and returns a fitted transformer:
        ``lambda rows: VAE(16).fit(rows)``.
    X, X_test : array-like of shape (n_rows, ...)
        Training and test rows, as `make` takes them.
    y, y_test : array-like of shape (n_rows,)
        Classes. Those of the test rows only score the result.
    sizes : sequence of int, default=(100, 1000, 10000)
        Numbers of unlabelled rows, at most those of X. A smaller set is part of a larger one.
    labels : int, default=100
        Rows with a label, classes in balance.
    draws : int, default=10
        Draws of labels.
    fits : int, default=1
        Fits of the representation for each size, each to another draw of rows. With one the standard errors
        know nothing of how fits differ, which for small sizes is much.
    methods : sequence of names or methods, default=("logistic regression",)
        Classifiers that see labelled rows alone: `Nearest` or `Inductive`.
    random_state : int, Generator or None, default=0
        Decides the labelled rows, then the unlabelled ones.

    Returns
    -------
    UnlabelledCurve
    """
    train, test = checked_labels(y, y_test)
    rows, test_rows = np.asarray(X), np.asarray(X_test)
    names = checked_classes(train, test)
    chosen = _checked_methods(methods)
    wanted = _checked_sizes(sizes, len(train))
    if draws < 1 or fits < 1:
        raise InputError(f"draws and fits must be >= 1, got {draws} and {fits}")
    for part in (rows, test_rows):
        if part.ndim < 2:
            raise InputError(f"X and X_test must be rows of features, got shape {part.shape}")
    raw = checked_matrices(
        "raw rows", rows_as_numbers(rows), rows_as_numbers(test_rows), (len(train), len(test))
    )
    rng = np.random.default_rng(random_state)
    subsets = [draw[labels] for draw in balanced_subsets(train, [labels], draws=draws, random_state=rng)]
    orders = [rng.permutation(len(train)) for _ in range(fits)]
    labelled = np.unique(np.concatenate(subsets))
    plan = _plan(names, train, test, labelled, subsets)

    def errors(name: str, train_rows: np.ndarray, test_rows: np.ndarray) -> list[tuple[float, ...]]:
        probed = probe_one(name, train_rows, test_rows, plan, chosen)
        return [tuple(1.0 - accuracy for accuracy in row.accuracies) for row in probed]

    of_raw = errors("raw rows", raw[0][labelled], raw[1])
    table = [
        UnlabelledRow(None, each.name, raw[0].shape[1], (found,), found, ())
        for each, found in zip(chosen, of_raw, strict=True)
    ]
    for size in wanted:
        per_fit: list[list[tuple[float, ...]]] = []
        seconds: list[float] = []
        features = 0
        for order in orders:
            name = f"fitted to {size} rows"
            start = time.perf_counter()
            transformer = _checked_transformer(make(rows[order[:size]]))
            seconds.append(time.perf_counter() - start)
            pair = representations({name: transformer}, rows[labelled], test_rows)[name]
            pair = checked_matrices(name, *pair, (len(labelled), len(test)))
            features = pair[0].shape[1]
            per_fit.append(errors(name, *pair))
        table += [
            UnlabelledRow(
                rows=size,
                method=each.name,
                features=features,
                errors=tuple(found[i] for found in per_fit),
                raw_errors=of_raw[i],
                fit_seconds=tuple(seconds),
            )
            for i, each in enumerate(chosen)
        ]
    return UnlabelledCurve(tuple(table), labels, len(names), len(train), len(test), draws, fits)


def _plan(
    names: np.ndarray, train: np.ndarray, test: np.ndarray, labelled: np.ndarray, subsets: list[np.ndarray]
) -> ProbePlan:
    """Plan a probe whose training rows are the rows that have a label in any draw."""
    return ProbePlan(
        y_train=np.searchsorted(names, train[labelled]),
        y_test=np.searchsorted(names, test),
        classes=len(names),
        pool=np.arange(len(labelled)),
        subsets={len(subsets[0]): [np.searchsorted(labelled, subset) for subset in subsets]},
        everything=False,
        seeds=[],
    )


def _checked_sizes(sizes: Sequence[int], rows: int) -> list[int]:
    wanted = sorted({int(size) for size in sizes})
    if not wanted or wanted[0] < 1:
        raise InputError(f"sizes must be one or more whole numbers >= 1, got {list(sizes)}")
    if wanted[-1] > rows:
        raise InputError(f"a size of {wanted[-1]} is more than the {rows} training rows that there are")
    return wanted


def _checked_methods(methods: Sequence[str | Nearest | Inductive]) -> list[Nearest | Inductive]:
    chosen: list[Nearest | Inductive] = []
    for each in methods:
        found = method(each)
        if not isinstance(found, Nearest | Inductive):
            raise InputError(
                f"{found.name} does not learn from labelled rows alone: choose '1-NN', '5-NN', "
                "'logistic regression' or an Inductive of your own"
            )
        chosen.append(found)
    if not chosen:
        raise InputError("give at least one method")
    return chosen


def _checked_transformer(made: Any) -> Any:
    if made is None or (hasattr(made, "transform") and not is_fitted(made)):
        raise InputError(
            f"make must return a fitted transformer, but returned {type(made).__name__}"
            + ("" if made is None else " before it was fitted")
        )
    return made
