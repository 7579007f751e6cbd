"""Smoothness: whether neighbours in the data are neighbours in the latents, and the other way round."""

from __future__ import annotations

import importlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from vael.errors import InputError
from vael.evaluation.tables import text_table

__all__ = ["SmoothnessRow", "SmoothnessTable", "smoothness"]

ROWS = 2_000
COLLAPSED = "all rows have one and the same code, so none has neighbours"
NO_UMAP = "UMAP is not measured: `pip install umap-learn` adds it"


@dataclass(frozen=True)
class SmoothnessRow:
    """How well one embedding keeps neighbourhoods of k rows; standard errors are over rows.

    Attributes
    ----------
    name : the embedding
    dimensions : its columns
    trustworthiness : 1 less a penalty for rows that are neighbours in the embedding only, by how far they
        are in the data; None where not defined
    continuity : 1 less a penalty for neighbours in the data that the embedding tears apart
    overlap : share of the k neighbours in the data that are among the k in the embedding
    errors : standard errors of the three; None where not defined
    why : why they are not defined
    """

    name: str
    dimensions: int
    trustworthiness: float | None
    continuity: float | None
    overlap: float | None
    errors: tuple[float, float, float] | None
    why: str | None = None


@dataclass(frozen=True)
class SmoothnessTable:
    """Several embeddings of the same rows.

    Attributes
    ----------
    rows : one an embedding, in the order given; PCA and UMAP last
    chance : the three measures, as expected of an embedding at random
    k : neighbours
    n : rows that were measured
    notes : what was left out, and why
    """

    rows: tuple[SmoothnessRow, ...]
    chance: tuple[float, float, float]
    k: int
    n: int
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """All of it, in types that `json.dumps` takes."""
        names = ("trustworthiness", "continuity", "overlap")
        rows = [
            {**vars(row), "errors": None if row.errors is None else list(row.errors)} for row in self.rows
        ]
        return {
            "rows": rows,
            "chance": dict(zip(names, self.chance, strict=True)),
            "k": self.k,
            "n": self.n,
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        """Text: one line an embedding, and chance."""
        lines = [[row.name, str(row.dimensions), *_cells(row)] for row in self.rows]
        lines.append(["at random", "", *(f"{value:.3f}" for value in self.chance)])
        header = ["embedding", "dimensions", "trustworthiness", "continuity", "neighbour overlap"]
        reasons = [f"{row.name}: not defined, {row.why}" for row in self.rows if row.why is not None]
        return text_table(header, lines) + "".join(
            f"\n{line}"
            for line in ["", f"{self.k} neighbours, {self.n} rows, Euclidean", *reasons, *self.notes]
        )


def smoothness(
    X: ArrayLike,
    embeddings: Mapping[str, ArrayLike],
    *,
    k: int = 10,
    rows: int | None = ROWS,
    umap: bool = True,
    random_state: int | np.random.Generator | None = 0,
) -> SmoothnessTable:
    r"""Measure how well embeddings keep the neighbours of rows, beside PCA (and UMAP) of the same size.

    .. math:: T = 1 - \frac{2}{n k (2n - 3k - 1)} \sum_i \sum_{j \in U_i} (r_{ij} - k)

    with :math:`U_i` the k neighbours of row i in the embedding that are none in the data, and :math:`r_{ij}`
    the rank of j among row i's neighbours in the data. Continuity is the same with data and embedding
    exchanged. Distances are Euclidean over values as given: bring features to comparable scales.

    Parameters
    ----------
    X : array-like of shape (n, ...)
        The data; axes after the first are flattened.
    embeddings : mapping of name to array-like of shape (n, dimensions)
        Codes of the same rows.
    k : int, default=10
        Neighbours; below half of the rows.
    rows : int or None, default=2000
        Rows measured, drawn at random where there are more; None for all. Memory and time grow with the
        square: 2000 rows take 100 MB and about a second an embedding.
    umap : bool, default=True
        Measure UMAP too, where `umap-learn` is installed.
    random_state : int, Generator or None, default=0
        Draws the rows, and starts UMAP.

    References
    ----------
    Venna & Kaski 2001, "Neighborhood preservation in nonlinear projection methods"; the trustworthiness is
    scikit-learn's.
    """
    data = _checked(X, "X")
    given = {name: _checked(Z, repr(name)) for name, Z in embeddings.items()}
    if not given:
        raise InputError("give at least one embedding: smoothness(X, {'latents': Z})")
    for name, Z in given.items():
        if len(Z) != len(data):
            raise InputError(f"{name!r} has {len(Z)} rows, but X has {len(data)}")
    rng = np.random.default_rng(random_state)
    if rows is not None and len(data) > rows:
        some = np.sort(rng.choice(len(data), rows, replace=False))
        data, given = data[some], {name: Z[some] for name, Z in given.items()}
    n = len(data)
    if not 1 <= k < n / 2:
        raise InputError(f"k must be at least 1 and below half of the {n} rows, got {k}")
    if (data == data[0]).all():
        raise InputError("all rows of X are the same, so none has neighbours")
    sizes, seed = sorted({Z.shape[1] for Z in given.values()}), int(rng.integers(2**31))
    references, notes = _references(data, sizes, umap, seed)
    ranks = _ranks(data)
    found = tuple(_measured(name, Z, ranks, k) for name, Z in [*given.items(), *references])
    return SmoothnessTable(found, _chance(n, k), k, n, notes)


def _ranks(points: np.ndarray) -> np.ndarray:
    """Rank of each row among the others by distance from each row, from 1; 0 for itself; ``(n, n)``."""
    from sklearn.metrics import pairwise_distances

    distances = pairwise_distances(points)
    np.fill_diagonal(distances, -1.0)
    order = np.argsort(distances, axis=1, kind="stable")
    ranks = np.empty(order.shape, np.int32)
    np.put_along_axis(ranks, order, np.arange(len(points), dtype=np.int32)[None, :], axis=1)
    return ranks


def _measured(name: str, Z: np.ndarray, ranks: np.ndarray, k: int) -> SmoothnessRow:
    if (Z[0] == Z).all():
        return SmoothnessRow(name, Z.shape[1], None, None, None, None, COLLAPSED)
    other = _ranks(Z)
    near, near_too = (ranks <= k) & (ranks > 0), (other <= k) & (other > 0)
    terms = (_kept(ranks, near_too, k), _kept(other, near, k), (near & near_too).sum(axis=1) / k)
    trust, continuity, overlap = (float(term.mean()) for term in terms)
    first, second, third = (float(term.std(ddof=1)) / math.sqrt(len(Z)) for term in terms)
    return SmoothnessRow(name, Z.shape[1], trust, continuity, overlap, (first, second, third))


def _kept(ranks: np.ndarray, neighbours: np.ndarray, k: int) -> np.ndarray:
    """Each row's term of the measure: its neighbours there, by their ranks here."""
    n = len(ranks)
    late = np.where(neighbours, np.maximum(ranks - k, 0), 0).sum(axis=1)
    return 1 - late * (2 / (k * (2 * n - 3 * k - 1)))


def _chance(n: int, k: int) -> tuple[float, float, float]:
    """Expected of an embedding at random: a neighbour there has any rank from 1 to n - 1 here."""
    late = (n - 1 - k) * (n - k) / (2 * (n - 1))
    kept = 1 - late * 2 / (2 * n - 3 * k - 1)
    return kept, kept, k / (n - 1)


def _references(
    data: np.ndarray, sizes: list[int], umap: bool, seed: int
) -> tuple[list[tuple[str, np.ndarray]], tuple[str, ...]]:
    """PCA, and UMAP where it is installed, of each size."""
    from sklearn.decomposition import PCA

    found: list[tuple[str, np.ndarray]] = []
    most = min(data.shape[1], len(data) - 1)
    for size in sizes:
        kept = min(size, most)
        found.append((f"PCA ({kept})", PCA(kept, random_state=seed).fit_transform(data)))
    if not umap:
        return found, ()
    try:
        make = importlib.import_module("umap").UMAP
    except ImportError:
        return found, (NO_UMAP,)
    for size in sizes:
        embedded = make(n_components=size, random_state=seed).fit_transform(data)
        found.append((f"UMAP ({size})", np.asarray(embedded, dtype=np.float64)))
    return found, ()


def _cells(row: SmoothnessRow) -> list[str]:
    if row.errors is None:
        return ["not defined"] * 3
    values = (row.trustworthiness, row.continuity, row.overlap)
    return [f"{value:.3f} ± {error:.3f}" for value, error in zip(values, row.errors, strict=True)]


def _checked(X: ArrayLike, name: str) -> np.ndarray:
    values = np.asarray(X)
    if values.ndim < 2 or values.size == 0 or values.dtype.kind not in "biuf":
        raise InputError(f"{name} must be numbers, rows first; got {values.dtype} of shape {values.shape}")
    if not np.isfinite(values).all():
        where = np.argwhere(~np.isfinite(values))[0].tolist()
        raise InputError(f"{name} holds {values[tuple(where)]} at row {where[0]}, place {where[1:]}")
    return values.reshape(len(values), -1).astype(np.float64)
