"""Latent space as a Riemannian manifold: the object whose methods are the geometry."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Self

import torch
from torch import Tensor

from vael.errors import InputError
from vael.geometry import curves
from vael.geometry.chorded import MetricField
from vael.geometry.geodesics import DataGraph, Geodesics
from vael.geometry.geodesics.graph import spread_nodes
from vael.geometry.immersion import Immersion
from vael.geometry.points import Points, read_points
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
                1e-5 in single.
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
    ) -> Tensor:
        """Return velocities v at a of the geodesics to b, so that ``exp(a, v) = b``; ``(*batch, latent)``.

        Their norm is the distance. Arguments as in `geodesic`.
        """
        return curves.logarithm(self, a, b, segments=segments, graph=graph, tolerance=tolerance)

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
