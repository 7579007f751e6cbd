"""Activations by name."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vael.errors import InputError

__all__ = ["ACTIVATIONS", "Tanh", "activation"]


class Tanh(nn.Tanh):
    r"""The hyperbolic tangent; without gradients as :math:`2 \sigma(2x) - 1`: a quarter of the time."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's name
        """Apply it to each number."""
        quick = input.device.type == "cpu" and input.dtype in (torch.float32, torch.bfloat16)
        if torch.is_grad_enabled() or not quick:
            return super().forward(input)
        half = (2 * input.float()).sigmoid_()
        return torch.add(half.new_tensor(-1.0), half, alpha=2, out=half).to(input.dtype)


ACTIVATIONS: dict[str, type[nn.Module]] = {
    "silu": nn.SiLU,
    "relu": nn.ReLU,
    "tanh": Tanh,
    "gelu": nn.GELU,
    "elu": nn.ELU,
    "softplus": nn.Softplus,
    "leaky_relu": nn.LeakyReLU,
    "sigmoid": nn.Sigmoid,
}


def activation(name: str) -> nn.Module:
    """Return a new activation module by its name."""
    if name not in ACTIVATIONS:
        raise InputError(f"unknown activation {name!r}: choose one of {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[name]()
