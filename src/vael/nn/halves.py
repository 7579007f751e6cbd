"""A network cut before its last layer: one trunk, any number of heads."""

from __future__ import annotations

from torch import Tensor, nn

from vael.errors import InputError
from vael.nn.convolutional import ConvolutionalDecoder
from vael.nn.mlp import MLP, GatedMLP, Linear
from vael.specification import part

__all__ = ["Head", "Trunk"]


@part
class Trunk(nn.Module):
    """All of a network of vael's but its last layer.

    Arguments:
        net: The network; its last layer is left out.
    """

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.hidden = _cut(net)[0]

    def forward(self, x: Tensor) -> Tensor:
        """Map a batch to what the last layer takes."""
        return self.hidden(x)


@part
class Head(nn.Module):
    """The last layer of a network of vael's, over what its `Trunk` gives.

    Arguments:
        net: The network; all but its last layer is left out.
    """

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.output = _cut(net)[1]
        self.flat, self.pixel_bias = None, None
        if isinstance(net, ConvolutionalDecoder):
            self.flat, self.pixel_bias = net.flat, net.output_bias

    @property
    def output_bias(self) -> Tensor | nn.Module:
        """The bias of each output."""
        return self.output.bias if self.pixel_bias is None else self.pixel_bias

    def forward(self, hidden: Tensor) -> Tensor:
        """Map the trunk's batch to outputs."""
        outputs = self.output(hidden)
        return outputs if self.flat is None else self.flat(outputs) + self.pixel_bias


def _cut(net: nn.Module) -> tuple[nn.Module, nn.Module]:
    """A network's trunk and its last layer."""
    if isinstance(net, ConvolutionalDecoder):
        return net.hidden[:-1], net.hidden[-1]
    if isinstance(net, Linear):
        return nn.Identity(), net.output
    if isinstance(net, (MLP, GatedMLP)):
        return net.hidden, net.output
    raise InputError(f"{type(net).__name__} has no last layer that is known: give a network of vael.nn")
