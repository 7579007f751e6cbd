"""The Frechet mean: the point with the least mean squared distance from points."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vael.errors import InputError
from vael.geometry.geodesics.solve import default_tolerance
from vael.geometry.manifold import Manifold
from vael.geometry.statistics.door import (
    as_numpy,
    check_manifold,
    read_points,
    read_weights,
    whole_number,
)
from vael.geometry.statistics.point_graph import PointGraph
from vael.geometry.statistics.tangents import TangentFrame, advance, velocities

__all__ = ["FrechetMean", "frechet_mean"]

MEDOID_POINTS, MEDOID_NEIGHBOURS = 200, 8
LEAST_PACE = 2.0**-12


@dataclass(frozen=True, eq=False)
class FrechetMean:
    """The mean of points on a manifold.

    Attributes:
        point: The mean, ``(latent,)``.
        variance: Mean squared distance of the points from it.
        converged: Whether the gradient fell below the tolerance.
        steps: Steps that were taken.
        gradient_norm: Riemannian norm of the mean velocity towards the points, half the variance's gradient.
    """

    point: np.ndarray
    variance: float
    converged: bool
    steps: int
    gradient_norm: float


@dataclass(frozen=True, eq=False)
class _Look:
    """The variance about a point, and the mean velocity from there."""

    point: Tensor
    variance: float
    direction: Tensor
    norm: float

    def improves(self, other: _Look, slack: float) -> bool:
        """Whether a step here from there is worth taking.

        Near the mean the variance changes by less than the error that geodesics are found with: there a step
        is judged by the gradient.
        """
        if self.variance < other.variance * (1 - slack):
            return True
        return self.norm < other.norm and self.variance <= other.variance * (1 + slack)


def frechet_mean(
    manifold: Manifold,
    Z: Any,
    weights: Any = None,
    *,
    start: Any = None,
    tolerance: float | None = None,
    max_steps: int = 100,
    segments: int = 32,
) -> FrechetMean:
    r"""Find the point whose mean squared distance from points is least.

    Karcher's iteration :math:`m \leftarrow \exp_m(\tfrac{t}{n} \sum_i \log_m z_i)`: the variance's Riemannian
    gradient is :math:`-\tfrac{2}{n} \sum_i \log_m z_i`. The pace t starts at one and is halved while the
    variance does not fall. Where there is no exponential map the step is straight in the chart, which leads
    to the same point; the variance then has kinks, at which the steps may stop early. The mean is a local
    one: it is the only one where the points lie in a ball that is small beside the curvature's radius.

    See also: Karcher 1977, Communications on Pure and Applied Mathematics 30, 509-541; Pennec 2006, Journal
    of Mathematical Imaging and Vision 25, 127-154.

    Arguments:
        manifold: The manifold.
        Z: Points, ``(n, latent)``; arrays or tensors.
        weights: Of the points, ``(n,)``; None: all the same.
        start: Where to begin, ``(latent,)``; None: the mean in the coordinates, or the medoid of some of the
            points by the graph over them, whichever has less variance.
        tolerance: Norm of the mean velocity at the end, as a part of the standard deviation; None: 1e-6 in
            double precision, 3e-3 in single.
        max_steps: Steps at most. Each costs n geodesics for each pace that is tried.
        segments: Of the geodesics.

    Raises:
        InputError: If points, weights or the start do not fit, or no geodesic of finite length leads from the
            start to a point.

    Example:
        >>> import torch
        >>> from vael.geometry import LatentManifold, frechet_mean
        >>> sphere = LatentManifold(lambda z: torch.cat([2 * z, 1 - (z * z).sum(-1, keepdim=True)], -1)
        ...                         / (1 + (z * z).sum(-1, keepdim=True)))
        >>> corners = [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]  # of an eighth of the sphere
        >>> frechet_mean(sphere, corners).point.round(4)
        array([0.366, 0.366])
    """
    points = read_points(check_manifold(manifold), Z)
    share = read_weights(weights, points)
    whole_number("max_steps", max_steps, 0)
    least = default_tolerance(points.dtype) ** 0.5 if tolerance is None else tolerance
    if not least >= 0:
        raise InputError(f"tolerance must be a number >= 0, got {tolerance!r}")

    def look(point: Tensor) -> _Look:
        return _look(manifold, point, points, share, segments, least)

    here, pace, steps = _start(manifold, points, share, start, look), 1.0, 0
    while here.norm > least * here.variance**0.5 and steps < max_steps:
        found = None
        while found is None and pace >= LEAST_PACE:
            trial = look(advance(manifold, here.point, pace * here.direction))
            found = trial if trial.improves(here, default_tolerance(points.dtype) ** 0.5) else None
            pace = pace if found is not None else pace / 2
        if found is None:
            break
        here, pace, steps = found, min(1.0, 2 * pace), steps + 1
    done = here.norm <= least * here.variance**0.5
    return FrechetMean(as_numpy(here.point), here.variance, done, steps, here.norm)


def _look(
    manifold: Manifold, point: Tensor, points: Tensor, share: Tensor, segments: int, tolerance: float
) -> _Look:
    nowhere = _Look(point, float("inf"), torch.zeros_like(point), float("inf"))
    if not bool(torch.isfinite(point).all()):
        return nowhere
    try:
        found = velocities(manifold, point, points, segments=segments, tolerance=tolerance)
        frame = TangentFrame.at(manifold, point)
    except InputError:  # a metric that is not one: no place for a mean
        return nowhere
    counted = share > 0
    variance = float((share * found.length.double().square())[counted].sum())
    direction = (share.unsqueeze(-1) * found.velocity.double())[counted].sum(0).to(point)
    norm = float(frame.coordinates(direction.unsqueeze(0)).norm())
    if not np.isfinite(variance + norm):
        return nowhere
    return _Look(point, variance, direction, norm)


def _start(
    manifold: Manifold, points: Tensor, share: Tensor, start: Any, look: Callable[[Tensor], _Look]
) -> _Look:
    """Where to begin; refuses a place that no geodesics leave."""
    if start is not None:
        given = manifold.read(start, "start")
        shape, latent = (*given.batch, given.flat.shape[1]), points.shape[1]
        if shape != (latent,):
            raise InputError(f"start must be one point of shape ({latent},), got {shape}")
        tried = [given.flat[0].detach().to(points)]
    else:
        middle = (share.unsqueeze(-1) * points.double()).sum(0).to(points)
        tried = [middle, _medoid(manifold, points, share)]
    found = min((look(point) for point in tried), key=lambda x: x.variance)
    if not np.isfinite(found.variance):
        place = ", ".join(f"{x:.4g}" for x in found.point.tolist())
        raise InputError(
            f"from ({place}) no geodesics of finite length lead to all points, or the metric there is not "
            "positive definite: give another start, or leave out points where the decoder is not finite"
        )
    return found


def _medoid(manifold: Manifold, points: Tensor, share: Tensor) -> Tensor:
    """The point, among some, with the least sum of squared graph distances from them."""
    heavy = torch.argsort(share, descending=True, stable=True)[: int((share > 0).sum())]
    if len(heavy) > MEDOID_POINTS:
        order = torch.randperm(len(heavy), generator=torch.Generator().manual_seed(0))
        heavy = heavy[order[:MEDOID_POINTS].to(heavy.device)]
    graph = PointGraph.of(manifold, points[heavy], MEDOID_NEIGHBOURS)
    squares = graph.between()[:, graph.node_of] ** 2
    return graph.nodes[int((squares @ as_numpy(share[heavy])).argmin())]
