"""Networks only: what maps tensors to tensors and knows nothing of probability."""

from __future__ import annotations

from vael.nn.activations import ACTIVATIONS, activation
from vael.nn.convolutional import ConvolutionalDecoder, ConvolutionalEncoder, FromImages, ToImages
from vael.nn.mlp import MLP, GatedMLP, Linear

__all__ = [
    "ACTIVATIONS",
    "MLP",
    "ConvolutionalDecoder",
    "ConvolutionalEncoder",
    "FromImages",
    "GatedMLP",
    "Linear",
    "ToImages",
    "activation",
]
