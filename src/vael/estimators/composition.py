"""From choices to a model: networks, prior, posterior and likelihood put together."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from zuko.lazy import LazyDistribution

from vael.errors import InputError
from vael.estimators.latent_spaces import LatentSpace, latent_space
from vael.estimators.schema import LIKELIHOODS, Schema
from vael.models import Decoder, DecoderEnsemble, Encoder, LatentVariableModel, Likelihood
from vael.nn import (
    MLP,
    ConvolutionalDecoder,
    ConvolutionalEncoder,
    FromImages,
    GatedMLP,
    Head,
    Linear,
    ToImages,
    Trunk,
)
from vael.specification import part

__all__ = ["ENSEMBLES", "NETWORKS", "Composition", "OverImages", "ToRows"]

NETWORKS = ("mlp", "gated", "convolutional", "linear")
ENSEMBLES = ("full", "last-layer")


@part
class OverImages(nn.Module):
    """A user's network that takes images: flat rows are put in ``(batch, C, H, W)`` first.

    Arguments:
        net: The user's network.
        image_shape: ``(H, W)`` or ``(H, W, C)``.
    """

    def __init__(self, net: nn.Module, image_shape: Sequence[int]) -> None:
        super().__init__()
        self.net = net
        self.images = ToImages(image_shape)

    def forward(self, x: Tensor) -> Tensor:
        """Map flat rows."""
        return self.net(self.images(x))


@part
class ToRows(nn.Module):
    """A user's network that may return images, ``(batch, C, H, W)``: they become flat rows.

    Arguments:
        net: The user's network.
        image_shape: ``(H, W)`` or ``(H, W, C)``.
    """

    def __init__(self, net: nn.Module, image_shape: Sequence[int]) -> None:
        super().__init__()
        self.net = net
        self.rows = FromImages(image_shape)

    def forward(self, z: Tensor) -> Tensor:
        """Map latents."""
        outputs = self.net(z)
        return self.rows(outputs) if outputs.dim() == 4 else outputs


@dataclass(frozen=True)
class Composition:
    """Choices from which a model is built. Modules are copied: training changes none that was given.

    Attributes:
        latent: Number of latents: the dimension of their space.
        schema: What the data are.
        network: Name of the kind of network.
        hidden: Widths of the hidden layers, or channels.
        activation: Name of the activation.
        posterior: Name of the family.
        prior: A name, a module, or None.
        likelihood: A module, or None: by the schema's name.
        encoder: A user's module, or None.
        decoder: A user's module, or None.
        n_decoders: Members of an ensemble of decoders; 1: no ensemble.
        ensemble: ``"full"``: each member a whole network; ``"last-layer"``: all but the last layer shared.
        latent_space: Name of the space that latents live in.
    """

    latent: int
    schema: Schema
    network: str
    hidden: tuple[int, ...]
    activation: str
    posterior: str
    prior: str | nn.Module | None
    likelihood: Likelihood | None = None
    encoder: nn.Module | None = None
    decoder: nn.Module | None = None
    n_decoders: int = 1
    ensemble: str = "full"
    latent_space: str = "euclidean"

    def build(self) -> LatentVariableModel:
        """Build the model; weights come from torch's global generator."""
        return LatentVariableModel(self._prior(), self._encoder(), self._decoder())

    @property
    def _space(self) -> LatentSpace:
        return latent_space(self.latent_space)

    @property
    def _coordinates(self) -> int:
        """How many numbers a point of the latent space has: what the decoder takes."""
        return self._space.space(self.latent).coordinates

    def _prior(self) -> nn.Module | None:
        if self.prior is None or isinstance(self.prior, nn.Module):
            return copy.deepcopy(self.prior)
        return self._space.prior(self.prior)(self.latent)

    def _encoder(self) -> nn.Module:
        if isinstance(self.encoder, LazyDistribution):
            return copy.deepcopy(self.encoder)
        posterior = self._space.posterior(self.posterior)(self.latent)
        features = self.schema.features
        if self.encoder is not None:
            image = self.schema.image_shape
            own = copy.deepcopy(self.encoder)
            net = own if image is None else OverImages(own, image)
            self._check_output(net, torch.zeros(2, features), posterior.outputs, "encoder")
        elif self.network == "convolutional":
            net = ConvolutionalEncoder(self._images(), posterior.outputs, self.hidden, self.activation)
        else:
            net = self._dense(features, posterior.outputs, self.hidden)
        return Encoder(net, posterior)

    def _decoder(self) -> nn.Module:
        if isinstance(self.decoder, LazyDistribution):
            return copy.deepcopy(self.decoder)
        schema = self.schema
        likelihood = copy.deepcopy(self.likelihood)
        likelihood = likelihood or LIKELIHOODS[schema.likelihood](schema.features, schema.levels)
        outputs = likelihood.blocks * schema.features
        if self.decoder is not None:
            own, image = copy.deepcopy(self.decoder), schema.image_shape
            net = own if image is None else ToRows(own, image)
            self._check_output(net, torch.zeros(2, self._coordinates), outputs, "decoder")
            return Decoder(net, likelihood)
        nets = [self._decoding_network(likelihood) for _ in range(self.n_decoders)]
        if self.n_decoders == 1:
            return Decoder(nets[0], likelihood)
        if self.ensemble == "full":
            return DecoderEnsemble(nets, likelihood)
        return DecoderEnsemble([Head(net) for net in nets], likelihood, Trunk(nets[0]))

    def _decoding_network(self, likelihood: Likelihood) -> nn.Module:
        if self.network == "convolutional":
            return ConvolutionalDecoder(
                self._coordinates, self._images(), likelihood.blocks, self.hidden, self.activation
            )
        return self._dense(self._coordinates, likelihood.blocks * self.schema.features, self.hidden[::-1])

    def _dense(self, inputs: int, outputs: int, hidden: tuple[int, ...]) -> nn.Module:
        if self.network == "mlp":
            return MLP(inputs, outputs, hidden, self.activation)
        if self.network == "gated":
            return GatedMLP(inputs, outputs, hidden)
        if self.network == "linear":
            return Linear(inputs, outputs)
        raise InputError(f"unknown network {self.network!r}: choose one of {', '.join(NETWORKS)}")

    def _images(self) -> tuple[int, ...]:
        if self.schema.image_shape is None:
            raise InputError(
                "a convolutional network needs images: give X as (n, H, W) or (n, H, W, C), or image_shape"
            )
        return self.schema.image_shape

    @staticmethod
    def _check_output(net: nn.Module, x: Tensor, outputs: int, slot: str) -> None:
        """Try a user's network on two rows, so that a wrong width is said at the door."""
        training = net.training
        net.eval()
        try:
            with torch.no_grad():
                found = net(x.to(next((p.device for p in net.parameters()), x.device))).flatten(1).shape[1]
        except RuntimeError as error:
            image = net.images(x).shape if isinstance(net, OverImages) else x.shape
            told = " ".join(str(error).split())
            raise InputError(
                f"{slot}: your module cannot take a batch of shape {tuple(image)}: {told}"
            ) from error
        finally:
            net.train(training)
        if found != outputs:
            raise InputError(
                f"{slot}: your module returns {found} values a row, but {outputs} are needed "
                f"({'the posterior' if slot == 'encoder' else 'the likelihood'} takes that many)"
            )
