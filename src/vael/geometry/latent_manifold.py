"""The latent space of a decoder, with the metric that its likelihood gives it."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from vael.geometry.chorded import NormalFisherRao
from vael.geometry.decoders import as_immersion, normal_moments
from vael.geometry.half_plane import normal_fisher_rao_chord
from vael.geometry.immersion import Immersion
from vael.geometry.manifold import Manifold
from vael.geometry.modules import latent_dimension, piecewise_linear, reference_tensor
from vael.geometry.structure import MEMORY, Structure

__all__ = ["LatentManifold"]


class LatentManifold(Manifold):
    r"""Latent space seen through a decoder: :math:`G = J_F^T J_F` of an immersion F that its likelihood sets.

    F maps a point to coordinates in which the Fisher information of p(x|z) is flat: :math:`2 \arcsin \sqrt p`
    for a Bernoulli, the mean over the scale for a Gaussian, and so on (`vael.geometry.statistical_map`). A
    Gaussian whose scale depends on z has none: it gets the expected metric of its mean and scale, and with
    ``metric="fisher-rao"`` the half-plane's distance. Several decoders are an ensemble, with their expected
    metric.

    See also: Arvanitidis et al. 2018, arXiv 1710.11379; 2022, arXiv 2106.05367; Syrota et al. 2024,
    arXiv 2408.07507.

    Arguments:
        decoder: A model of vael, whose decoder is taken; a module that returns a distribution or a tensor;
            any function that maps ``(n, latent)`` to ``(n, ...)``; or a list of several. Modules are run in
            evaluation mode.
        latent: Number of latents; None: the prior's, or the first layer's inputs.
        data: Encoded data, ``(n, latent)``: where geodesics look for a way round what is expensive.
        uncertainty: A module that maps ``(n, latent)`` to standard deviations ``(n, K)``, which are appended
            to F: `RadialPrecision`, say.
        metric: ``"auto"``, ``"expected"``, ``"fisher-rao"`` or ``"mean"``: see `statistical_map`.
        memory: Bytes that one call may use beside its arguments and its result.

    Example:
        >>> import torch
        >>> from vael.geometry import LatentManifold
        >>> sphere = LatentManifold(lambda z: torch.stack(
        ...     [z[:, 0].sin() * z[:, 1].cos(), z[:, 0].sin() * z[:, 1].sin(), z[:, 0].cos()], -1))
        >>> a, b = torch.tensor([1.2, 0.0]).double(), torch.tensor([0.6, 1.5]).double()
        >>> round(float(sphere.distance(a, b)), 5)
        1.22782
    """

    def __init__(
        self,
        decoder: Any,
        *,
        latent: int | None = None,
        data: Any = None,
        uncertainty: nn.Module | None = None,
        metric: str = "auto",
        memory: int = MEMORY,
    ) -> None:
        function = as_immersion(decoder, uncertainty=uncertainty, metric=metric)
        known = latent_dimension(decoder) if latent is None else latent
        like = reference_tensor(decoder)
        structure: Structure = Immersion(function, memory)
        if metric == "fisher-rao" and uncertainty is None and known is not None:
            probe = torch.zeros(1, known) if like is None else like.new_zeros(1, known)
            if function.scale_varies(probe):
                structure = NormalFisherRao(normal_moments(decoder), normal_fisher_rao_chord, memory)
        self.piecewise_linear = piecewise_linear(decoder)
        super().__init__(structure, latent=known, data=data, like=like)
