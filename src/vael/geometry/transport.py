r"""Parallel transport along any curve: :math:`v' = -\Gamma(\gamma', v)`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from scipy.interpolate import CubicSpline
from torch import Tensor
from torch.func import vmap

from vael.errors import InputError
from vael.geometry.bending import refuse_piecewise_linear
from vael.geometry.immersion import Immersion
from vael.geometry.initial_value import followed
from vael.geometry.structure import Structure

if TYPE_CHECKING:
    from vael.geometry.manifold import Manifold

__all__ = ["transport"]

LEAST_STEPS = 64


def transport(
    manifold: Manifold, v: Any, curve: Any, *, path: bool = False, substeps: int | None = None
) -> Tensor:
    """Carry vectors along curves: `Manifold.transport`."""
    points = manifold.read(getattr(curve, "points", curve), "curve")
    vectors = manifold.read(v, "v")
    if len(points.batch) < 1 or points.batch[-1] < 2:
        raise InputError(f"a curve is points of shape (..., T + 1, latent) with T >= 1, got {points.batch}")
    *batch, count = points.batch
    latent = points.flat.shape[1]
    if vectors.flat.shape[1] != latent:
        raise InputError(f"v has {vectors.flat.shape[1]} components, but the curve has {latent} coordinates")
    try:
        shape = torch.broadcast_shapes(tuple(batch), vectors.batch)
    except RuntimeError as error:
        raise InputError(
            f"v has the leading shape {vectors.batch} and the curves {tuple(batch)}: they do not fit"
        ) from error
    refuse_piecewise_linear(manifold, points.flat)
    curves = points.flat.reshape(*batch, count, latent).expand(*shape, count, latent)
    carried = (
        vectors.flat.reshape(*vectors.batch, latent).expand(*shape, latent).reshape(-1, latent).contiguous()
    )
    between = max(1, -(-LEAST_STEPS // (count - 1))) if substeps is None else substeps
    if between < 1:
        raise InputError(f"substeps must be >= 1, got {between}")
    places, velocities = _between(curves.reshape(-1, count, latent), 2 * between)
    connections = _connections(manifold.structure, places.flatten(0, 1), velocities.flatten(0, 1))
    found = _carried(connections.unflatten(0, places.shape[:2]), carried.to(places.dtype), between)
    _check(found)
    return found.reshape(*shape, count, latent) if path else found[:, -1].reshape(*shape, latent)


def _between(curves: Tensor, pieces: int) -> tuple[Tensor, Tensor]:
    """Points and velocities of C2 cubic splines through curves, with each segment cut into so many pieces.

    A unit of time is a segment, so that velocities are of the size of the chords.
    """
    T = curves.shape[1] - 1
    spline = CubicSpline(np.arange(T + 1.0), curves.detach().cpu().double().numpy(), axis=1)
    times = np.linspace(0, T, T * pieces + 1)
    places, velocities = (torch.as_tensor(spline(times, k)).to(curves) for k in (0, 1))
    return places, velocities


def _connections(structure: Structure, z: Tensor, w: Tensor) -> Tensor:
    r"""Matrices of :math:`v \mapsto -\Gamma(w, v)` at points, ``(n, latent, latent)``.

    Transport is linear: with these, which are computed at all points of all curves at once, a step costs
    nothing.
    """
    latent = z.shape[1]
    basis = torch.eye(latent, dtype=z.dtype, device=z.device)

    def at(place: Tensor, velocity: Tensor) -> Tensor:
        def along(e: Tensor) -> Tensor:
            return structure.acceleration(place, velocity, e.expand_as(place))

        if isinstance(structure, Immersion):
            return vmap(along, out_dims=-1)(basis)
        return torch.stack([along(e) for e in basis], -1)

    with torch.no_grad():
        found = [at(z[part], w[part]) for part in followed(structure, z, latent)]
    return torch.cat(found) if found else z.new_zeros(0, latent, latent)


def _carried(A: Tensor, v: Tensor, between: int) -> Tensor:
    """Vectors at the curves' points, ``(n, T + 1, latent)``, by steps of the fourth order.

    Arguments:
        A: Connections at the ends and middles of the steps, ``(n, 2 * steps + 1, latent, latent)``.
        v: Vectors at the start.
        between: Steps from one point to the next.
    """
    h, now, way = 1 / between, v.unsqueeze(-1), [v]
    every = A.unbind(1)
    for start in range(0, len(every) - 1, 2):
        first, middle, last = every[start : start + 3]
        a1 = first @ now
        a2 = middle @ (now + h / 2 * a1)
        a3 = middle @ (now + h / 2 * a2)
        now = now + h / 6 * (a1 + 2 * a2 + 2 * a3 + last @ (now + h * a3))
        if (start // 2 + 1) % between == 0:
            way.append(now.squeeze(-1))
    return torch.stack(way, 1)


def _check(found: Tensor) -> None:
    bad = ~torch.isfinite(found).all(-1)
    if bad.any():
        row, place = torch.argwhere(bad)[0].tolist()
        raise InputError(
            f"curve {row} leaves the region where the metric is finite and has full rank before its point "
            f"{place}: no vector can be carried on"
        )
