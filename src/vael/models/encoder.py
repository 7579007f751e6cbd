"""Encoders q(z|x) and decoders p(x|z): a network joined to a family of laws."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn
from torch.distributions import Distribution
from zuko.lazy import LazyDistribution

from vael.models.likelihoods import Likelihood
from vael.models.posteriors import Posterior
from vael.specification import part

__all__ = ["Decoder", "Encoder"]


@part
class Encoder(LazyDistribution):
    """q(z|x): a network whose outputs index a family of posteriors.

    Arguments:
        net: Maps ``(m, features)`` to ``(m, posterior.outputs)``.
        posterior: The family.
    """

    def __init__(self, net: nn.Module, posterior: Posterior) -> None:
        super().__init__()
        self.net = net
        self.posterior = posterior

    def forward(self, c: Float[Tensor, "*batch features"] | None = None) -> Distribution:
        """Return q(z|x), of batch shape ``(*batch,)`` and event shape ``(latent,)``."""
        assert c is not None, "an encoder needs rows"
        return self.posterior(_over_rows(self.net, c))


@part
class Decoder(LazyDistribution):
    """p(x|z): a network whose outputs index a family of likelihoods.

    Arguments:
        net: Maps ``(m, latent)`` to ``(m, likelihood.blocks * features)``, or any shape that flattens to it.
        likelihood: The family.
    """

    def __init__(self, net: nn.Module, likelihood: Likelihood) -> None:
        super().__init__()
        self.net = net
        self.likelihood = likelihood

    def forward(self, c: Float[Tensor, "*batch latent"] | None = None) -> Distribution:
        """Return p(x|z): batch shape all leading axes of z, event shape ``(features,)``."""
        assert c is not None, "a decoder needs latents"
        return self.likelihood(_over_rows(self.net, c))


def _over_rows(net: nn.Module, x: Tensor) -> Tensor:
    """Apply a network that knows one leading axis to any number of them."""
    if x.dim() == 2:
        return net(x).flatten(1)
    leading = x.shape[:-1]
    return net(x.reshape(-1, x.shape[-1])).flatten(1).unflatten(0, leading)
