"""Compare runs of the same data: which rows all of them can be judged on, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from vael.datasets import Dataset
from vael.errors import InputError
from vael.estimators import VAE, Autoencoder
from vael.estimators.run_data import RunData
from vael.evaluation.comparison import Comparison, compare

__all__ = ["ComparedRuns", "compare_runs"]


@dataclass(frozen=True, eq=False)
class ComparedRuns:
    """Runs side by side, and the rows that they were judged on.

    Attributes
    ----------
    found : the comparison
    estimators : by the names of the comparison
    dataset : of all runs
    X, y : the rows ``(n, features)`` and their labels, if there are any
    held_out : what the rows are, in words
    """

    found: Comparison
    estimators: Mapping[str, VAE | Autoencoder]
    dataset: Dataset
    X: np.ndarray
    y: np.ndarray | None
    held_out: str


def compare_runs(
    runs: Mapping[str, tuple[VAE | Autoencoder, RunData]],
    dataset: Dataset,
    *,
    samples: int = 500,
    rows: int = 1000,
    random_state: int = 0,
    progress: Callable[[str], None] | None = None,
) -> ComparedRuns:
    """Compare runs of one data set.

    They are judged on the test rows; without those on rows that every run held out in training (a run that
    held out none was trained on them, and a note says so).

    Parameters
    ----------
    runs : mapping of str to (estimator, what its run keeps of the data)
        By name, the one to compare with first.
    dataset : Dataset
        Of all of them.
    samples : int, default=500
        Importance samples of each row.
    rows : int, default=1000
        Held-out rows, drawn at random.
    random_state : int, default=0
        All draws follow from it.
    progress : callable, default=None
        Is told each part before it starts.

    Raises
    ------
    InputError
        Where runs are of different data, or held out no row in common.
    """
    _check_same_data({name: data for name, (_, data) in runs.items()})
    if rows < 1:
        raise InputError(f"rows must be >= 1, got {rows}")
    validation = {name: data.validation_rows for name, (_, data) in runs.items()}
    notes: list[str] = []
    if dataset.X_test is not None and len(dataset.X_test):
        judged, labels, held_out = dataset.X_test, dataset.y_test, "test rows"
        train = np.arange(len(dataset.X))
    else:
        common, held_out = _held_out_by_all(validation, len(dataset.X))
        judged, labels = dataset.X[common], None if dataset.y is None else dataset.y[common]
        train = np.setdiff1d(np.arange(len(dataset.X)), np.concatenate(list(validation.values())))
        if not len(train):
            train = np.arange(len(dataset.X))
        notes = [f"{name} was trained on these rows" for name, own in validation.items() if not len(own)]
    chosen = np.sort(np.random.default_rng(random_state).permutation(len(judged))[:rows])
    y_train = None if labels is None or dataset.y is None else dataset.y[train]
    X, y = judged[chosen], None if labels is None or y_train is None else labels[chosen]
    estimators = {name: estimator for name, (estimator, _) in runs.items()}
    found = compare(
        estimators,
        X,
        X_train=dataset.X[train],
        y_test=y,
        y_train=y_train,
        samples=samples,
        random_state=random_state,
        progress=progress,
    )
    found = replace(found, notes=(*notes, *found.notes))
    return ComparedRuns(found, estimators, dataset, X, y, held_out)


def _check_same_data(runs: Mapping[str, RunData]) -> None:
    first, *others = runs.items()
    for name, data in others:
        if (data.sha256, data.sha256_test) != (first[1].sha256, first[1].sha256_test):
            raise InputError(
                f"{first[0]} and {name} were fitted to different data ({first[1].name}, SHA-256 "
                f"{first[1].sha256[:12]}; {data.name}, {data.sha256[:12]}): compare runs of the same data"
            )


def _held_out_by_all(validation: Mapping[str, np.ndarray], rows: int) -> tuple[np.ndarray, str]:
    """Rows that every run held out that held out any, and what they are in words."""
    kept = {name: own for name, own in validation.items() if len(own)}
    if not kept:
        return np.arange(rows), "training rows"
    common = np.arange(rows)
    for own in kept.values():
        common = np.intersect1d(common, own)
    if not len(common):
        raise InputError(
            f"{' and '.join(kept)} held out no row in common, and there are no test rows: fit them with the "
            "same seed and validation_fraction"
        )
    return common, "validation rows that all held out"
