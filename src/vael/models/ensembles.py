"""Ensembles of decoders: what data do not decide, their members decide each for itself."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.distributions import Distribution
from zuko.lazy import LazyDistribution

from vael.distributions import UniformMixture
from vael.errors import InputError
from vael.models.encoder import full_outputs, start_at
from vael.models.likelihoods import Likelihood
from vael.specification import part

__all__ = ["DecoderEnsemble"]


@part
class DecoderEnsemble(LazyDistribution):
    r"""p(x|z) by M networks, each as likely (Syrota 2024, arXiv 2408.07507).

    .. math:: p(x|z) = \frac1M \sum_m p_m(x|z)

    In evaluation the law is that mixture. In training row i of a batch passes through member i mod M
    alone: rows are shuffled every epoch, so that the members fit the same data each by itself, differ
    where there are none, and cost together what one decoder costs.

    Arguments:
        nets: The members: each maps ``(m, latent)``, or what the trunk returns, to
            ``(m, likelihood.blocks * features)``.
        likelihood: The family of laws, with the parameters that it has of its own, shared by the members.
        trunk: What all members share before their own last layers; None: nothing.
    """

    def __init__(
        self, nets: Sequence[nn.Module], likelihood: Likelihood, trunk: nn.Module | None = None
    ) -> None:
        super().__init__()
        if not nets:
            raise InputError("an ensemble needs one member at least, got none")
        self.trunk = trunk
        self.nets = nn.ModuleList(nets)
        self.likelihood = likelihood

    def __len__(self) -> int:
        return len(self.nets)

    def forward(self, c: Float[Tensor, "*batch latent"] | None = None) -> Distribution:
        """Return p(x|z): batch shape all leading axes of z, event shape ``(features,)``."""
        if c is None:
            raise InputError("a decoder needs latents: call decoder(z)")
        if self.training:
            return self.likelihood(self._dealt(c))
        return UniformMixture(self.laws(c))

    def laws(self, z: Float[Tensor, "*batch latent"]) -> list[Distribution]:
        """Return each member's law."""
        shared = self._shared(z)
        outputs = (full_outputs(net, shared) for net in self.nets)
        return [self.likelihood(each.reshape(*z.shape[:-1], each.shape[-1])) for each in outputs]

    def start(self, mean: Float[Tensor, " features"]) -> None:
        """Put all members' output biases where their laws have the data's mean."""
        for net in self.nets:
            start_at(net, self.likelihood, mean)

    def _shared(self, z: Tensor) -> Tensor:
        """Pass z, its leading axes flattened, through the trunk: ``(m, ...)``."""
        flat = z.reshape(-1, z.shape[-1])
        return flat if self.trunk is None else self.trunk(flat)

    def _dealt(self, z: Tensor) -> Tensor:
        """Parameters of the law with row i, along the last batch axis, from member i mod M."""
        rows = z.shape[-2] if z.dim() > 1 else 1
        shared = self._shared(z).unflatten(0, (-1, rows))
        parts: list[Tensor] = []
        for number, net in enumerate(self.nets[:rows]):
            own = shared[:, number :: len(self.nets)]
            outputs = full_outputs(net, own.flatten(0, 1))
            parts.append(outputs.reshape(*own.shape[:2], outputs.shape[-1]))
        dealt = _interleaved(parts)
        return dealt.reshape(*z.shape[:-1], dealt.shape[-1])


def _interleaved(parts: Sequence[Tensor]) -> Tensor:
    """Put rows 0, 1, ... of each part in turn, along the axis before the last; the last may be one short."""
    full = parts[-1].shape[-2]
    whole = torch.stack([part[..., :full, :] for part in parts], dim=-2).flatten(-3, -2)
    return torch.cat([whole, *(part[..., full:, :] for part in parts)], dim=-2)
