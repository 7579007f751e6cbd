"""Latent space as a Riemannian manifold: the object whose methods are the geometry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from vael.errors import InputError
from vael.geometry.chorded import MetricField
from vael.geometry.immersion import Immersion
from vael.geometry.points import Points, read_points
from vael.geometry.structure import MEMORY, Structure

__all__ = ["Manifold", "MetricManifold"]


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
