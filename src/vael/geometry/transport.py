r"""Parallel transport along any curve: :math:`v' = -\Gamma(\gamma', v)`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from scipy.interpolate import CubicSpline
from torch import Tensor

from vael.errors import InputError
from vael.geometry.bending import refuse_piecewise_linear
from vael.geometry.structure import CACHE, Structure
from vael.geometry.tangents import tracing

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
    carried = vectors.flat.reshape(*vectors.batch, latent).expand(*shape, latent).reshape(-1, latent)
    between = max(1, -(-LEAST_STEPS // (count - 1))) if substeps is None else substeps
    if between < 1:
        raise InputError(f"substeps must be >= 1, got {between}")
    places, velocities = _between(curves.reshape(-1, count, latent), 2 * between)
    with tracing(carried):
        found = _carried(manifold.structure, carried.to(places.dtype), places, velocities, between)
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


def _carried(structure: Structure, v: Tensor, places: Tensor, velocities: Tensor, between: int) -> Tensor:
    """Vectors at the curves' points, ``(n, T + 1, latent)``, by steps of the fourth order."""
    each = 3 * structure.cost(v.shape[1])
    kept: list[Tensor] = []
    for part in structure.parts(len(v), each, budget=max(CACHE, each)):
        now, way = v[part], [v[part]]
        z, w = places[part].unbind(1), velocities[part].unbind(1)
        for start in range(0, len(z) - 1, 2):
            now = _step(structure, now, z[start : start + 3], w[start : start + 3], 1 / between)
            if (start // 2 + 1) % between == 0:
                way.append(now)
        kept.append(torch.stack(way, 1))
    if not kept:
        return v.new_zeros(0, (places.shape[1] - 1) // (2 * between) + 1, v.shape[1])
    return torch.cat(kept)


def _step(structure: Structure, v: Tensor, z: Any, w: Any, h: float) -> Tensor:
    """Take a step over three points of the curve and its velocities there."""
    a1 = structure.acceleration(z[0], w[0], v)
    a2 = structure.acceleration(z[1], w[1], v + h / 2 * a1)
    a3 = structure.acceleration(z[1], w[1], v + h / 2 * a2)
    a4 = structure.acceleration(z[2], w[2], v + h * a3)
    return v + h / 6 * (a1 + 2 * a2 + 2 * a3 + a4)


def _check(found: Tensor) -> None:
    bad = ~torch.isfinite(found).all(-1)
    if bad.any():
        row, place = torch.argwhere(bad)[0].tolist()
        raise InputError(
            f"curve {row} leaves the region where the metric is finite and has full rank before its point "
            f"{place}: no vector can be carried on"
        )
