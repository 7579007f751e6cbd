"""Whether the labels of held-out rows are those of their nearest training rows in latent space."""

from __future__ import annotations

import numpy as np

from vael.evaluation.downstream.probe_methods import nearest_vote

__all__ = ["neighbours_right", "why_no_classes"]


def why_no_classes(y_train: np.ndarray, y_test: np.ndarray) -> str:
    """Say why labels cannot be told from neighbours; empty where they can."""
    if any(y.dtype.kind == "f" and (y != np.round(y)).any() for y in (y_train, y_test)):
        return "the labels are real numbers, not classes"
    classes = np.unique(y_train)
    if len(classes) < 2:
        return f"all training rows are of class {classes[0]}: there is nothing to tell apart"
    strange = np.setdiff1d(y_test, classes)
    if len(strange):
        return f"class {strange[0]} is in the test rows and not in the training rows"
    return ""


def neighbours_right(
    Z_train: np.ndarray, y_train: np.ndarray, Z_test: np.ndarray, y_test: np.ndarray, k: int
) -> np.ndarray:
    """Whether the vote of the k nearest training rows, weighed by 1 / distance, is right, ``(n,)``."""
    from sklearn.neighbors import NearestNeighbors

    names, codes = np.unique(y_train, return_inverse=True)
    search = NearestNeighbors(n_neighbors=min(k, len(Z_train))).fit(Z_train)
    distance, index = search.kneighbors(Z_test)
    return names[nearest_vote(distance, codes[index], len(names))] == y_test
