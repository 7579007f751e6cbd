"""Networks only: what maps tensors to tensors and knows nothing of probability."""

from __future__ import annotations

from vael.nn.activations import ACTIVATIONS, activation
from vael.nn.convolutional import ConvolutionalDecoder, ConvolutionalEncoder, FromImages, ToImages
from vael.nn.halves import Head, Trunk
from vael.nn.mlp import MLP, GatedMLP, Linear

__all__ = [
    "ACTIVATIONS",
    "MLP",
    "ConvolutionalDecoder",
    "ConvolutionalEncoder",
    "FromImages",
    "GatedMLP",
    "Head",
    "Linear",
    "ToImages",
    "Trunk",
    "activation",
]
