"""Priors p(z): modules that return a distribution over the latents."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from zuko.lazy import LazyDistribution

from vael.distributions import DiagonalNormal, SphereUniform, WrappedNormal
from vael.errors import InputError
from vael.specification import part

__all__ = ["StandardNormal", "UniformSphere", "WrappedNormalPrior"]


@part
class StandardNormal(LazyDistribution):
    """N(0, I).

    Arguments:
        latent: Number of latents.
    """

    def __init__(self, latent: int) -> None:
        super().__init__()
        if latent < 1:
            raise InputError(f"latent dimension must be >= 1, got {latent}")
        self.zeros: Tensor
        self.register_buffer("zeros", torch.zeros(latent), persistent=False)

    def forward(self, c: Tensor | None = None) -> DiagonalNormal:
        """Return the law, of batch shape () and event shape (latent,)."""
        return DiagonalNormal(self.zeros, self.zeros)


@part
class UniformSphere(LazyDistribution):
    """The uniform law on the unit sphere.

    Arguments:
        latent: Dimension of the sphere; its points have one coordinate more.
    """

    def __init__(self, latent: int) -> None:
        super().__init__()
        if latent < 1:
            raise InputError(f"latent dimension must be >= 1, got {latent}")
        self.zeros: Tensor
        self.register_buffer("zeros", torch.zeros(latent + 1), persistent=False)

    def forward(self, c: Tensor | None = None) -> SphereUniform:
        """Return the law, of batch shape () and event shape (latent + 1,)."""
        return SphereUniform(self.zeros)


@part
class WrappedNormalPrior(LazyDistribution):
    r"""A wrapped normal about the centre of the Poincare ball, of learnable curvature.

    The space of curvature -c with the standard wrapped normal on it is drawn on the ball of radius 1: lengths
    grow by :math:`\sqrt c`, so that the law's standard deviation there is :math:`\sqrt c`. The two are one
    space in two scales. So the curvature is the prior's alone, and posteriors and decoders always see the
    same ball.

    Arguments:
        latent: Dimension of the ball.
        curvature: c at the start; None: 2 / latent, by which draws lie as far out in any dimension.
        learn: Whether training moves it.
    """

    def __init__(self, latent: int, curvature: float | None = None, learn: bool = True) -> None:
        super().__init__()
        if latent < 1:
            raise InputError(f"latent dimension must be >= 1, got {latent}")
        start = 2 / latent if curvature is None else curvature
        if not 0 < start < math.inf:
            raise InputError(f"the curvature is -c with a finite c > 0, got c = {start}")
        self.log_curvature = nn.Parameter(torch.tensor(math.log(start)), requires_grad=learn)
        self.zeros: Tensor
        self.register_buffer("zeros", torch.zeros(latent), persistent=False)

    @property
    def curvature(self) -> float:
        """The curvature, -c, of the space on which the prior is the standard wrapped normal."""
        return -math.exp(self.log_curvature.item())

    def forward(self, c: Tensor | None = None) -> WrappedNormal:
        """Return the law, of batch shape () and event shape (latent,)."""
        return WrappedNormal(self.zeros, (0.5 * self.log_curvature).expand_as(self.zeros))
