"""What a representation is worth: classifiers with few labels, and clusters."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from vael.errors import InputError, VaelWarning
from vael.evaluation.downstream.clustering import clustering_accuracy
from vael.evaluation.downstream.graphs import NeighbourGraph
from vael.evaluation.downstream.probe_methods import (
    Clusterer,
    Inductive,
    Nearest,
    ProbeMethod,
    Transductive,
    method,
    nearest_vote,
)
from vael.evaluation.downstream.probe_plan import ProbePlan, checked_labels, checked_matrices, plan_probe
from vael.evaluation.downstream.probe_table import ProbeRow, ProbeTable, paired_differences

__all__ = ["DEFAULT_METHODS", "compare_representations", "probe", "probe_one"]

DEFAULT_METHODS = (
    "1-NN",
    "5-NN",
    "logistic regression",
    "label spreading",
    "Poisson learning",
    "k-means",
    "Gaussian mixture",
)


def probe(
    Z_train: ArrayLike,
    y_train: ArrayLike,
    Z_test: ArrayLike,
    y_test: ArrayLike,
    *,
    labels: Sequence[int | None] = (10, 100, 1000, None),
    draws: int = 5,
    methods: Sequence[str | ProbeMethod] = DEFAULT_METHODS,
    unlabelled: int | None = 10000,
    random_state: int | np.random.Generator | None = 0,
    representation: str = "latents",
) -> ProbeTable:
    """Measure how well labels can be told from a representation; arguments: `compare_representations`."""
    return compare_representations(
        {representation: (Z_train, Z_test)},
        y_train,
        y_test,
        labels=labels,
        draws=draws,
        methods=methods,
        unlabelled=unlabelled,
        random_state=random_state,
    )


def compare_representations(
    representations: Mapping[str, tuple[ArrayLike, ArrayLike]],
    y_train: ArrayLike,
    y_test: ArrayLike,
    *,
    labels: Sequence[int | None] = (10, 100, 1000, None),
    draws: int = 5,
    methods: Sequence[str | ProbeMethod] = DEFAULT_METHODS,
    unlabelled: int | None = 10000,
    random_state: int | np.random.Generator | None = 0,
) -> ProbeTable:
    """Probe several representations of the same rows, on the same draws of labels: results pair.

    Parameters
    ----------
    representations : mapping of name to (Z_train, Z_test)
        Matrices (rows, features), rows in the order of the labels; `representations` makes them with any
        transformers. The first is compared with each other. Numbers are used as they are.
    y_train, y_test : array-like of shape (n_rows,)
        Classes, by any names that sort; those of the test rows only score the result.
    labels : sequence of int or None, default=(10, 100, 1000, None)
        How many training rows have a label, in class balance; None for all. A count that a class
        cannot meet is an `InputError`.
    draws : int, default=5
        Draws of labels, and of a clustering's random start. All labels are one draw.
    methods : sequence of names in `METHODS`, or methods of your own
        Settings do not depend on the representation. A clustering is fitted on the pool, then names
        the test rows.
    unlabelled : int or None, default=10000
        Size of the pool: training rows drawn once (more if the labels need more), from which labels
        are drawn and which, with all test rows, are the nodes of the neighbour graph. None takes
        all training rows. With all labels a graph method runs only where the pool holds them all.
    random_state : int, Generator or None, default=0
        Decides the pool, the labelled rows and the starts, together with `y_train` alone.

    Returns
    -------
    ProbeTable
    """
    train, test = checked_labels(y_train, y_test)
    chosen = [method(each) for each in methods]
    if not representations or not chosen:
        raise InputError("give at least one representation and one method")
    sizes = len(train), len(test)
    matrices = {name: checked_matrices(name, *pair, sizes) for name, pair in representations.items()}
    plan = plan_probe(train, test, labels, draws, unlabelled, random_state)
    rows = [row for name, pair in matrices.items() for row in probe_one(name, *pair, plan, chosen)]
    return ProbeTable(
        rows=tuple(rows),
        differences=tuple(paired_differences(rows)),
        classes=plan.classes,
        n_train=len(plan.y_train),
        n_test=len(plan.y_test),
        n_pool=len(plan.pool),
        draws=draws,
    )


@dataclass
class _Part:
    """The draws of one row as they come in."""

    accuracies: list[float] = field(default_factory=list)
    nmi: list[float] = field(default_factory=list)
    ari: list[float] = field(default_factory=list)
    seconds: float = 0.0
    unlabelled: int = 0
    setup_seconds: float = 0.0

    def add(self, right: np.ndarray, start: float) -> None:
        self.accuracies.append(float(right.mean()))
        self.seconds += time.perf_counter() - start


def probe_one(
    name: str, train: np.ndarray, test: np.ndarray, plan: ProbePlan, methods: Sequence[ProbeMethod]
) -> list[ProbeRow]:
    """Probe one representation by a plan that others share."""
    rows: list[ProbeRow] = []
    start = time.perf_counter()
    graph = (
        NeighbourGraph.from_points(np.concatenate([train[plan.pool], test]))
        if any(isinstance(each, Transductive) for each in methods)
        else None
    )
    setup = time.perf_counter() - start
    most = max((each.k for each in methods if isinstance(each, Nearest)), default=0)
    for subsets, everything in plan.label_sets():
        found = _search(train, test, subsets, most)
        for each in methods:
            if isinstance(each, Nearest):
                part = _nearest(found, plan, each, subsets)
            elif isinstance(each, Inductive):
                part = _inductive(train, test, plan, each, subsets)
            elif isinstance(each, Transductive) and (not everything or plan.pool_is_all):
                assert graph is not None
                part = _transductive(graph, setup, plan, each, subsets)
            else:
                continue
            rows.append(_row(name, train, each, part, len(subsets[0]), everything))
    for each in methods:
        if isinstance(each, Clusterer):
            rows.append(_row(name, train, each, _clusters(name, train, test, plan, each), 0, False))
    return rows


def _row(
    name: str, train: np.ndarray, each: ProbeMethod, part: _Part, labels: int, everything: bool
) -> ProbeRow:
    return ProbeRow(
        representation=name,
        features=train.shape[1],
        method=each.name,
        labels=labels,
        all_labels=everything,
        transductive=isinstance(each, Transductive),
        accuracies=tuple(part.accuracies),
        unlabelled=part.unlabelled,
        seconds=part.seconds / len(part.accuracies),
        setup_seconds=part.setup_seconds,
        nmi=tuple(part.nmi),
        ari=tuple(part.ari),
    )


@dataclass(frozen=True, eq=False)
class _Neighbours:
    """The labelled rows nearest to each test row, for one draw: shared by all `Nearest` methods."""

    distance: np.ndarray
    place: np.ndarray
    seconds: float


def _search(train: np.ndarray, test: np.ndarray, subsets: list[np.ndarray], k: int) -> list[_Neighbours]:
    """Search once for the greatest k that is asked for: on raw pixels this is the slowest part."""
    from sklearn.neighbors import NearestNeighbors

    found: list[_Neighbours] = []
    for subset in subsets if k else ():
        start = time.perf_counter()
        index = NearestNeighbors(n_neighbors=min(k, len(subset))).fit(train[subset])
        distance, place = index.kneighbors(test)
        found.append(_Neighbours(distance, place, time.perf_counter() - start))
    return found


def _nearest(found: list[_Neighbours], plan: ProbePlan, each: Nearest, subsets: list[np.ndarray]) -> _Part:
    part = _Part()
    for neighbours, subset in zip(found, subsets, strict=True):
        start = time.perf_counter() - neighbours.seconds
        labels = plan.y_train[subset][neighbours.place[:, : each.k]]
        votes = nearest_vote(neighbours.distance[:, : each.k], labels, plan.classes)
        part.add(votes == plan.y_test, start)
    return part


def _inductive(
    train: np.ndarray, test: np.ndarray, plan: ProbePlan, each: Inductive, subsets: list[np.ndarray]
) -> _Part:
    part = _Part()
    for subset in subsets:
        start = time.perf_counter()
        classifier = each.make(len(subset)).fit(train[subset], plan.y_train[subset])
        part.add(classifier.predict(test) == plan.y_test, start)
    return part


def _transductive(
    graph: NeighbourGraph,
    setup_seconds: float,
    plan: ProbePlan,
    each: Transductive,
    subsets: list[np.ndarray],
) -> _Part:
    part = _Part(unlabelled=len(graph) - len(subsets[0]), setup_seconds=setup_seconds)
    for subset in subsets:
        start = time.perf_counter()
        y = np.full(len(graph), -1)
        y[np.searchsorted(plan.pool, subset)] = plan.y_train[subset]
        found = each.make().fit(graph, y).transduction_[len(plan.pool) :]
        part.add(found == plan.y_test, start)
    return part


def _clusters(name: str, train: np.ndarray, test: np.ndarray, plan: ProbePlan, each: Clusterer) -> _Part:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    part = _Part(unlabelled=len(plan.pool))
    pool = train[plan.pool]
    different = len(np.unique(pool[: 10 * plan.classes], axis=0))
    if different < plan.classes:
        different = len(np.unique(pool, axis=0))
    for seed in plan.seeds:
        start = time.perf_counter()
        with warnings.catch_warnings():
            if different < plan.classes:  # said once, by us
                warnings.simplefilter("ignore", ConvergenceWarning)
            found = each.make(plan.classes, seed).fit(pool).predict(test)
        part.accuracies.append(clustering_accuracy(plan.y_test, found))
        part.seconds += time.perf_counter() - start
        part.nmi.append(float(normalized_mutual_info_score(plan.y_test, found)))
        part.ari.append(float(adjusted_rand_score(plan.y_test, found)))
    if different < plan.classes:
        warnings.warn(
            f"{name}: {different} different rows cannot make {plan.classes} clusters, so {each.name} leaves "
            "some empty: see whether the posterior has collapsed",
            VaelWarning,
            stacklevel=2,
        )
    return part
