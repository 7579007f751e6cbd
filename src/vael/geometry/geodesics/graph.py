"""The graph over encoded data: nearest neighbours, with the Riemannian lengths of their straight lines."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components, dijkstra, minimum_spanning_tree
from sklearn.neighbors import NearestNeighbors
from torch import Tensor

from vael.geometry.geodesics.lengths import curve_length, straight
from vael.geometry.structure import Structure

__all__ = ["DataGraph", "edge_lengths", "neighbour_pairs", "spread_nodes"]

EDGE_SEGMENTS = 4


@dataclass(frozen=True, eq=False)
class DataGraph:
    """Nodes, and the lengths of the straight lines between neighbours.

    Attributes:
        nodes: ``(n, latent)``.
        lengths: Symmetric, ``(n, n)``; bridges join parts that no neighbours join, so that there always is a
            way.
        part: Of each node, among the parts that are connected without bridges, ``(n,)``.
        metric: Metric tensor at the nodes, ``(n, latent, latent)``.
    """

    nodes: Tensor
    lengths: csr_matrix
    part: np.ndarray
    metric: Tensor

    @classmethod
    def of(cls, structure: Structure, nodes: Tensor, neighbours: int) -> DataGraph:
        """Join each node with its nearest ones in the coordinates.

        Arguments:
            structure: The structure.
            nodes: ``(n, latent)``, at least two.
            neighbours: Neighbours a node.
        """
        n = len(nodes)
        pairs = neighbour_pairs(nodes, neighbours)
        lengths = _matrix(structure, nodes, pairs, n)
        parts, part = connected_components(lengths, directed=False)
        if parts > 1:
            pairs = np.concatenate([pairs, _bridges(nodes, part, parts)])
            lengths = _matrix(structure, nodes, pairs, n)
        return cls(nodes, lengths, part, structure.metric(nodes))

    @cached_property
    def _ways(self) -> tuple[np.ndarray, np.ndarray]:
        """Distances between all nodes and the node before the last on each way, ``(n, n)`` each."""
        distance, before = dijkstra(self.lengths, directed=False, return_predecessors=True)
        return distance, before

    def paths(self, a: Tensor, b: Tensor, segments: int, nearest: int = 4) -> tuple[Tensor, Tensor]:
        """Return the shortest ways through the graph, ``(pairs, segments + 1, latent)``, and their lengths.

        Their points are at even lengths. An end is joined with its nearest nodes by the metric there.
        """
        distance, before = self._ways
        at_a, cost_a = self._nearest(a, nearest)
        at_b, cost_b = self._nearest(b, nearest)
        total = cost_a[:, :, None] + distance[at_a[:, :, None], at_b[:, None, :]] + cost_b[:, None, :]
        best = total.reshape(len(a), -1).argmin(1)
        row = np.arange(len(a))
        first, last = at_a[row, best // at_b.shape[1]], at_b[row, best % at_b.shape[1]]
        leave, arrive = cost_a[row, best // at_b.shape[1]], cost_b[row, best % at_b.shape[1]]
        nodes, starts, ends = (x.cpu().double().numpy() for x in (self.nodes, a, b))
        t = np.linspace(0, 1, segments + 1)
        ways = np.empty((len(a), segments + 1, nodes.shape[1]))
        for i in range(len(a)):
            way = _walk(before, int(first[i]), int(last[i]))
            mark = np.concatenate([[0.0], leave[i] + distance[first[i], way]])
            mark = np.append(mark, mark[-1] + arrive[i])
            points = np.concatenate([starts[i : i + 1], nodes[way], ends[i : i + 1]])
            ways[i] = _resample(points, mark, t)
        ways[:, 0], ways[:, -1] = starts, ends
        lengths = total.reshape(len(a), -1)[row, best]
        return torch.as_tensor(ways).to(a), torch.as_tensor(lengths).to(a)

    def _nearest(self, z: Tensor, count: int) -> tuple[np.ndarray, np.ndarray]:
        """The nearest nodes of points, and the lengths of the lines to them by the nodes' metric."""
        count = min(count, len(self.nodes))
        index = torch.cdist(z, self.nodes).topk(count, largest=False).indices
        steps = z.unsqueeze(1) - self.nodes[index]
        squares = torch.einsum("nki,nkij,nkj->nk", steps, self.metric[index], steps)
        return index.cpu().numpy(), squares.clamp(min=0).sqrt().cpu().double().numpy()


def neighbour_pairs(nodes: Tensor, neighbours: int) -> np.ndarray:
    """Return pairs of nodes that are nearest neighbours, each once, ``(edges, 2)``."""
    points = nodes.cpu().double().numpy()
    found = NearestNeighbors(n_neighbors=min(neighbours + 1, len(points))).fit(points)
    index = found.kneighbors(return_distance=False, n_neighbors=min(neighbours, len(points) - 1))
    pairs = np.stack([np.repeat(np.arange(len(points)), index.shape[1]), index.ravel()], 1)
    return np.unique(np.sort(pairs, axis=1), axis=0)


def edge_lengths(structure: Structure, nodes: Tensor, pairs: np.ndarray) -> np.ndarray:
    """Return the Riemannian lengths of the straight lines between pairs of nodes."""
    found: list[np.ndarray] = []
    for part in np.array_split(pairs, max(1, len(pairs) // 4096)):
        lines = straight(nodes[part[:, 0]], nodes[part[:, 1]], EDGE_SEGMENTS)
        squares = structure.squares(lines), structure.squares(lines[:, ::2])
        found.append(curve_length(*squares).cpu().double().numpy())
    return np.concatenate(found)


def _matrix(structure: Structure, nodes: Tensor, pairs: np.ndarray, n: int) -> csr_matrix:
    lengths = edge_lengths(structure, nodes, pairs)
    # A zero is no edge to SciPy: nodes that coincide are joined by the least length there is.
    lengths = np.maximum(np.nan_to_num(lengths, nan=np.inf, posinf=np.inf), np.finfo(float).tiny)
    keep = np.isfinite(lengths)
    half = csr_matrix((lengths[keep], (pairs[keep, 0], pairs[keep, 1])), shape=(n, n))
    return (half + half.T).tocsr()


def _bridges(nodes: Tensor, part: np.ndarray, parts: int) -> np.ndarray:
    """The shortest lines, in the coordinates, that join all parts: a spanning tree over the parts."""
    gaps = np.zeros((parts, parts))
    ends: dict[tuple[int, int], tuple[int, int]] = {}
    members = [np.flatnonzero(part == p) for p in range(parts)]
    for i in range(parts):
        for j in range(i + 1, parts):
            apart = torch.cdist(nodes[members[i]], nodes[members[j]])
            at = int(apart.argmin())
            u, v = divmod(at, apart.shape[1])
            gaps[i, j] = float(apart[u, v])
            ends[i, j] = int(members[i][u]), int(members[j][v])
    tree = minimum_spanning_tree(csr_matrix(gaps + 0)).tocoo()
    return np.array([ends[min(i, j), max(i, j)] for i, j in zip(tree.row, tree.col)], dtype=np.int64)


def spread_nodes(data: Tensor, count: int) -> Tensor:
    """Return at most `count` of the points, spread over them: each the farthest from those before it.

    Farthest-point order keeps thin places of the data, which a random choice would lose.
    """
    points = torch.unique(data, dim=0)
    if len(points) <= count:
        return points
    points = points[torch.randperm(len(points), generator=torch.Generator().manual_seed(0))[: 20 * count]]
    chosen = [0]
    apart = (points - points[0]).square().sum(-1)
    for _ in range(count - 1):
        chosen.append(int(apart.argmax()))
        apart = torch.minimum(apart, (points - points[chosen[-1]]).square().sum(-1))
    return points[chosen]


def _walk(before: np.ndarray, start: int, end: int) -> np.ndarray:
    way = [end]
    while way[-1] != start and before[start, way[-1]] >= 0:
        way.append(int(before[start, way[-1]]))
    return np.array(way[::-1])


def _resample(points: np.ndarray, mark: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Points of a broken line at parts t of its length."""
    if mark[-1] <= 0:
        return np.repeat(points[:1], len(t), axis=0)
    return np.stack([np.interp(t * mark[-1], mark, points[:, d]) for d in range(points.shape[1])], 1)
