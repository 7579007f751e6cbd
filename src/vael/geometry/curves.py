"""Geodesics, distances and logarithms on a manifold: points at the door, batches, gradients."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from scipy.sparse.csgraph import dijkstra
from torch import Tensor

from vael.errors import InputError, VaelWarning
from vael.geometry.geodesics import DataGraph, Geodesics, solve
from vael.geometry.geodesics.graph import spread_nodes
from vael.geometry.geodesics.lengths import curve_length
from vael.geometry.geodesics.solve import default_tolerance
from vael.geometry.immersion import Immersion
from vael.geometry.initial_value import shoot

if TYPE_CHECKING:
    from vael.geometry.manifold import Manifold

__all__ = ["distance", "geodesic", "initial_velocity", "logarithm", "pairwise"]

TOGETHER = 1024  # curves that are solved at once
NODES = 2000  # of the graph that distances between all pairs are read from
LEAST_SEGMENTS = 2


def geodesic(
    manifold: Manifold,
    a: Any,
    b: Any,
    *,
    segments: int = 32,
    graph: bool = True,
    tolerance: float | None = None,
    max_steps: int = 40,
) -> Geodesics:
    """Find geodesics between points: `Manifold.geodesic`."""
    start, end, batch = _pairs(manifold, a, b)
    return _shaped(_solve(manifold, start, end, segments, graph, tolerance, max_steps), batch)


def distance(
    manifold: Manifold,
    a: Any,
    b: Any,
    *,
    segments: int = 32,
    graph: bool = True,
    tolerance: float | None = None,
    max_steps: int = 40,
    trace: bool | None = None,
) -> Tensor:
    """Return geodesic distances, with gradients by the envelope theorem: `Manifold.distance`."""
    start, end, batch = _pairs(manifold, a, b)
    with torch.no_grad():
        found = _solve(manifold, start, end, segments, graph, tolerance, max_steps)
    length = found.length
    wanted = start.requires_grad or end.requires_grad
    if torch.is_grad_enabled() and (wanted if trace is None else trace):
        inner = found.points[:, 1:-1].detach()
        curves = torch.cat([start.unsqueeze(1), inner, end.unsqueeze(1)], 1)
        traced = [_squares_with_gradient(manifold, part) for part in curves.split(TOGETHER)]
        length = torch.cat(traced) if traced else length
    return length.reshape(batch)


def logarithm(
    manifold: Manifold,
    a: Any,
    b: Any,
    *,
    segments: int = 32,
    graph: bool = True,
    tolerance: float | None = None,
    polish: bool | None = None,
) -> Tensor:
    """Return initial velocities of the geodesics from a to b: `Manifold.log`."""
    start, end, batch = _pairs(manifold, a, b)
    if polish is None:
        polish = start.dtype == torch.float64 and getattr(manifold, "piecewise_linear", None) is None
    with torch.no_grad():
        found = _solve(manifold, start, end, segments, graph, tolerance, 40)
        parts = [initial_velocity(manifold, part) for part in found.points.split(TOGETHER) if len(part)]
        velocity = torch.cat(parts) if parts else start
        if polish:
            better = shoot(manifold, start, end, velocity)
            velocity = torch.where(better.converged.unsqueeze(-1), better.velocity, velocity)
    return velocity.reshape((*batch, start.shape[1]))


def initial_velocity(manifold: Manifold, curves: Tensor) -> Tensor:
    """Velocities at the start of discrete geodesics, by extrapolation of their first chords.

    A geodesic's second derivative is normal to the manifold: the chord's tangent part errs by the square of
    the step alone. Without an immersion chords are vectors of no one space, and the coordinates themselves
    are differentiated.
    """
    structure, T = manifold.structure, curves.shape[1] - 1
    if not isinstance(structure, Immersion) and T >= 3:
        p = curves
        return (-11 * p[:, 0] + 18 * p[:, 1] - 9 * p[:, 2] + 2 * p[:, 3]) * (T / 6)
    start = curves[:, 0]
    A = structure.factor(start)
    gram = A.mT @ A

    def tangent(number: int) -> Tensor:
        chord = structure.chords(start, curves[:, number])
        return torch.linalg.solve(gram, (A.mT @ chord.unsqueeze(-1)).squeeze(-1)) * (T / number)

    return (4 * tangent(1) - tangent(2)) / 3 if T >= 2 else tangent(1)


def pairwise(
    manifold: Manifold,
    Z: Any,
    *,
    refine: bool = False,
    neighbours: int = 32,
    segments: int = 32,
    connect: str = "bridge",
) -> Tensor:
    """Return distances between all pairs of points: `Manifold.pairwise`."""
    if connect not in ("bridge", "error"):
        raise InputError(f"connect must be 'bridge' or 'error', got {connect!r}")
    points = manifold.read(Z, "Z").flat.detach()
    if len(points) < 2:
        return points.new_zeros(len(points), len(points))
    with torch.no_grad():
        graph, rows = _graph_over(manifold, points, neighbours, connect)
        if refine:
            return _refined(manifold, points, graph, segments)
        lengths = dijkstra(graph.lengths, directed=False, indices=np.unique(rows))
        order = np.searchsorted(np.unique(rows), rows)
        found = lengths[order][:, rows]
        found[rows[:, None] == rows[None, :]] = 0
    return torch.as_tensor((found + found.T) / 2, dtype=points.dtype, device=points.device)


def _graph_over(
    manifold: Manifold, points: Tensor, neighbours: int, connect: str
) -> tuple[DataGraph, np.ndarray]:
    """Build the graph over points and data; and which node each point is."""
    own, rows = torch.unique(points, dim=0, return_inverse=True)
    nodes = own
    if manifold.data is not None and len(own) < NODES:
        nodes = torch.cat([own, spread_nodes(manifold.data, NODES - len(own))])
    graph = DataGraph.of(manifold.structure, nodes, neighbours)
    part = graph.part[: len(own)][rows.cpu().numpy()]
    names, sizes = np.unique(part, return_counts=True)
    if len(names) > 1:
        told = "; ".join(
            f"{size} points, row {int(np.flatnonzero(part == name)[0])} among them"
            for name, size in list(zip(names, sizes))[:5]
        )
        what = f"the graph of {neighbours} neighbours falls into {len(names)} parts ({told})"
        if connect == "error":
            raise InputError(f"{what}: give more neighbours, a manifold with more data, or connect='bridge'")
        warnings.warn(
            f"{what}; they are joined by straight lines: give more neighbours, or a manifold with more data",
            VaelWarning,
            stacklevel=4,
        )
    return graph, rows.cpu().numpy()


def _refined(manifold: Manifold, points: Tensor, graph: DataGraph, segments: int) -> Tensor:
    first, second = torch.triu_indices(len(points), len(points), 1, device=points.device)
    tolerance = default_tolerance(points.dtype)
    found = [
        solve(
            manifold.structure,
            points[i],
            points[j],
            segments=segments,
            graph=graph,
            tolerance=tolerance,
            max_steps=40,
        ).length
        for i, j in zip(first.split(TOGETHER), second.split(TOGETHER))
    ]
    result = points.new_zeros(len(points), len(points))
    result[first, second] = torch.cat(found)
    return result + result.T


def _solve(
    manifold: Manifold,
    start: Tensor,
    end: Tensor,
    segments: int,
    graph: bool,
    tolerance: float | None,
    max_steps: int,
) -> Geodesics:
    if segments < LEAST_SEGMENTS:
        raise InputError(f"segments must be >= {LEAST_SEGMENTS}, got {segments}")
    known = manifold.graph if graph else None
    least = default_tolerance(start.dtype) if tolerance is None else tolerance
    parts = [
        solve(
            manifold.structure,
            a,
            b,
            segments=segments,
            graph=known,
            tolerance=least,
            max_steps=max_steps,
        )
        for a, b in zip(start.detach().split(TOGETHER), end.detach().split(TOGETHER))
    ]
    if len(parts) == 1:
        return parts[0]
    if not parts:
        nothing = start.new_zeros(0)
        return Geodesics(
            start.new_zeros(0, segments + 1, start.shape[1]),
            nothing,
            nothing,
            nothing > 0,
            nothing,
            nothing.long(),
        )
    names = ("points", "length", "energy", "converged", "straight_excess", "steps")
    return Geodesics(**{name: torch.cat([getattr(part, name) for part in parts]) for name in names})


def _squares_with_gradient(manifold: Manifold, curves: Tensor) -> Tensor:
    """Lengths of curves whose inner points are held: their gradient is the distance's (envelope theorem)."""
    structure, latent = manifold.structure, curves.shape[-1]

    def squares(points: Tensor) -> Tensor:
        a, b = points[:, :-1].reshape(-1, latent), points[:, 1:].reshape(-1, latent)
        return structure.chords(a, b).square().sum(-1).unflatten(0, (len(points), points.shape[1] - 1))

    T = curves.shape[1] - 1
    return curve_length(squares(curves), squares(curves[:, ::2]) if T % 2 == 0 and T > 2 else None)


def _pairs(manifold: Manifold, a: Any, b: Any) -> tuple[Tensor, Tensor, tuple[int, ...]]:
    """Check two sets of points and let their leading shapes broadcast."""
    one, other = manifold.read(a, "a"), manifold.read(b, "b")
    latent = one.flat.shape[1]
    if other.flat.shape[1] != latent:
        raise InputError(f"a has points of {latent} coordinates and b of {other.flat.shape[1]}")
    dtype = torch.promote_types(one.flat.dtype, other.flat.dtype)
    try:
        batch = torch.broadcast_shapes(one.batch, other.batch)
    except RuntimeError as error:
        raise InputError(
            f"a and b have leading shapes {one.batch} and {other.batch}: they do not fit"
        ) from error
    start, end = (
        p.flat.to(dtype).reshape(*p.batch, latent).expand(*batch, latent).reshape(-1, latent)
        for p in (one, other)
    )
    return start, end, tuple(batch)


def _shaped(found: Geodesics, batch: tuple[int, ...]) -> Geodesics:
    return replace(
        found,
        **{
            name: getattr(found, name).reshape((*batch, *getattr(found, name).shape[1:]))
            for name in ("points", "length", "energy", "converged", "straight_excess", "steps")
        },
    )
