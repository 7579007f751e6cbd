"""Encoders q(z|x) and decoders p(x|z): a network joined to a family of laws."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.distributions import Distribution
from zuko.lazy import LazyDistribution

from vael.errors import InputError
from vael.models.likelihoods import Likelihood
from vael.models.posteriors import Posterior
from vael.specification import part

__all__ = ["Decoder", "Encoder", "full_outputs", "over_rows", "start_at"]


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
        if c is None:
            raise InputError("an encoder needs rows: call encoder(x)")
        parameters = over_rows(self.net, c)
        if parameters.shape[-1] != self.posterior.outputs:
            raise InputError(
                f"the encoder's network gives {parameters.shape[-1]} outputs a row, but "
                f"{type(self.posterior).__name__} takes {self.posterior.outputs}"
            )
        return self.posterior(parameters)


@part
class Decoder(LazyDistribution):
    """p(x|z): a network whose outputs index a family of likelihoods.

    Arguments:
        net: Maps ``(m, latent)`` to ``(m, likelihood.blocks * features)``, or to any shape that
            flattens to it.
        likelihood: The family.
    """

    def __init__(self, net: nn.Module, likelihood: Likelihood) -> None:
        super().__init__()
        self.net = net
        self.likelihood = likelihood

    def forward(self, c: Float[Tensor, "*batch latent"] | None = None) -> Distribution:
        """Return p(x|z): batch shape all leading axes of z, event shape ``(features,)``."""
        if c is None:
            raise InputError("a decoder needs latents: call decoder(z)")
        return self.likelihood(over_rows(self.net, c))

    def start(self, mean: Float[Tensor, " features"]) -> None:
        """Put the network's output biases where the law has the data's mean, if it is one of vael's.

        Left at zero they cost about a nat on MNIST.
        """
        start_at(self.net, self.likelihood, mean)


def start_at(net: nn.Module, likelihood: Likelihood, mean: Float[Tensor, " features"]) -> None:
    """Put a network's output biases where the law has the data's mean, if it is one of vael's."""
    bias = getattr(net, "output_bias", None)
    if isinstance(bias, nn.Parameter):
        with torch.no_grad():
            bias.copy_(likelihood.start(mean))


def over_rows(net: nn.Module, x: Tensor) -> Tensor:
    """Apply a network that knows one leading axis to any number of them."""
    outputs = full_outputs(net, x.reshape(-1, x.shape[-1]))
    return outputs.reshape(*x.shape[:-1], outputs.shape[-1])


def full_outputs(net: nn.Module, rows: Tensor) -> Tensor:
    """Apply a network to ``(m, ...)``; outputs flat, ``(m, outputs)``, and in full precision."""
    outputs = net(rows).flatten(1)
    if outputs.dtype in (torch.bfloat16, torch.float16):
        outputs = outputs.float()  # sums over features lose nats in eight bits
    return outputs
