"""Immersions from decoders: networks, distributions, ensembles, plain functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch import distributions as torch_laws
from torch.distributions import Distribution

from vael import distributions as laws
from vael.errors import InputError
from vael.geometry.modules import (
    evaluating,
    latent_dimension,
    modules_of,
    piecewise_linear,
    reference_tensor,
)
from vael.geometry.statistical_maps import METRICS, statistical_map
from vael.models import (
    DecoderEnsemble,
    FeatureGaussian,
    FixedGaussian,
    LatentVariableModel,
    SharedGaussian,
)

__all__ = [
    "DecoderImmersion",
    "as_immersion",
    "decoders_of",
    "evaluating",
    "latent_dimension",
    "modules_of",
    "normal_moments",
    "piecewise_linear",
    "reference_tensor",
    "scale_varies",
]

_ONE_SCALE = (FixedGaussian, SharedGaussian, FeatureGaussian)
_NORMALS = (laws.DiagonalNormal, laws.FullNormal, torch_laws.Normal, torch_laws.MultivariateNormal)


def as_immersion(
    decoder: Any, *, uncertainty: nn.Module | None = None, metric: str = "auto"
) -> DecoderImmersion:
    r"""Return the map F from latents to coordinates in which a decoder's metric is Euclidean.

    F(z) is `statistical_map` of p(x|z). Several decoders are an ensemble,
    :math:`[h(f_1); \dots; h(f_M)] / \sqrt M`; an uncertainty is appended, :math:`[F(z); \sigma(z)]`
    (Arvanitidis 2018, arXiv 1710.11379). Modules are evaluated in evaluation mode, whatever mode they are
    in, and put back. F can be differentiated as often as the decoder, in forward and reverse mode.

    Arguments:
        decoder: A model, whose decoder is taken; a module that returns a distribution or a tensor; any
            function that maps ``(n, latent)`` to a tensor ``(n, ...)``; or a list of several.
        uncertainty: A module that maps ``(n, latent)`` to ``(n, K)``.
        metric: See `statistical_map`. A normal's scale counts as the same everywhere where vael's
            likelihood says so, or where a few probes have it the same to the last bit.

    Raises:
        InputError: If the decoder is none, or the metric is not known.
    """
    return DecoderImmersion(decoders_of(decoder), uncertainty, metric)


class DecoderImmersion:
    """F(z), of shape ``(n, N)``, for z of shape ``(n, latent)``: what `as_immersion` returns.

    Arguments:
        decoders: The decoder, or the members of an ensemble.
        uncertainty: A module whose output is appended.
        metric: See `statistical_map`.
    """

    def __init__(
        self, decoders: Sequence[Callable[[Tensor], Any]], uncertainty: nn.Module | None, metric: str
    ) -> None:
        if metric not in METRICS:
            raise InputError(f"metric must be one of {', '.join(METRICS)}, got {metric!r}")
        self.decoders = tuple(decoders)
        self.uncertainty = uncertainty
        self.metric = metric
        self.modules = modules_of((*decoders, *([] if uncertainty is None else [uncertainty])))
        self._varies: dict[int, bool] = {}

    def __call__(self, z: Tensor) -> Tensor:
        """Return F(z)."""
        with evaluating(self.modules):
            parts = [self._coordinates(number, z) for number in range(len(self.decoders))]
            if len(parts) > 1:
                parts = [part / len(parts) ** 0.5 for part in parts]
            if self.uncertainty is not None:
                parts.append(_flat(self.uncertainty(z), z))
        return parts[0] if len(parts) == 1 else torch.cat(parts, -1)

    def scale_varies(self, z: Tensor) -> bool:
        """Whether the scale of a normal law depends on the latents; found once for each decoder.

        Arguments:
            z: Points whose width, dtype and device the probes have; their values do not matter.
        """
        return any(self._scale_varies(number, z) for number in range(len(self.decoders)))

    def _coordinates(self, number: int, z: Tensor) -> Tensor:
        found = self.decoders[number](z)
        if isinstance(found, Tensor):
            return _flat(found, z)
        if not isinstance(found, Distribution):
            raise InputError(
                f"a decoder returns a tensor or a torch distribution, this one a {type(found).__name__}"
            )
        varies = _is_normal(found) and self._scale_varies(number, z)
        return statistical_map(found, metric=self.metric, scale_varies=varies)

    def _scale_varies(self, number: int, z: Tensor) -> bool:
        if number not in self._varies:
            self._varies[number] = scale_varies(self.decoders[number], _probes(z))
        return self._varies[number]


def _flat(values: Tensor, z: Tensor) -> Tensor:
    if values.dim() == 0 or values.shape[0] != z.shape[0]:
        raise InputError(
            f"a decoder maps (n, latent) to (n, ...), but this one makes {tuple(values.shape)} of "
            f"{tuple(z.shape)}"
        )
    return values.unsqueeze(-1) if values.dim() == 1 else values.flatten(1)


def _probes(z: Tensor) -> Tensor:
    """Eight points that do not lie on a line, of the width, dtype and device of z; nothing is drawn."""
    numbers = torch.arange(1, 8 * z.shape[-1] + 1, dtype=z.dtype, device=z.device)
    return 2 * torch.sin(numbers * numbers).reshape(8, z.shape[-1])


# -- scales ------------------------------------------------------------------------------------------------


def scale_varies(decoder: Callable[[Tensor], Any], probes: Tensor) -> bool:
    """Whether the scale of a decoder's normal law depends on the latents.

    Arguments:
        decoder: The decoder. One with a likelihood of vael's that has one scale for all is not called.
        probes: Points, ``(n, latent)``: a scale that is the same for all of them, to the last bit, is
            taken for one that never varies.
    """
    if isinstance(getattr(decoder, "likelihood", None), _ONE_SCALE):
        return False
    with evaluating(modules_of(decoder)), torch.no_grad():
        found = decoder(probes)
    return isinstance(found, Distribution) and any(_differ(s, len(probes)) for s in _scales(found))


def _differ(scale: Tensor, rows: int) -> bool:
    return scale.dim() > 0 and scale.shape[0] == rows and not torch.equal(scale, scale[:1].expand_as(scale))


def _scales(law: Distribution) -> list[Tensor]:
    """The scales of the normals that a law is made of, with the batch as first axis where they have one."""
    if isinstance(law, laws.UniformMixture):
        return [scale for one in law.components for scale in _scales(one)]
    if isinstance(law, torch_laws.Independent):
        return _scales(law.base_dist)
    if isinstance(law, laws.DiagonalNormal):  # a log-scale shared by the rows has fewer axes
        return [law.log_scale] if law.log_scale.dim() == law.loc.dim() else []
    if isinstance(law, torch_laws.Normal):
        return [law.scale]
    if isinstance(law, (laws.FullNormal, torch_laws.MultivariateNormal)):
        return [law.scale_tril] if law.scale_tril.dim() > law.loc.dim() else []
    return []


def _is_normal(law: Distribution) -> bool:
    if isinstance(law, laws.UniformMixture):
        return any(_is_normal(one) for one in law.components)
    if isinstance(law, torch_laws.Independent):
        return _is_normal(law.base_dist)
    return isinstance(law, _NORMALS)


def normal_moments(decoder: Any) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
    """Return the function z -> (mean, standard deviation), ``(n, N)`` each, of a decoder's normal law.

    This is what the Fisher-Rao distance of normals is computed from (`normal_fisher_rao_chord`).

    Arguments:
        decoder: One decoder, or a model; not an ensemble.

    Raises:
        InputError: If its law is not a normal with independent components.
    """
    several = decoders_of(decoder)
    if len(several) > 1 or isinstance(several[0], DecoderEnsemble):
        raise InputError("the Fisher-Rao distance of an ensemble has no closed form: use metric='expected'")
    modules = modules_of(several)

    def moments(z: Tensor) -> tuple[Tensor, Tensor]:
        with evaluating(modules):
            law = several[0](z)
        base = law.base_dist if isinstance(law, torch_laws.Independent) else law
        if not isinstance(base, (laws.DiagonalNormal, torch_laws.Normal)):
            name = type(base).__name__
            raise InputError(
                f"Fisher-Rao distances of normals need a decoder of normals, this one's is {name}"
            )
        return _flat(base.mean, z), _flat(base.stddev, z)

    return moments


def decoders_of(decoder: Any) -> list[Callable[[Tensor], Any]]:
    """Return the decoder of a model, the members of a list, or what was given, as a list."""
    if isinstance(decoder, LatentVariableModel):
        return [decoder.decoder]
    if isinstance(decoder, (list, tuple)):
        if not decoder:
            raise InputError("an ensemble needs one decoder at least, got none")
        return [one for each in decoder for one in decoders_of(each)]  # pyright: ignore[reportUnknownVariableType]
    if not callable(decoder):
        raise InputError(
            f"a decoder is a model, a module or a function of latents, got {type(decoder).__name__}"
        )
    return [decoder]
