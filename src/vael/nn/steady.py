"""Matrix products whose rows do not depend on their place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

__all__ = ["SteadyProducts"]

# MKL rounds a row of a float32 product by its place among the rows where the result has 2 to 11 columns and
# the sums have a number of terms that 4 does not divide (all of 1 to 70 tried, and some more); from 12
# columns on it was never seen to.
ENOUGH = 16


class SteadyProducts(TorchFunctionMode):
    """Inside this context affine maps of few outputs are computed with zero columns beside them.

    So are those of few inputs through which a gradient passes: its product has as many columns.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Stand in for `torch.nn.functional.linear`, and for nothing else."""
        if func is functional.linear:
            return _linear(*args, **(kwargs or {}))
        return func(*args, **(kwargs or {}))


def _linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:  # noqa: A002 - torch's name
    outputs, inputs = weight.shape
    if weight.device.type != "cpu":
        return functional.linear(input, weight, bias)
    more_inputs = ENOUGH - inputs if torch.is_grad_enabled() and input.requires_grad else 0
    if more_inputs > 0:
        input = functional.pad(input, (0, more_inputs))  # noqa: A001
        weight = functional.pad(weight, (0, more_inputs))
    missing = ENOUGH - outputs
    if missing <= 0:
        return functional.linear(input, weight, bias)
    products = functional.linear(input, functional.pad(weight, (0, 0, 0, missing)))[..., :outputs]
    return products.contiguous() if bias is None else products + bias
