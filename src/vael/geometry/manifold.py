"""Latent space as a Riemannian manifold: the object whose methods are the geometry."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Self

import torch
from torch import Tensor

from vael.errors import InputError
from vael.geometry import brownian, curvature, curves, initial_value, local, sampling, transport
from vael.geometry.chorded import MetricField
from vael.geometry.geodesics import DataGraph, Geodesics
from vael.geometry.geodesics.graph import spread_nodes
from vael.geometry.immersion import Immersion
from vael.geometry.points import Points, read_points
from vael.geometry.sampling import VolumeSamples
from vael.geometry.structure import MEMORY, Structure

__all__ = ["Manifold", "MetricManifold"]

GRAPH_NODES, GRAPH_NEIGHBOURS = 500, 10  # of the graph that geodesics start from


class Manifold:
    """Latent space with a Riemannian structure.

    Arguments:
        structure: Metric, chords and derivatives.
        latent: Number of latents; None: as many as the points that are given.
        data: Encoded data, ``(n, latent)``: where geodesics look for a way round what is expensive.
        like: A tensor whose dtype and device points are brought to; None: theirs.
    """

    def __init__(
        self,
        structure: Structure,
        *,
        latent: int | None = None,
        data: Any = None,
        like: Tensor | None = None,
    ) -> None:
        self.structure = structure
        self.latent = latent
        self.like = like
        self.data = None if data is None else read_points(self, data, name="data").flat

    def read(self, z: Any, name: str = "z") -> Points:
        """Check points at the door; see `Points`."""
        return read_points(self, z, name=name)

    @property
    def immersion(self) -> Immersion:
        """The immersion, for what needs one; raises `InputError` where there is none."""
        if not isinstance(self.structure, Immersion):
            raise InputError("this manifold has a metric but no immersion: it has no image to look at")
        return self.structure

    # -- at a point ------------------------------------------------------------------------------------

    # Points and vectors are ``(*batch, latent)``; their leading shapes broadcast, and gradients reach those
    # that want them. Where a metric is singular, all but `metric`, `inner` and `norm` raise `InputError`,
    # which says at which point.

    def metric(self, z: Any) -> Tensor:
        """Return metric tensors G, ``(*batch, latent, latent)``."""
        return local.metric(self, z)

    def log_volume(self, z: Any) -> Tensor:
        r"""Return :math:`\ln \sqrt{\det G}`, ``(*batch,)``: the logarithm of the magnification factor."""
        return local.log_volume(self, z)

    def inner(self, z: Any, u: Any, v: Any) -> Tensor:
        """Return inner products ``u^T G v``, ``(*batch,)``."""
        return local.inner(self, z, u, v)

    def norm(self, z: Any, v: Any) -> Tensor:
        """Return lengths of vectors, ``(*batch,)``."""
        return local.norm(self, z, v)

    def angle(self, z: Any, u: Any, v: Any) -> Tensor:
        """Return angles between vectors, in radians from 0 to pi, ``(*batch,)``."""
        return local.angle(self, z, u, v)

    def condition_number(self, z: Any) -> Tensor:
        """Return the largest eigenvalue of G over the smallest, ``(*batch,)``."""
        return local.condition_number(self, z)

    def indicatrix(self, z: Any, n: int = 64, radius: float = 1.0) -> Tensor:
        """Return n points ``z + v`` with ``|v| = radius`` in the metric at z, ``(*batch, n, 2)``: an ellipse.

        Of two latents. The points are at even angles, as the metric measures angles.
        """
        return local.indicatrix(self, z, n, radius)

    # -- curvature -------------------------------------------------------------------------------------

    def curvature(self, z: Any) -> Tensor:
        """Return the Gaussian curvature, of two latents, ``(*batch,)``.

        Of an immersion by the Gauss equation, good to 1e-10 in double precision and to 1e-3 of the largest
        curvatures in single; of a metric by its derivatives. This and all else that needs second derivatives
        raises `InputError` of piecewise-linear decoders, which have none.
        """
        return curvature.curvature(self, z)

    def sectional(self, z: Any, u: Any, v: Any) -> Tensor:
        """Return curvatures of the planes that vectors u and v span, ``(*batch,)``."""
        return curvature.sectional(self, z, u, v)

    def ricci(self, z: Any) -> Tensor:
        """Return Ricci tensors, ``(*batch, latent, latent)``: ``(d - 1) G`` on a unit sphere."""
        return curvature.ricci(self, z)

    def scalar(self, z: Any) -> Tensor:
        """Return scalar curvatures, ``(*batch,)``: ``d (d - 1)`` on a unit sphere, of two latents ``2 K``."""
        return curvature.scalar(self, z)

    def mean_curvature(self, z: Any) -> Tensor:
        r"""Return norms of mean curvature vectors, :math:`|\mathrm{tr}_G \mathrm{II}| / d`, ``(*batch,)``.

        It is 1 on a unit sphere of any dimension; it belongs to the immersion, not to the metric alone.
        """
        return curvature.mean_curvature(self, z)

    # -- curves ----------------------------------------------------------------------------------------

    @cached_property
    def graph(self) -> DataGraph | None:
        """Nearest neighbours among the data, with Riemannian lengths; None without data. Built once."""
        if self.data is None:
            return None
        nodes = spread_nodes(self.data.detach(), GRAPH_NODES)
        if len(nodes) < 2:
            return None
        with torch.no_grad():
            return DataGraph.of(self.structure, nodes, GRAPH_NEIGHBOURS)

    def geodesic(
        self,
        a: Any,
        b: Any,
        *,
        segments: int = 32,
        graph: bool = True,
        tolerance: float | None = None,
        max_steps: int = 40,
    ) -> Geodesics:
        r"""Find geodesics between points, many at once.

        The discrete energy :math:`T \sum_i |F(z_{i+1}) - F(z_i)|^2` is lowered from two starts, the straight
        line and the shortest way through a graph over the data, by steps of Gauss and Newton; the shorter
        curve is kept.

        Arguments:
            a: Starts, ``(*batch, latent)``; their leading shape broadcasts with that of b.
            b: Ends.
            segments: T.
            graph: Whether to look for a way through the data, where the manifold has data.
            tolerance: Part of its energy that a curve may have left to lose; None: 1e-12 in double precision,
                2e-5 in single.
            max_steps: Steps at most on each level.
        """
        return curves.geodesic(
            self, a, b, segments=segments, graph=graph, tolerance=tolerance, max_steps=max_steps
        )

    def distance(
        self,
        a: Any,
        b: Any,
        *,
        segments: int = 32,
        graph: bool = True,
        tolerance: float | None = None,
        max_steps: int = 40,
        trace: bool | None = None,
    ) -> Tensor:
        """Return geodesic distances, ``(*batch,)``; arguments as in `geodesic`.

        Gradients are by the envelope theorem: of the length of the curve that was found, its inner points
        held. At ends that coincide they are zero.

        Arguments:
            a: Starts.
            b: Ends.
            segments: T.
            graph: Whether to look for a way through the data.
            tolerance: Part of its energy that a curve may have left to lose.
            max_steps: Steps at most on each level.
            trace: Whether the result carries gradients, to the ends and to parameters of the decoder that
                want them; None: where an end wants them.
        """
        return curves.distance(
            self,
            a,
            b,
            segments=segments,
            graph=graph,
            tolerance=tolerance,
            max_steps=max_steps,
            trace=trace,
        )

    def log(
        self,
        a: Any,
        b: Any,
        *,
        segments: int = 32,
        graph: bool = True,
        tolerance: float | None = None,
        polish: bool | None = None,
    ) -> Tensor:
        """Return velocities v at a of the geodesics to b, so that ``exp(a, v) = b``; ``(*batch, latent)``.

        Their norm is the distance. Arguments as in `geodesic`, and:

        Arguments:
            a: Starts.
            b: Ends.
            segments: T.
            graph: Whether to look for a way through the data.
            tolerance: Part of its energy that a curve may have left to lose.
            polish: Whether to shoot until ``exp`` arrives at b to rounding, in place of reading the velocity
                off the curve's first chords; None: in double precision, where the decoder is smooth. Where
                shooting does not arrive, the chords' velocity is returned.
        """
        return curves.logarithm(
            self, a, b, segments=segments, graph=graph, tolerance=tolerance, polish=polish
        )

    def exp(self, z: Any, v: Any, steps: int = 32) -> Tensor:
        r"""Return where geodesics from z with velocity v are at time 1, ``(*batch, latent)``.

        :math:`z'' = -J^+ D^2 F[z', z']` by steps of the fourth order; a `VaelWarning` says where the speed,
        which is constant, was not kept to a thousandth, and `InputError` where a geodesic ran into what is
        not finite, or singular.

        Arguments:
            z: Starts.
            v: Velocities.
            steps: How many.
        """
        return initial_value.exp(self, z, v, steps)

    def transport(self, v: Any, curve: Any, *, path: bool = False, substeps: int | None = None) -> Tensor:
        """Carry vectors along curves in parallel, from the first point to the last, ``(*batch, latent)``.

        Arguments:
            v: Vectors at the first points, ``(*batch, latent)``.
            curve: Points ``(*batch, T + 1, latent)``, or what `geodesic` returns; between the points it is a
                C2 cubic spline.
            path: Whether to return the vectors at all points, ``(*batch, T + 1, latent)``.
            substeps: Steps of the fourth order between two points; None: 64 in all, or one, where there are
                more points.
        """
        return transport.transport(self, v, curve, path=path, substeps=substeps)

    def pairwise(
        self,
        Z: Any,
        *,
        refine: bool = False,
        neighbours: int = 32,
        segments: int = 32,
        connect: str = "bridge",
    ) -> Tensor:
        """Return distances between all pairs of points, ``(n, n)``.

        Arguments:
            Z: Points, ``(n, latent)``.
            refine: False: shortest ways through the graph of nearest neighbours over the points and the
                manifold's data: too long by a percent or so. True: a geodesic for each pair, from there.
            neighbours: Of each node of the graph.
            segments: Of refined geodesics.
            connect: What to do where the graph falls into parts: ``"bridge"``: join them by straight lines,
                and warn; ``"error"``.
        """
        return curves.pairwise(
            self, Z, refine=refine, neighbours=neighbours, segments=segments, connect=connect
        )

    # -- drawn -----------------------------------------------------------------------------------------

    def volume_samples(
        self,
        n: int,
        *,
        bounds: Any = None,
        radius: float | None = None,
        log_weight: Callable[[Tensor], Tensor] | None = None,
        chains: int = 16,
        warm_up: int = 200,
        leapfrogs: int = 10,
        generator: torch.Generator | None = None,
    ) -> VolumeSamples:
        r"""Draw points of density :math:`\sqrt{\det G}`: spread evenly over the manifold.

        By Hamiltonian Monte Carlo. The measure is not finite over an unbounded latent space: one of bounds,
        radius and log_weight is needed. Warns where the chains do not agree.

        Arguments:
            n: How many points.
            bounds: ``(lower, upper)``, numbers or points: a box.
            radius: Only within this Euclidean distance of a data point.
            log_weight: Maps ``(n, latent)`` to the logarithm of a further factor, ``(n,)``: a prior, say.
            chains: How many, 2 at least.
            warm_up: Draws of each chain that set step sizes and are thrown away.
            leapfrogs: Of a trajectory, at most.
            generator: Of the random numbers.
        """
        return sampling.volume_samples(
            self,
            n,
            bounds=bounds,
            radius=radius,
            log_weight=log_weight,
            chains=chains,
            warm_up=warm_up,
            leapfrogs=leapfrogs,
            generator=generator,
        )

    def brownian_motion(
        self,
        z: Any,
        time: float,
        *,
        steps: int = 100,
        path: bool = False,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        r"""Follow Brownian motions from points for a time, ``(*batch, latent)``.

        Each step goes along a geodesic whose velocity is a normal draw from the tangent space, with variance
        ``time / steps`` in every direction. That has the drift
        :math:`-\frac{1}{2} G^{ij} \Gamma^k_{ij}` of Brownian motion in it, whatever the coordinates, and is
        of weak order 1: expectations err by a part that falls with ``1 / steps``.

        Arguments:
            z: Starts.
            time: How long; on a flat manifold the variance of each direction at the end.
            steps: How many.
            path: Whether to return all points, ``(*batch, steps + 1, latent)``.
            generator: Of the random numbers.
        """
        return brownian.brownian_motion(self, z, time, steps=steps, path=path, generator=generator)

    def __sklearn_clone__(self) -> Self:
        """Let clones of estimators share the manifold: it is not changed by use, and its graph is kept."""
        return self

    def __repr__(self) -> str:
        latent = "?" if self.latent is None else self.latent
        data = "" if self.data is None else f", {len(self.data)} data points"
        return f"{type(self).__name__}({type(self.structure).__name__}, {latent} latents{data})"


class MetricManifold(Manifold):
    """A manifold whose metric is given directly.

    Arguments:
        function: Maps points ``(n, latent)`` to metric tensors ``(n, latent, latent)``, symmetric and
            positive definite; differentiable by torch.
        latent: Number of latents; None: as many as the points that are given.
        data: Points where geodesics look for a way round what is expensive, ``(n, latent)``.
        memory: Bytes that one call may use beside its arguments and its result.
    """

    def __init__(
        self,
        function: Callable[[Tensor], Tensor],
        *,
        latent: int | None = None,
        data: Any = None,
        memory: int = MEMORY,
    ) -> None:
        super().__init__(MetricField(function, memory), latent=latent, data=data)
