"""Geodesic distances by the graph over points: between its nodes, and from any point to them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from scipy.sparse import block_array, csr_matrix
from scipy.sparse.csgraph import dijkstra
from sklearn.neighbors import NearestNeighbors
from torch import Tensor

from vael.errors import InputError
from vael.geometry.geodesics import DataGraph
from vael.geometry.manifold import Manifold
from vael.geometry.statistics.door import as_numpy
from vael.geometry.structure import Structure

__all__ = ["Attached", "PointGraph"]

BYTES = 2**26  # of distances that are held at once


@dataclass(frozen=True, eq=False)
class Attached:
    """Points outside the graph, with the nodes near them.

    Attributes:
        index: Nodes, nearest in the coordinates first, ``(n, m)``.
        length: Of the straight lines to them, ``(n, m)``.
    """

    index: np.ndarray
    length: np.ndarray

    def __len__(self) -> int:
        return len(self.index)


@dataclass(frozen=True, eq=False)
class PointGraph:
    """The graph of nearest neighbours over points, each place once, with Riemannian lengths.

    Attributes:
        structure: The structure.
        graph: Its lengths are of the straight lines between neighbours.
        node_of: The node of each point, ``(n,)``.
    """

    structure: Structure
    graph: DataGraph
    node_of: np.ndarray

    @classmethod
    @torch.no_grad()
    def of(cls, manifold: Manifold, points: Tensor, neighbours: int) -> PointGraph:
        """Build the graph over points, ``(n, latent)``; those that coincide are one node.

        Parts that no neighbours join are joined by the shortest straight lines between them.
        """
        nodes, rows = torch.unique(points, dim=0, return_inverse=True)
        if len(nodes) > 1:
            graph = DataGraph.of(manifold.structure, nodes, neighbours)
        else:
            metric = manifold.structure.metric(nodes)
            graph = DataGraph(nodes, csr_matrix((1, 1)), np.zeros(1, dtype=np.int32), metric)
        return cls(manifold.structure, graph, as_numpy(rows))

    @property
    def nodes(self) -> Tensor:
        """Places of the nodes, ``(nodes, latent)``."""
        return self.graph.nodes

    def between(self, sources: np.ndarray | None = None) -> np.ndarray:
        """Return distances from some nodes to all, ``(sources, nodes)``; None: from all.

        Raises:
            InputError: If no way of finite length joins two nodes.
        """
        found = dijkstra(self.graph.lengths, directed=False, indices=sources)
        if not np.isfinite(found).all():
            place = ", ".join(
                f"{x:.4g}" for x in self.nodes[int(np.argwhere(~np.isfinite(found))[0, 1])].tolist()
            )
            raise InputError(
                f"no way of finite length leads to the point ({place}): leave out points where the decoder "
                "is not finite"
            )
        return found if sources is not None else np.minimum(found, found.T)

    @cached_property
    def _search(self) -> NearestNeighbors:
        return NearestNeighbors().fit(as_numpy(self.nodes).astype(np.float64))

    @torch.no_grad()
    def attach(self, points: Tensor, count: int) -> Attached:
        """Find the nodes that are nearest to points in the coordinates, and the lengths of the lines to them.

        A line's length is by the trapezoid rule on its speed at both ends, which costs one metric tensor a
        point.
        """
        search, count = self._search, min(count, len(self.nodes))
        index: Any = search.kneighbors(as_numpy(points).astype(np.float64), count, return_distance=False)
        lengths = [
            self._lines(part, near)
            for part, near in zip(points.split(4096), torch.as_tensor(index).split(4096), strict=True)
        ]
        attached = Attached(index, np.nan_to_num(np.concatenate(lengths), nan=np.inf, posinf=np.inf))
        lost = np.flatnonzero(~np.isfinite(attached.length).any(1))
        if len(lost):
            raise InputError(
                f"no line of finite length leads from point {lost[0]} to those around it: is the decoder "
                "finite there?"
            )
        return attached

    def _lines(self, points: Tensor, index: Tensor) -> np.ndarray:
        near = index.to(points.device)
        steps = points.unsqueeze(1) - self.nodes[near]
        here = torch.einsum("nki,nij,nkj->nk", steps, self.structure.metric(points), steps)
        there = torch.einsum("nki,nkij,nkj->nk", steps, self.graph.metric[near], steps)
        return as_numpy((here.clamp(min=0).sqrt() + there.clamp(min=0).sqrt()) / 2).astype(np.float64)

    def to_sources(self, attached: Attached, between: np.ndarray) -> np.ndarray:
        """Return distances from attached points to the sources of `between`, ``(n, sources)``."""
        found = np.empty((len(attached), len(between)))
        for source, lengths in enumerate(between):
            found[:, source] = (attached.length + lengths[attached.index]).min(1)
        return found

    def reach(self, attached: Attached) -> list[np.ndarray]:
        """Return distances from attached points to the nodes around them, in parts of ``(some, nodes)``.

        Nodes that are farther than all that points of the part are attached to may be left at infinity.
        """
        n = len(self.nodes)
        size = max(1, BYTES // (8 * n))
        return [
            self._reach(Attached(attached.index[i : i + size], attached.length[i : i + size]))
            for i in range(0, len(attached), size)
        ]

    def _reach(self, attached: Attached) -> np.ndarray:
        n, (points, count) = len(self.nodes), attached.index.shape
        # A zero is no edge to SciPy.
        lengths = np.maximum(attached.length, np.finfo(float).tiny)
        rows = np.repeat(np.arange(points), count)
        lines = csr_matrix((lengths.ravel(), (rows, attached.index.ravel())), shape=(points, n))
        edges = block_array([[self.graph.lengths, None], [lines, csr_matrix((points, points))]], format="csr")
        limit = float(lengths.max()) * (1 + 1e-9)
        found = dijkstra(edges, directed=True, indices=np.arange(n, n + points), limit=limit)
        found[found <= np.finfo(float).tiny] = 0
        return found[:, :n]
