"""How well clusters match classes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import linear_sum_assignment

from vael.errors import InputError

__all__ = ["clustering_accuracy"]


def clustering_accuracy(y: ArrayLike, clusters: ArrayLike) -> float:
    """Share of rows that are right when clusters are named after classes in the best way.

    One cluster a class, by the Hungarian method on the contingency table of the same rows; a
    cluster left without a class counts as wrong. In [0, 1].

    Source: Xie, Girshick & Farhadi (arXiv 1511.06335), section 4.2.
    """
    labels, found = np.asarray(y), np.asarray(clusters)
    if labels.shape != found.shape or labels.ndim != 1 or labels.size == 0:
        raise InputError(
            "labels and clusters must be two lists of one length, not empty; "
            f"got shapes {labels.shape} and {found.shape}"
        )
    _, rows = np.unique(labels, return_inverse=True)
    _, columns = np.unique(found, return_inverse=True)
    table = np.zeros((rows.max() + 1, columns.max() + 1), dtype=np.int64)
    np.add.at(table, (rows, columns), 1)
    return float(table[linear_sum_assignment(table, maximize=True)].sum() / len(labels))
