"""Multilayer perceptrons: linear, plain and gated."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from vael.nn.activations import activation as make_activation
from vael.specification import part

__all__ = ["MLP", "GatedMLP", "Linear"]


def _affine(inputs: int, outputs: int) -> nn.Linear:
    layer = nn.Linear(inputs, outputs)
    nn.init.xavier_uniform_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


class _Dense(nn.Module):
    """A network whose last layer is affine."""

    output: nn.Linear

    @property
    def output_bias(self) -> nn.Parameter:
        """The bias of each output."""
        return self.output.bias


@part
class Linear(_Dense):
    """One affine map.

    Arguments:
        in_features: Width of the input.
        out_features: Width of the output.
    """

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__()
        self.output = _affine(in_features, out_features)

    def forward(self, x: Float[Tensor, "batch inputs"]) -> Float[Tensor, "batch outputs"]:
        """Map a batch."""
        return self.output(x)


@part
class MLP(_Dense):
    """Affine maps with an activation between them.

    Arguments:
        in_features: Width of the input.
        out_features: Width of the output.
        hidden: Widths of the hidden layers.
        activation: Name of the activation; the default has the second derivatives that geometry
            needs.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        hidden: Sequence[int] = (500,),
        activation: str = "silu",
    ) -> None:
        super().__init__()
        widths = [in_features, *hidden]
        layers: list[nn.Module] = []
        for i, o in pairwise(widths):
            layers += [_affine(i, o), make_activation(activation)]
        self.hidden = nn.Sequential(*layers)
        self.output = _affine(widths[-1], out_features)

    def forward(self, x: Float[Tensor, "batch inputs"]) -> Float[Tensor, "batch outputs"]:
        """Map a batch."""
        return self.output(self.hidden(x))


class _Gate(nn.Module):
    """``(W x + b) * sigmoid(V x + c)``."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.both = _affine(inputs, 2 * outputs)

    def forward(self, x: Tensor) -> Tensor:
        value, gate = self.both(x).chunk(2, dim=-1)
        return value * torch.sigmoid(gate)


@part
class GatedMLP(_Dense):
    """Hidden layers that gate themselves, as in the VampPrior's networks (arXiv 1705.07120).

    Arguments:
        in_features: Width of the input.
        out_features: Width of the output.
        hidden: Widths of the hidden layers.
    """

    def __init__(self, in_features: int, out_features: int, hidden: Sequence[int] = (300, 300)) -> None:
        super().__init__()
        widths = [in_features, *hidden]
        gates = [_Gate(i, o) for i, o in pairwise(widths)]
        self.hidden = nn.Sequential(*gates)
        self.output = _affine(widths[-1], out_features)

    def forward(self, x: Float[Tensor, "batch inputs"]) -> Float[Tensor, "batch outputs"]:
        """Map a batch."""
        return self.output(self.hidden(x))
