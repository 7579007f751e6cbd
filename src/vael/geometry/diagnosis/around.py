"""Neighbourhoods: parts of the data that nothing joins, and neighbours that the metric changes."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from vael.geometry.diagnosis.records import GraphPart, Quantity, quantity, unknown
from vael.geometry.geodesics.graph import edge_lengths
from vael.geometry.manifold import Manifold

__all__ = ["NEIGHBOURS", "neighbours_of", "parts_of"]

NEIGHBOURS = 10
ANCHORS, AMONG = 100, 2000  # rows whose neighbours are looked for, and rows that they are looked for among
CANDIDATES = 2  # times the neighbours, nearest in the coordinates, and by the metric at the row
PARTS_NAME = "Parts of the neighbour graph"


@torch.no_grad()
def parts_of(manifold: Manifold, Z: Tensor) -> tuple[dict[str, Quantity], tuple[GraphPart, ...]]:
    """Find the parts of the graph over the manifold's data, before bridges join them."""
    how = f"nodes spread over the codes, {NEIGHBOURS} neighbours each, before bridges"
    graph = manifold.graph
    if graph is None:
        reason = "the codes are all the same, or the manifold has no data"
        return {"parts": unknown(PARTS_NAME, "", 0, how, reason)}, ()
    nearest = torch.cat([torch.cdist(block, graph.nodes).argmin(1) for block in Z.split(4096)])
    of_row = graph.part[nearest.cpu().numpy()]
    parts: list[GraphPart] = []
    for number in np.unique(graph.part):
        rows = np.flatnonzero(of_row == number)
        example = int(rows[0]) if len(rows) else None
        parts.append(GraphPart(int((graph.part == number).sum()), len(rows), example))
    parts.sort(key=lambda part: (-part.nodes, -part.rows))
    return {"parts": quantity(PARTS_NAME, len(parts), "", len(graph.nodes), how)}, tuple(parts)


@torch.no_grad()
def neighbours_of(manifold: Manifold, Z: Tensor, rng: np.random.Generator) -> dict[str, Quantity]:
    """Share of nearest neighbours that are others by the metric than in the coordinates.

    At such short distances the straight line's length stands for the geodesic distance.
    """
    k = NEIGHBOURS
    name = f"Of {k} neighbours, others by the metric"
    how = (
        f"lengths of straight lines, among {min(AMONG, len(Z))} rows, to the {CANDIDATES * k} nearest in the "
        "coordinates and by G at the row"
    )
    if len(Z) < 2 * k:
        reason = f"{len(Z)} rows are too few: {2 * k} are needed"
        return {"neighbours_changed": unknown(name, "%", len(Z), how, reason)}
    points = Z[torch.from_numpy(rng.permutation(len(Z))[:AMONG]).to(Z.device)]
    anchors = points[:ANCHORS]
    candidates, order = _candidates(manifold, points, anchors)
    start, end = candidates.nonzero(as_tuple=True)
    lengths = edge_lengths(manifold.structure, points, torch.stack([start, end], 1).cpu().numpy())
    table = np.full(candidates.shape, np.inf)
    table[start.cpu().numpy(), end.cpu().numpy()] = lengths
    if (np.isfinite(table).sum(1) < k).any():
        reason = "lengths to some neighbours are not finite"
        return {"neighbours_changed": unknown(name, "%", len(anchors), how, reason)}
    chosen = np.argsort(table, axis=1, kind="stable")[:, :k]
    kept = [len(np.intersect1d(a, b)) for a, b in zip(chosen, order[:, :k].cpu().numpy())]
    changed = 100 * (1 - np.array(kept) / k)
    error = float(changed.std(ddof=1) / len(changed) ** 0.5)
    return {"neighbours_changed": quantity(name, changed.mean(), "%", len(changed), how, spread=error)}


def _candidates(manifold: Manifold, points: Tensor, anchors: Tensor) -> tuple[Tensor, Tensor]:
    """Rows that may be neighbours, ``(anchors, points)``; and all rows by their distance in coordinates."""
    count = min(CANDIDATES * NEIGHBOURS, len(points) - 1)
    flat = torch.cdist(anchors, points)
    G = manifold.metric(anchors)
    steps = points.unsqueeze(0) - anchors.unsqueeze(1)
    local = torch.einsum("api,aij,apj->ap", steps, G, steps).nan_to_num(torch.inf)
    own = torch.arange(len(anchors), device=points.device)
    for distances in (flat, local):
        distances[own, own] = torch.inf
    order = flat.argsort(dim=1, stable=True)
    may = torch.zeros_like(flat, dtype=torch.bool)
    for chosen in (order[:, :count], local.argsort(dim=1, stable=True)[:, :count]):
        may.scatter_(1, chosen, True)
    may[own, own] = False
    return may, order
