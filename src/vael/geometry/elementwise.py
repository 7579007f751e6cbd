"""Functions of single numbers whose derivative is known in closed form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

__all__ = ["elementwise"]

Rule = Callable[[Tensor], Tensor]


class _Elementwise(torch.autograd.Function):
    """``value(x)`` with the derivative ``slope(x)``, in forward and reverse mode and under vmap."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, value: Rule, slope: Rule) -> Tensor:
        return value(x)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Rule, Rule], output: Tensor) -> None:
        x, _, ctx.slope = inputs
        ctx.save_for_backward(x)
        ctx.save_for_forward(x)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, None, None]:
        (gradient,) = grad_outputs
        (x,) = ctx.saved_tensors
        return gradient * ctx.slope(x), None, None

    @staticmethod
    def jvp(ctx: Any, *grad_inputs: Any) -> Tensor:
        tangent, _, _ = grad_inputs
        # Torch turns forward mode off in here, and a derivative of this derivative would be 0: it is turned
        # on again, for all levels but the one that is being computed.
        (x,) = ctx.saved_tensors
        with forward_ad._set_fwd_grad_enabled(True):  # pyright: ignore[reportPrivateUsage]
            return tangent * ctx.slope(forward_ad.unpack_dual(x).primal)


def elementwise(x: Tensor, value: Rule, slope: Rule) -> Tensor:
    """Return ``value(x)``, whose derivative is ``slope(x)``, in forward and reverse mode.

    Arguments:
        x: Numbers.
        value: The function; need not be differentiable by torch.
        slope: Its derivative; as often differentiable as derivatives of higher order are wanted.
    """
    return _Elementwise.apply(x, value, slope)  # pyright: ignore[reportReturnType]
