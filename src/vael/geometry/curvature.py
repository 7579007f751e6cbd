r"""Curvature: by the Gauss equation where there is an immersion, by derivatives of the metric where not.

Of an immersion, second derivatives alone: the second fundamental form
:math:`\mathrm{II} = (1 - J J^+) D^2 F` gives
:math:`\langle R(x, y) y, x \rangle = \mathrm{II}(x, x) \cdot \mathrm{II}(y, y) - |\mathrm{II}(x, y)|^2`.
Of a metric, Riemann's tensor, by second derivatives of the metric. In both an orthonormal frame is made
first, so that no determinant is divided by.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float
from torch import Tensor

from vael.errors import InputError
from vael.geometry.bending import refuse_piecewise_linear
from vael.geometry.chorded import Chorded
from vael.geometry.forward import jacobian, push
from vael.geometry.immersion import Immersion
from vael.geometry.points import Points
from vael.geometry.second_order import SecondOrder
from vael.geometry.structure import Structure
from vael.geometry.tangents import chunked, read_tangents, regular_factor, tracing

if TYPE_CHECKING:
    from vael.geometry.manifold import Manifold

__all__ = ["curvature", "mean_curvature", "ricci", "scalar", "sectional"]

PARALLEL = 1e3  # times the precision: a sine below it is of no plane


def curvature(manifold: Manifold, z: Any) -> Tensor:
    """Return the Gaussian curvature: `Manifold.curvature`."""
    points = _door(manifold, z)
    latent = points.flat.shape[1]
    if latent != 2:
        raise InputError(
            f"Gaussian curvature is of two latents, these points have {latent}: use sectional, ricci or "
            "scalar"
        )
    u, v = torch.eye(2, dtype=points.flat.dtype, device=points.flat.device).unsqueeze(1)
    with tracing(points.flat):
        found = _planes(manifold, points.flat, u.expand_as(points.flat), v.expand_as(points.flat))
    return points.shaped(found)


def sectional(manifold: Manifold, z: Any, u: Any, v: Any) -> Tensor:
    """Return sectional curvatures: `Manifold.sectional`."""
    read = read_tangents(manifold, z, u=u, v=v)
    refuse_piecewise_linear(manifold, read.z)
    with tracing(read.z, *read.vectors):
        return read.shaped(_planes(manifold, read.z, *read.vectors))


def ricci(manifold: Manifold, z: Any) -> Tensor:
    """Return Ricci tensors: `Manifold.ricci`."""

    def in_coordinates(structure: Structure, z: Tensor, L: Tensor) -> Tensor:
        return L @ _framed_ricci(structure, z, L) @ L.mT

    return _at_points(manifold, z, in_coordinates)


def scalar(manifold: Manifold, z: Any) -> Tensor:
    """Return scalar curvatures: `Manifold.scalar`."""

    def traced(structure: Structure, z: Tensor, L: Tensor) -> Tensor:
        return _framed_ricci(structure, z, L).diagonal(dim1=-2, dim2=-1).sum(-1)

    return _at_points(manifold, z, traced)


def mean_curvature(manifold: Manifold, z: Any) -> Tensor:
    """Return norms of mean curvature vectors: `Manifold.mean_curvature`."""
    immersion = manifold.immersion

    def bent(_: Structure, z: Tensor, L: Tensor) -> Tensor:
        return torch.einsum("naii->na", _second_form(immersion, z, L)).norm(dim=-1) / z.shape[1]

    return _at_points(manifold, z, bent)


def _door(manifold: Manifold, z: Any) -> Points:
    points = manifold.read(z)
    refuse_piecewise_linear(manifold, points.flat)
    return points


def _at_points(manifold: Manifold, z: Any, function: Callable[[Structure, Tensor, Tensor], Tensor]) -> Tensor:
    """Compute something of the structure, points and the metric's Cholesky factors, chunk by chunk."""
    points = _door(manifold, z)
    structure, flat = manifold.structure, points.flat

    def of(part: slice) -> Tensor:
        return function(structure, flat[part], regular_factor(structure, flat[part], part.start))

    with tracing(flat):
        return points.shaped(chunked(structure, _cost(structure, flat), of, flat))


def _cost(structure: Structure, z: Tensor) -> int:
    """Bytes that a point takes while all its second derivatives are computed."""
    latent = z.shape[1]
    if isinstance(structure, Immersion) and len(z):
        structure.outputs(z)  # found by a call, and the cost is of so many
    own = 6 * latent**4 if isinstance(structure, Chorded) else 0
    return structure.cost(latent) * (1 + latent) + own * z.element_size()


# -- planes ------------------------------------------------------------------------------------------------


def _planes(manifold: Manifold, z: Tensor, u: Tensor, v: Tensor) -> Tensor:
    structure = manifold.structure

    def of(part: slice) -> Tensor:
        L = regular_factor(structure, z[part], part.start)
        one, other = _orthonormal(L, u[part], v[part], part.start)
        if isinstance(structure, Immersion):
            return _bent_plane(structure, z[part], one, other)
        return _plane(_chorded(structure), z[part], one, other)

    return chunked(structure, _cost(structure, z), of, z)


def _orthonormal(L: Tensor, u: Tensor, v: Tensor, first: int) -> tuple[Tensor, Tensor]:
    """Make an orthonormal pair that spans the same planes."""
    x, y = ((L.mT @ w.unsqueeze(-1)).squeeze(-1) for w in (u, v))
    lengths = [w.norm(dim=-1, keepdim=True) for w in (x, y)]
    for name, length in zip(("u", "v"), lengths):
        if not (length > 0).all():
            row = int(torch.argwhere(length <= 0)[0, 0])
            raise InputError(f"{name} has length zero at point {first + row}: it spans no plane")
    x, y = x / lengths[0], y / lengths[1]
    y = y - x * (x * y).sum(-1, keepdim=True)
    sine = y.norm(dim=-1, keepdim=True)
    flat = sine <= PARALLEL * torch.finfo(L.dtype).eps
    if flat.any():
        row = int(torch.argwhere(flat)[0, 0])
        raise InputError(f"u and v are parallel at point {first + row}: they span no plane")
    frame = torch.stack([x, y / sine], -1)
    one, other = torch.linalg.solve_triangular(L.mT, frame, upper=True).unbind(-1)
    return one, other


def _bent_plane(immersion: Immersion, z: Tensor, x: Tensor, y: Tensor) -> Float[Tensor, " n"]:
    """Gauss equation for orthonormal x and y: three second derivatives."""
    with SecondOrder():
        bends = [immersion.second(z, a, b) for a, b in ((x, x), (y, y), (x, y))]
        J = immersion.factor(z)
    xx, yy, xy = _normal(J, torch.stack(bends, -1)).unbind(-1)
    return (xx * yy - xy.square()).sum(-1)


def _plane(structure: Chorded, z: Tensor, x: Tensor, y: Tensor) -> Float[Tensor, " n"]:
    r"""``R(x, y, y, x)`` from the metric: its second derivatives along x and y, and three accelerations."""

    def second(a: Tensor, b: Tensor, along: Tensor, then: Tensor) -> Tensor:
        def product(w: Tensor) -> Tensor:
            return torch.einsum("nij,ni,nj->n", structure.tensor(w), a, b)

        return push(lambda w: push(product, w, along)[1], z, then)[1]

    with SecondOrder():
        bent = second(x, y, x, y) - 0.5 * (second(x, x, y, y) + second(y, y, x, x))
        xx, yy, xy = (structure.acceleration(z, a, b) for a, b in ((x, x), (y, y), (x, y)))
        g = structure.tensor(z)
    return bent + torch.einsum("nij,ni,nj->n", g, xy, xy) - torch.einsum("nij,ni,nj->n", g, xx, yy)


# -- all directions ----------------------------------------------------------------------------------------


def _framed_ricci(structure: Structure, z: Tensor, L: Tensor) -> Float[Tensor, "n latent latent"]:
    """Ricci's tensor in the orthonormal frame ``L^{-T}``."""
    if isinstance(structure, Immersion):
        form = _second_form(structure, z, L)
        trace = torch.einsum("naii->na", form)
        return torch.einsum("na,naij->nij", trace, form) - torch.einsum("naik,nakj->nij", form, form)
    frame = torch.linalg.inv(L).mT
    tensor = _riemann(_chorded(structure), z)
    return torch.einsum("niklm,nip,nlp,nkq,nms->nqs", tensor, frame, frame, frame, frame)


def _second_form(immersion: Immersion, z: Tensor, L: Tensor) -> Float[Tensor, "n ambient latent latent"]:
    """Second fundamental form in the orthonormal frame ``L^{-T}``."""
    frame = torch.linalg.inv(L)

    with SecondOrder():
        J, bends = jacobian(immersion.factor, z)
    normal = _normal(J, bends.flatten(2)).unflatten(2, bends.shape[2:])
    return torch.einsum("naij,npi,nqj->napq", normal, frame, frame)


def _normal(J: Float[Tensor, "n ambient latent"], vectors: Float[Tensor, "n ambient k"]) -> Tensor:
    """Parts of vectors normal to the columns of J: projected twice, for the digits that once loses."""
    Q = torch.linalg.qr(J).Q
    for _ in range(2):
        vectors = vectors - Q @ (Q.mT @ vectors)
    return vectors


def _riemann(structure: Chorded, z: Tensor) -> Float[Tensor, "n latent latent latent latent"]:
    r"""Riemann's :math:`R_{iklm} = \langle R(\partial_l, \partial_m) \partial_k, \partial_i \rangle`."""
    with SecondOrder():
        first, second = jacobian(lambda y: jacobian(structure.tensor, y)[1], z)
        g = structure.tensor(z)
    # Christoffel symbols of the first kind, the lowered index first; first[n, i, j, k] is d_k g_ij.
    lowered = 0.5 * (first + first.transpose(2, 3) - torch.einsum("nijk->nkij", first))
    raised = torch.linalg.solve(g, lowered.flatten(2)).unflatten(2, lowered.shape[2:])
    bent = 0.5 * (
        torch.einsum("nimkl->niklm", second)
        + torch.einsum("nklim->niklm", second)
        - torch.einsum("nilkm->niklm", second)
        - torch.einsum("nkmil->niklm", second)
    )
    return (
        bent
        + torch.einsum("npkl,npim->niklm", lowered, raised)
        - torch.einsum("npkm,npil->niklm", lowered, raised)
    )


def _chorded(structure: Structure) -> Chorded:
    if not isinstance(structure, Chorded):
        raise InputError(
            f"curvature needs an immersion or a metric, and {type(structure).__name__} is neither"
        )
    return structure
