"""Euclidean distances between many rows: exact where they are reported, in blocks, in little memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

__all__ = ["Neighbours", "blocks", "nearest", "squared_distance_bounds"]

_QUERIES, _ROWS = 1024, 4096  # distances held at once: 32 MB in float64
_SPARE = 8  # candidates beyond k that float32 hands on


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The nearest rows of each query, nearest first, ties by index.

    Attributes
    ----------
    indices : of the rows, shape (queries, k)
    distances : Euclidean, in the data's units, shape (queries, k)
    """

    indices: np.ndarray
    distances: np.ndarray


def blocks(count: int, size: int) -> Iterator[slice]:
    """Slices of at most `size` that cover `count`."""
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


def squared_distance_bounds(
    X: np.ndarray, Y: np.ndarray, norms_x: np.ndarray, norms_y: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Least and greatest squared distance that rounding leaves possible, each of shape (len(X), len(Y)).

    X and Y are float64, best centred; the norms are squared. ``|x|^2 + |y|^2 - 2 x.y`` is off by at
    most gamma = (features + 8) 2^-52 of the sum of norms (Higham 2002, section 3.1), so that equal
    distances are seen to be equal however a product was cut into blocks.
    """
    gamma = (X.shape[1] + 8) * 2.0**-52
    total = norms_x[:, None] + norms_y[None, :]
    least = X @ Y.T
    least *= -2.0
    greatest = (1 + gamma) * total
    greatest += least
    total *= 1 - gamma
    least += total
    return least, greatest


def nearest(queries: np.ndarray, rows: np.ndarray, k: int) -> Neighbours:
    """Find the k nearest rows of each query, k <= len(rows).

    Products in float32 choose k + 8 candidates, whose distances are then summed in float64 from the
    differences themselves. Where the bound on float32's error leaves it open whether a row was missed,
    the candidates are chosen again in float64.

    Arguments:
        queries: Finite numbers of shape ``(n, features)``.
        rows: Finite numbers of shape ``(m, features)``.
        k: How many.
    """
    keep = min(len(rows), k + _SPARE)
    space = _Space.of(queries, rows)
    found, least_missed = _screen(queries, rows, keep, space, np.float32)
    indices, squared = _refine(queries, rows, found, k)
    if keep < len(rows):
        open_rows = np.flatnonzero(squared[:, -1] / space.scale**2 > least_missed)
        if len(open_rows) > 0:
            found, _ = _screen(queries[open_rows], rows, keep, space, np.float64)
            indices[open_rows], squared[open_rows] = _refine(queries[open_rows], rows, found, k)
    return Neighbours(indices, np.sqrt(squared))


@dataclass(frozen=True, eq=False)
class _Space:
    """Where rows are moved before they are multiplied: near 0, so that little cancels, and below 1."""

    centre: np.ndarray
    scale: float

    @classmethod
    def of(cls, queries: np.ndarray, rows: np.ndarray) -> _Space:
        centre = rows.mean(axis=0, dtype=np.float64)
        reach = max(
            float(np.abs(values[part] - centre).max())
            for values in (queries, rows)
            for part in blocks(len(values), _ROWS)
        )
        return cls(centre, reach or 1.0)

    def move(self, values: np.ndarray) -> np.ndarray:
        return (values - self.centre) / self.scale


def _screen(
    queries: np.ndarray,
    rows: np.ndarray,
    keep: int,
    space: _Space,
    dtype: type[np.floating],
) -> tuple[np.ndarray, np.ndarray]:
    """Return candidates (n, keep), and the least squared distance that a row left out can have (n,)."""
    n = len(queries)
    found = np.zeros((n, keep), np.int64)
    values = np.full((n, keep), np.inf, dtype)
    moved = np.ones((n, queries.shape[1] + 1), dtype)
    for block in blocks(n, _QUERIES):
        moved[block, :-1] = space.move(queries[block])
    norms = np.einsum("ij,ij->i", moved[:, :-1], moved[:, :-1])
    moved[:, :-1] *= -2
    longest = 0.0
    for part in blocks(len(rows), _ROWS):
        some = np.empty((part.stop - part.start, rows.shape[1] + 1), dtype)
        some[:, :-1] = space.move(rows[part])
        some[:, -1] = np.einsum("ij,ij->i", some[:, :-1], some[:, :-1])
        longest = max(longest, float(some[:, -1].max()))
        for block in blocks(n, _QUERIES):
            short = torch.from_numpy(moved[block] @ some.T)  # squared distances, short of |query|^2
            best, where = short.topk(min(keep, len(some)), largest=False, sorted=False)
            both = np.concatenate([values[block], best.numpy()], axis=1)
            names = np.concatenate([found[block], where.numpy() + part.start], axis=1)
            order = np.argsort(both, axis=1, kind="stable")[:, :keep]
            values[block] = np.take_along_axis(both, order, axis=1)
            found[block] = np.take_along_axis(names, order, axis=1)
    lengths = norms.astype(np.float64)
    error = 2 * (rows.shape[1] + 8) * float(np.finfo(dtype).eps) * (lengths + longest)
    return found, values[:, -1] + lengths - error


def _refine(
    queries: np.ndarray, rows: np.ndarray, candidates: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return indices and squared distances of the k nearest candidates, from differences in float64."""
    n = len(queries)
    squared = np.empty(candidates.shape)
    for part in blocks(n, 128):
        difference = rows[candidates[part]].astype(np.float64)
        difference -= queries[part, None, :]
        squared[part] = np.einsum("ijk,ijk->ij", difference, difference)
    order = np.lexsort((candidates, squared), axis=-1)[:, :k]
    return np.take_along_axis(candidates, order, axis=1), np.take_along_axis(squared, order, axis=1)
