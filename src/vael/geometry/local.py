"""What a metric says at a point: volumes, lengths, angles."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from vael.errors import InputError
from vael.geometry.tangents import Tangents, chunked, read_tangents, regular_factor, tracing

if TYPE_CHECKING:
    from vael.geometry.manifold import Manifold

__all__ = ["angle", "condition_number", "indicatrix", "inner", "log_volume", "metric", "norm"]


def metric(manifold: Manifold, z: Any) -> Tensor:
    """Return the metric tensor: `Manifold.metric`."""
    points = manifold.read(z)
    with tracing(points.flat):
        return points.shaped(manifold.structure.metric(points.flat))


def log_volume(manifold: Manifold, z: Any) -> Tensor:
    """Return the logarithm of the volume element: `Manifold.log_volume`."""
    points = manifold.read(z)

    def volume(L: Tensor) -> Tensor:
        return L.diagonal(dim1=-2, dim2=-1).log().sum(-1)

    with tracing(points.flat):
        return points.shaped(_of_factors(manifold, points.flat, volume))


def condition_number(manifold: Manifold, z: Any) -> Tensor:
    """Return the ratio of the metric's eigenvalues: `Manifold.condition_number`."""
    points = manifold.read(z)

    def ratio(L: Tensor) -> Tensor:
        values = torch.linalg.svdvals(L.double())
        return (values[:, 0] / values[:, -1]).square().to(L.dtype)

    with tracing(points.flat):
        return points.shaped(_of_factors(manifold, points.flat, ratio))


def inner(manifold: Manifold, z: Any, u: Any, v: Any) -> Tensor:
    """Return inner products: `Manifold.inner`."""
    read = read_tangents(manifold, z, u=u, v=v)
    with tracing(read.z, *read.vectors):
        return read.shaped(_products(manifold, read.z, *read.vectors))


def norm(manifold: Manifold, z: Any, v: Any) -> Tensor:
    """Return lengths of vectors: `Manifold.norm`."""
    read = read_tangents(manifold, z, v=v)
    with tracing(read.z, *read.vectors):
        return read.shaped(_norms(manifold, read.z, read.vectors[0]))


def angle(manifold: Manifold, z: Any, u: Any, v: Any) -> Tensor:
    """Return angles between vectors: `Manifold.angle`."""
    read = read_tangents(manifold, z, u=u, v=v)
    with tracing(read.z, *read.vectors):
        one, other = (_unit(manifold, read, vector, name) for name, vector in zip(("u", "v"), read.vectors))
        # Kahan's form keeps its digits at angles near 0 and pi, where an arc cosine loses half of them.
        apart, along = (_norms(manifold, read.z, w) for w in (one - other, one + other))
        return read.shaped(2 * torch.atan2(apart, along))


def indicatrix(manifold: Manifold, z: Any, n: int = 64, radius: float = 1.0) -> Tensor:
    """Return points at one length from others: `Manifold.indicatrix`."""
    points = manifold.read(z)
    if points.flat.shape[1] != 2:
        raise InputError(f"indicatrices are drawn of two latents, these points have {points.flat.shape[1]}")
    if n < 1 or not radius > 0:
        raise InputError(f"an indicatrix needs n >= 1 and a radius > 0, got {n} and {radius}")
    turn = torch.arange(n, dtype=points.flat.dtype, device=points.flat.device) * (2 * math.pi / n)
    circle = radius * torch.stack([turn.cos(), turn.sin()])

    def ellipse(L: Tensor) -> Tensor:  # L^T v is on the circle
        return torch.linalg.solve_triangular(L.mT, circle.expand(len(L), 2, n), upper=True).mT

    with tracing(points.flat):
        return points.shaped(_of_factors(manifold, points.flat, ellipse) + points.flat.unsqueeze(1))


def _of_factors(manifold: Manifold, z: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor:
    """Apply a function to the metric's Cholesky factors, chunk by chunk."""

    def of(part: slice) -> Tensor:
        return function(regular_factor(manifold.structure, z[part], part.start))

    return chunked(manifold.structure, 6 * z.shape[1] ** 2 * z.element_size(), of, z)


def _products(manifold: Manifold, z: Tensor, u: Tensor, v: Tensor) -> Tensor:
    def of(part: slice) -> Tensor:
        return torch.einsum("nij,ni,nj->n", manifold.structure.metric(z[part]), u[part], v[part])

    return chunked(manifold.structure, 3 * z.shape[1] ** 2 * z.element_size(), of, z)


def _norms(manifold: Manifold, z: Tensor, v: Tensor) -> Tensor:
    squares = _products(manifold, z, v, v)
    positive = squares > 0  # a root's slope at zero would make gradients NaN
    return torch.where(positive, squares, 1).sqrt() * positive


def _unit(manifold: Manifold, read: Tangents, v: Tensor, name: str) -> Tensor:
    lengths = _norms(manifold, read.z, v)
    if not (lengths > 0).all():
        row = int(torch.argwhere(lengths <= 0)[0])
        raise InputError(f"{name} has length zero at point {row}: an angle needs two directions")
    return v / lengths.unsqueeze(-1)
