"""The methods that a probe may use, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from vael.errors import InputError
from vael.evaluation.downstream.graph_learner import GraphLearner
from vael.evaluation.downstream.label_spreading import LabelSpreading
from vael.evaluation.downstream.laplace_learning import LaplaceLearning
from vael.evaluation.downstream.poisson_learning import PoissonLearning

__all__ = [
    "METHODS",
    "Clusterer",
    "Inductive",
    "Nearest",
    "OneScale",
    "PrincipalAxes",
    "ProbeMethod",
    "Transductive",
    "method",
    "nearest_vote",
]


MIXTURE_FEATURES = 32
"""Columns that a Gaussian mixture sees at most: the first principal axes."""


@dataclass(frozen=True)
class Nearest:
    """The k nearest labelled rows, Euclidean, by `nearest_vote`; fewer where there are fewer."""

    name: str
    k: int


@dataclass(frozen=True)
class Inductive:
    """A classifier fitted on the labelled rows alone; `make` takes how many there are."""

    name: str
    make: Callable[[int], Any]


@dataclass(frozen=True)
class Transductive:
    """A learner on the neighbour graph of labelled, unlabelled and test rows."""

    name: str
    make: Callable[[], GraphLearner]


@dataclass(frozen=True)
class Clusterer:
    """A clustering fitted on unlabelled rows; `make` takes the number of classes and a seed."""

    name: str
    make: Callable[[int, int], Any]


ProbeMethod = Nearest | Inductive | Transductive | Clusterer


class OneScale(TransformerMixin, BaseEstimator):
    """Centre the features and divide all by one number, so that rows have mean squared norm 1.

    A penalty then weighs the same whatever the units and the number of features. Dividing each
    feature by its own deviation would blow up the dead latents of a VAE and the corners of images.
    """

    def fit(self, X: np.ndarray, y: object = None) -> OneScale:
        """Learn the means and the scale."""
        self.mean_ = X.mean(axis=0)
        scale = float(np.sqrt(np.square(X - self.mean_).sum(axis=1).mean()))
        self.scale_ = scale if scale > 0 else 1.0
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        """Apply them."""
        return (X - self.mean_) / self.scale_


class PrincipalAxes(TransformerMixin, BaseEstimator):
    """Coordinates along the axes of greatest variance, float64; `most` of them at most.

    With as many axes as features it is a rotation, which a Gaussian mixture of full covariances does not
    feel; with fewer it spares the mixture a covariance of more numbers than a class has rows.
    """

    def __init__(self, most: int):
        self.most = most

    def fit(self, X: np.ndarray, y: object = None) -> PrincipalAxes:
        """Learn the mean and the axes: exactly, unless rows and features are both many."""
        rows, features = X.shape
        self.mean_ = X.mean(axis=0, dtype=np.float64)
        centred = X - self.mean_.astype(X.dtype)
        if rows >= features and features <= 1000:
            centred = centred.astype(np.float64)
            axes = np.linalg.eigh(centred.T @ centred)[1][:, ::-1]
        elif rows <= 500:
            axes = np.linalg.svd(centred, full_matrices=False)[2].T
        else:
            from sklearn.utils.extmath import randomized_svd

            most = min(self.most, rows, features)
            axes = randomized_svd(
                centred,
                most,
                n_iter=5,  # pyright: ignore[reportArgumentType] - annotated as the word "auto" alone
                random_state=0,
            )[2].T
        self.axes_ = axes[:, : self.most]
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        """Project rows onto the axes."""
        return (np.asarray(X, dtype=np.float64) - self.mean_) @ self.axes_


def nearest_vote(distance: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """Name rows by their neighbours' labels, (n, k), each with the weight 1 / distance.

    Neighbours at distance 0 outvote the others; equal votes give the lower class. With one label a
    class a vote without weights would be a tie.
    """
    exact = distance == 0
    weight = 1.0 / np.where(exact, 1.0, distance)
    weight = np.where(exact.any(axis=1, keepdims=True), exact, weight)
    votes = np.zeros((len(labels), classes))
    for j in range(labels.shape[1]):
        votes[np.arange(len(labels)), labels[:, j]] += weight[:, j]
    return votes.argmax(axis=1)


def _logistic_regression(rows: int) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    return make_pipeline(OneScale(), LogisticRegression(C=10.0, max_iter=5000))


def _k_means(clusters: int, seed: int) -> Any:
    from sklearn.cluster import KMeans

    # Typed as text alone.
    return KMeans(clusters, n_init=cast("Any", 4), random_state=seed)


def _gaussian_mixture(clusters: int, seed: int) -> Any:
    from sklearn.mixture import GaussianMixture
    from sklearn.pipeline import make_pipeline

    mixture = GaussianMixture(clusters, tol=1e-2, reg_covar=1e-5, max_iter=300, random_state=seed)
    return make_pipeline(OneScale(), PrincipalAxes(MIXTURE_FEATURES), mixture)


METHODS: Mapping[str, ProbeMethod] = MappingProxyType(
    {
        each.name: each
        for each in (
            Nearest("1-NN", 1),
            Nearest("5-NN", 5),
            Inductive("logistic regression", _logistic_regression),
            Transductive("label spreading", LabelSpreading),
            Transductive("Poisson learning", PoissonLearning),
            Transductive("Laplace learning", LaplaceLearning),
            Clusterer("k-means", _k_means),
            Clusterer("Gaussian mixture", _gaussian_mixture),
        )
    }
)


def method(name: str | ProbeMethod) -> ProbeMethod:
    """Look a method up by name; a method of your own passes through."""
    if not isinstance(name, str):
        return name
    if name not in METHODS:
        raise InputError(f"no probe method is called {name!r}: choose from {', '.join(METHODS)}")
    return METHODS[name]
