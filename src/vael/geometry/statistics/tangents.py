"""Between a manifold and its tangent space at a point: velocities to many points, steps along one."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import torch
from torch import Tensor

from vael.errors import InputError, VaelWarning
from vael.geometry.curves import initial_velocity
from vael.geometry.manifold import Manifold

__all__ = ["TangentFrame", "Velocities", "advance", "velocities"]

TOGETHER = 1024  # curves whose velocities are found at once
FEW = 8  # steps of the exponential map
LEAST_TOLERANCE = 1e-16  # of an energy: less is lost in rounding


@dataclass(frozen=True, eq=False)
class Velocities:
    """Geodesics from one point to many, as tangent vectors.

    Attributes:
        velocity: At the point, in the coordinates, ``(n, latent)``.
        length: Of the geodesics, ``(n,)``.
    """

    velocity: Tensor
    length: Tensor


@torch.no_grad()
def velocities(
    manifold: Manifold, point: Tensor, points: Tensor, *, segments: int, tolerance: float | None = None
) -> Velocities:
    """Find the geodesics from a point, ``(latent,)``, to points, ``(n, latent)``.

    Their energies are lowered until the square of the tolerance is left of them, as a velocity errs by the
    root of what an energy does.

    The velocities are scaled to have the lengths' norms: a length is known to a higher order than the first
    chord of its curve.
    """
    frame = TangentFrame.at(manifold, point)
    energy = None if tolerance is None else max(tolerance**2, LEAST_TOLERANCE)
    found = manifold.geodesic(point, points, segments=segments, tolerance=energy)
    parts = [initial_velocity(manifold, part) for part in found.points.split(TOGETHER)]
    raw = torch.cat(parts)
    norm = frame.coordinates(raw).norm(dim=-1)
    scale = torch.where(norm > 0, found.length / torch.where(norm > 0, norm, 1), 0)
    return Velocities(raw * scale.unsqueeze(-1), found.length)


@torch.no_grad()
def advance(manifold: Manifold, point: Tensor, velocity: Tensor) -> Tensor:
    """Return the point that a step along a tangent vector leads to, ``(latent,)``.

    It is the exponential map where there is one, and the straight line of the chart where the decoder is
    piecewise linear or the geodesic leaves where it is defined: a retraction, which agrees to first order.
    Few steps are made: what the step is for is judged where it leads.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", VaelWarning)  # a rough step is good enough
        try:
            there = manifold.exp(point, velocity, steps=FEW)
        except InputError:
            return point + velocity
    return there if bool(torch.isfinite(there).all()) else point + velocity


@dataclass(frozen=True, eq=False)
class TangentFrame:
    r"""An orthonormal basis of a tangent space: :math:`u = L^T v` has the Euclidean norm of v's length.

    Attributes:
        point: Where, ``(latent,)``.
        factor: L with :math:`G = L L^T`, lower triangular, ``(latent, latent)``.
    """

    point: Tensor
    factor: Tensor

    @classmethod
    def at(cls, manifold: Manifold, point: Tensor) -> TangentFrame:
        """Make the frame at a point; raises `InputError` where the metric is not positive definite."""
        with torch.no_grad():
            metric = manifold.structure.metric(point.unsqueeze(0))[0]
        factor, failed = torch.linalg.cholesky_ex(metric)
        if int(failed) or not bool(torch.isfinite(factor).all()):
            place = ", ".join(f"{x:.4g}" for x in point.tolist())
            raise InputError(f"the metric at ({place}) is not positive definite: a direction has no length")
        return cls(point, factor)

    def coordinates(self, velocity: Tensor) -> Tensor:
        """Return tangent vectors ``(n, latent)`` in the orthonormal basis."""
        return velocity @ self.factor

    def vectors(self, coordinates: Tensor) -> Tensor:
        """Return tangent vectors ``(n, latent)`` in the chart."""
        return torch.linalg.solve_triangular(self.factor.T, coordinates.T, upper=True).T
