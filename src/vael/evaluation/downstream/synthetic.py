"""Train on generated rows, test on real ones; and add generated rows to few labelled ones."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike

from vael.errors import InputError
from vael.evaluation.downstream.label_draws import balanced_subsets, check_label_count
from vael.evaluation.downstream.probe_methods import Inductive, method
from vael.evaluation.downstream.probe_plan import checked_classes, checked_labels, checked_matrices
from vael.evaluation.downstream.representations import rows_as_numbers
from vael.evaluation.downstream.synthetic_table import SyntheticDifference, SyntheticRow, SyntheticTable

__all__ = ["RowGenerator", "synthetic_use"]

MOST_A_CLASS = 1000


@runtime_checkable
class RowGenerator(Protocol):
    """A generative model of the rows of one class."""

    def sample(self, n: int, /, *, random_state: int) -> ArrayLike:
        """Give n new rows, of the shape and units of those that it was fitted to."""
        ...


def synthetic_use(
    make_generator: Callable[[np.ndarray], RowGenerator],
    classifier: str | Inductive | Any,
    X: ArrayLike,
    y: ArrayLike,
    X_test: ArrayLike,
    y_test: ArrayLike,
    *,
    per_class: int | None = None,
    labels: int | None = 100,
    added: int | None = None,
    make_generator_of_few: Callable[[np.ndarray], RowGenerator] | None = None,
    draws: int = 5,
    random_state: int | np.random.Generator | None = 0,
) -> SyntheticTable:
    """Measure what generated rows are worth to a classifier that is tested on real ones.

    Two questions. *Train on synthetic, test on real*: one generative model a class is fitted to all its rows;
    the classifier is trained on `per_class` generated rows of each and beside it on as many real
    ones. A generator that repeats its training rows does as well as these, so read the result with
    a measure of memorisation. *Augmentation*: `labels` real rows, with and without `added` generated rows of
    each class, from generators that saw those few rows only.

    Parameters
    ----------
    make_generator : callable
        Takes the rows of one class and returns a fitted `RowGenerator`: ``lambda rows: VAE(8).fit(rows)``.
    classifier : name, Inductive or scikit-learn classifier
        "logistic regression", say. A classifier is cloned for each training.
    X, X_test : array-like of shape (n_rows, ...)
        Real rows, in the units that `make_generator` takes. The classifier sees them flat, bytes
        divided by 255.
    y, y_test : array-like of shape (n_rows,)
        Classes. Those of the test rows only score the result.
    per_class : int or None, default=None
        Training rows of each class, real or generated. None: as many as the smallest class has, 1000 at most.
    labels : int or None, default=100
        Real rows that are augmented, classes in balance, 2 of each at least; None leaves augmentation out.
    added : int or None, default=None
        Generated rows of each class that are added to them. None: as many as the class has labelled rows.
    make_generator_of_few : callable, default=None
        `make_generator` for the few labelled rows of a class, if it should differ.
    draws : int, default=5
        Of real rows, of generated rows and of labels. Generators of all rows are fitted once, those of few
        anew for each draw.
    random_state : int, Generator or None, default=0
        Decides the draws, and the `random_state` that each `sample` is given.

    Returns
    -------
    SyntheticTable
        Training sets "real", "synthetic", and with labels "few labels", "few labels and synthetic".

    References
    ----------
    Esteban, Hyland & Raetsch 2017, arXiv 1706.02633 (train on synthetic, test on real). Ravuri & Vinyals
    2019, arXiv 1905.10887 (classification accuracy score).
    """
    train, test = checked_labels(y, y_test)
    rows = np.asarray(X)
    if rows.ndim < 2:
        raise InputError(f"X must be rows of features, got shape {rows.shape}")
    names = checked_classes(train, test)
    values = checked_matrices(
        "X", rows_as_numbers(rows), rows_as_numbers(np.asarray(X_test)), (len(train), len(test))
    )
    learner = _Learner.of(classifier, values[1], test)
    size = _checked_counts(train, per_class, labels, added, draws)
    rng = np.random.default_rng(random_state)
    few = balanced_subsets(train, [labels], draws=draws, random_state=rng) if labels else []
    real, synthetic = _Part("real"), _Part("synthetic")
    generators = _ByClass.fit(make_generator, rows, train, names)
    for subset in balanced_subsets(train, [size * len(names)], draws=draws, random_state=rng):
        kept = subset[size * len(names)]
        real.add(learner, values[0][kept], train[kept], 0)
        synthetic.add(learner, *generators.sample(np.full(len(names), size), rng), size * len(names))
    synthetic.generator_seconds.append(generators.seconds)
    alone, augmented = _Part("few labels"), _Part("few labels and synthetic")
    for subset in few:
        kept = subset[labels or 0]
        alone.add(learner, values[0][kept], train[kept], 0)
        generators = _ByClass.fit(make_generator_of_few or make_generator, rows[kept], train[kept], names)
        counts = np.array([(train[kept] == name).sum() for name in names])
        new, new_labels = generators.sample(counts if added is None else np.full(len(names), added), rng)
        both = np.concatenate([values[0][kept], new]), np.concatenate([train[kept], new_labels])
        augmented.add(learner, *both, len(new))
        augmented.generator_seconds.append(generators.seconds)
    pairs = [(synthetic, real), (augmented, alone)] if few else [(synthetic, real)]
    return SyntheticTable(
        rows=tuple(part.row() for pair in pairs for part in pair[::-1]),
        differences=tuple(_difference(*pair) for pair in pairs),
        classifier=learner.name,
        classes=len(names),
        n_train=len(train),
        n_test=len(test),
        draws=draws,
    )


@dataclass(frozen=True, eq=False)
class _Learner:
    """A classifier to be trained on any rows, and the real rows that it is tested on."""

    name: str
    make: Callable[[int], Any]
    X_test: np.ndarray
    y_test: np.ndarray

    @classmethod
    def of(cls, classifier: Any, X_test: np.ndarray, y_test: np.ndarray) -> _Learner:
        from sklearn.base import clone, is_classifier

        if isinstance(classifier, str | Inductive):
            found = method(classifier)
            if not isinstance(found, Inductive):
                raise InputError(f"{found.name} cannot be trained here: give a scikit-learn classifier")
            return cls(found.name, found.make, X_test, y_test)
        if not (hasattr(classifier, "get_params") and is_classifier(classifier)):
            raise InputError(
                f"classifier must be a name, an Inductive or a scikit-learn classifier, got {classifier!r}"
            )
        return cls(type(classifier).__name__, lambda _: clone(classifier), X_test, y_test)

    def accuracy(self, X: np.ndarray, y: np.ndarray) -> float:
        return float((self.make(len(X)).fit(X, y).predict(self.X_test) == self.y_test).mean())


@dataclass
class _Part:
    """The draws of one training set as they come in."""

    name: str
    accuracies: list[float] = field(default_factory=list)
    generator_seconds: list[float] = field(default_factory=list)
    seconds: float = 0.0
    real: int = 0
    synthetic: int = 0

    def add(self, learner: _Learner, X: np.ndarray, y: np.ndarray, synthetic: int) -> None:
        start = time.perf_counter()
        self.accuracies.append(learner.accuracy(X, y))
        self.seconds += time.perf_counter() - start
        self.real, self.synthetic = len(X) - synthetic, synthetic

    def row(self) -> SyntheticRow:
        return SyntheticRow(
            name=self.name,
            real=self.real,
            synthetic=self.synthetic,
            accuracies=tuple(self.accuracies),
            seconds=self.seconds / len(self.accuracies),
            generator_seconds=float(np.mean(self.generator_seconds)) if self.generator_seconds else 0.0,
        )


@dataclass(frozen=True, eq=False)
class _ByClass:
    """One fitted generator a class."""

    generators: list[RowGenerator]
    names: np.ndarray
    row_shape: tuple[int, ...]
    dtype: np.dtype[Any]
    seconds: float

    @classmethod
    def fit(
        cls, make: Callable[[np.ndarray], RowGenerator], rows: np.ndarray, y: np.ndarray, names: np.ndarray
    ) -> _ByClass:
        start = time.perf_counter()
        generators: list[RowGenerator] = []
        for name in names:
            made: Any = make(rows[y == name])  # the user's word is not enough
            if not isinstance(made, RowGenerator):
                raise InputError(f"make_generator returned {made!r}, which has no method `sample`")
            generators.append(made)
        return cls(generators, names, rows.shape[1:], rows.dtype, time.perf_counter() - start)

    def sample(self, counts: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Draw rows of each class, as the classifier takes them, with their labels."""
        seeds = rng.integers(2**31, size=len(self.names))
        parts = [
            self._checked(generator.sample(int(count), random_state=int(seed)), int(count), name)
            for generator, count, seed, name in zip(self.generators, counts, seeds, self.names, strict=True)
        ]
        return np.concatenate(parts), np.repeat(self.names, counts)

    def _checked(self, drawn: ArrayLike, count: int, name: Any) -> np.ndarray:
        rows = np.asarray(drawn)
        if rows.shape != (count, *self.row_shape) or rows.dtype.kind not in "buif":
            raise InputError(
                f"the generator of class {name!s} must sample numbers of shape {(count, *self.row_shape)}, "
                f"but gave {rows.dtype} of shape {rows.shape}"
            )
        if not np.isfinite(rows).all():
            raise InputError(f"the generator of class {name!s} sampled numbers that are not finite")
        if self.dtype == np.uint8 and rows.dtype != np.uint8:
            return rows_as_numbers(rows).astype(np.float32) / 255
        return rows_as_numbers(rows)


def _checked_counts(
    y: np.ndarray, per_class: int | None, labels: int | None, added: int | None, draws: int
) -> int:
    """Return the training rows of each class, or say which count cannot be."""
    names, sizes = np.unique(y, return_counts=True)
    smallest = int(sizes.min())
    if smallest < 2:
        raise InputError(
            f"class {names[sizes.argmin()]!s} has 1 row: a generative model of a class needs 2 or more"
        )
    size = min(smallest, MOST_A_CLASS) if per_class is None else per_class
    for name, count in (("per_class", size), ("draws", draws), ("added", 1 if added is None else added)):
        if count < 1:
            raise InputError(f"{name} must be >= 1, got {count}")
    if size > smallest:
        raise InputError(
            f"per_class is {size}, but class {names[sizes.argmin()]!s} has {smallest} rows, so real and "
            f"generated rows cannot be as many: ask for at most {smallest}"
        )
    if labels is not None:
        check_label_count(y, labels)
        if labels < 2 * len(names):
            raise InputError(
                f"{labels} labels give some class 1 row, and a generative model needs 2: ask for "
                f"{2 * len(names)} or more, or for labels=None"
            )
    return size


def _difference(ours: _Part, theirs: _Part) -> SyntheticDifference:
    pairs = zip(ours.accuracies, theirs.accuracies, strict=True)
    return SyntheticDifference(ours.name, theirs.name, tuple(float(a - b) for a, b in pairs))
