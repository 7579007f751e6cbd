"""What all representations of one comparison share: labels, their draws, the pool."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from vael.errors import InputError
from vael.evaluation.downstream.label_draws import balanced_subsets, check_label_count

__all__ = ["ProbePlan", "checked_classes", "checked_labels", "checked_matrices", "plan_probe"]


@dataclass(frozen=True, eq=False)
class ProbePlan:
    """Labels as class numbers, the pool and the labelled subsets of it as training rows.

    Attributes
    ----------
    y_train, y_test : class numbers, from 0
    classes : how many
    pool : training rows that labels are drawn from and that the graph has as nodes, in order
    subsets : for each number of labels, its draws
    everything : whether all labels are wanted too
    seeds : one a draw of a clustering's start
    """

    y_train: np.ndarray
    y_test: np.ndarray
    classes: int
    pool: np.ndarray
    subsets: dict[int, list[np.ndarray]]
    everything: bool
    seeds: list[int]

    @property
    def pool_is_all(self) -> bool:
        """Whether every training row is in the pool."""
        return len(self.pool) == len(self.y_train)

    def label_sets(self) -> list[tuple[list[np.ndarray], bool]]:
        """Give the draws of each number of labels, and whether they are all labels."""
        sets = [(draws, False) for draws in self.subsets.values()]
        return sets + [([np.arange(len(self.y_train))], True)] * self.everything


def checked_labels(y_train: ArrayLike, y_test: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return two lists of labels as arrays."""
    train, test = np.asarray(y_train), np.asarray(y_test)
    if train.ndim != 1 or test.ndim != 1 or not train.size or not test.size:
        raise InputError(f"labels must be two lists, not empty; got shapes {train.shape} and {test.shape}")
    for part, y in (("training", train), ("test", test)):
        if y.dtype.kind == "f" and np.isnan(y).any():
            raise InputError(f"the label of {part} row {int(np.isnan(y).argmax())} is NaN: drop such rows")
    return train, test


def checked_classes(train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Return the names of the classes, sorted: two at least, and none in the test rows alone."""
    names = np.unique(train)
    if len(names) < 2:
        raise InputError(f"all training rows are of class {names[0]!s}: there is nothing to tell apart")
    strange = np.setdiff1d(test, names)
    if strange.size:
        raise InputError(f"class {strange[0]!s} is in the test rows and not in the training rows")
    return names


def plan_probe(
    train: np.ndarray,
    test: np.ndarray,
    labels: Sequence[int | None],
    draws: int,
    unlabelled: int | None,
    random_state: int | np.random.Generator | None,
) -> ProbePlan:
    """Check classes and counts, then draw pool, labels and seeds. Arguments: `compare_representations`."""
    if draws < 1 or (unlabelled is not None and unlabelled < 1):
        raise InputError(f"draws and unlabelled must be >= 1, got {draws} and {unlabelled}")
    names = checked_classes(train, test)
    y = np.searchsorted(names, train)
    counts = [count for count in dict.fromkeys(labels) if count is not None]
    for count in counts:
        check_label_count(train, count)
    rng = np.random.default_rng(random_state)
    pool = _pool(y, max(counts, default=0), unlabelled, rng)
    subsets = balanced_subsets(y[pool], counts, draws=draws, random_state=rng)
    return ProbePlan(
        y_train=y,
        y_test=np.searchsorted(names, test),
        classes=len(names),
        pool=pool,
        subsets={count: [pool[draw[count]] for draw in subsets] for count in counts},
        everything=None in labels,
        seeds=[int(seed) for seed in rng.integers(2**31, size=draws)],
    )


def _pool(y: np.ndarray, most: int, size: int | None, rng: np.random.Generator) -> np.ndarray:
    """Draw `size` rows without a look at y, then add what `most` labels in balance need."""
    if size is None or size >= len(y):
        return np.arange(len(y))
    order = rng.permutation(len(y))
    inside = np.zeros(len(y), dtype=bool)
    inside[order[:size]] = True
    classes = int(y.max()) + 1
    for label in range(classes):
        of_class = order[y[order] == label]
        inside[of_class[: -(-most // classes)]] = True
    return np.flatnonzero(inside)


def checked_matrices(
    name: str, Z_train: ArrayLike, Z_test: ArrayLike, sizes: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Two finite matrices of floats, one row a label, or an `InputError` that names what is wrong."""
    pair: list[np.ndarray] = []
    for part, Z, rows in (("train", Z_train, sizes[0]), ("test", Z_test, sizes[1])):
        matrix = np.asarray(Z)
        if matrix.ndim != 2 or len(matrix) != rows or matrix.dtype.kind not in "buif":
            raise InputError(
                f"{name}: the {part} matrix must be numbers (rows, features) with {rows} rows, "
                f"one a label; got {matrix.dtype} of shape {matrix.shape}"
            )
        if matrix.dtype.name not in ("float32", "float64"):
            matrix = matrix.astype(np.float32 if matrix.dtype.itemsize < 4 else np.float64)
        if not np.isfinite(matrix).all():
            row, column = np.argwhere(~np.isfinite(matrix))[0]
            raise InputError(
                f"{name}: the {part} matrix has {matrix[row, column]} in row {row}, column {column}"
            )
        pair.append(matrix)
    if pair[0].shape[1] != pair[1].shape[1]:
        raise InputError(f"{name}: {pair[0].shape[1]} features in train, {pair[1].shape[1]} in test")
    return pair[0], pair[1]
