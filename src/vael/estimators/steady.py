"""Matrix products whose rows do not depend on their place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

__all__ = ["SteadyProducts"]

# MKL rounds a row of a float32 product by its place among the rows where the result has 2 to 11 columns and
# the sums have a number of terms that 4 does not divide (all of 1 to 70 tried, and some more); from 12
# columns on it was never seen to.
ENOUGH = 16


class SteadyProducts(TorchFunctionMode):
    """Inside this context affine maps of few outputs are computed with zero columns beside them."""

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
    outputs = len(weight)
    missing = ENOUGH - outputs
    if missing <= 0 or weight.device.type != "cpu":
        return functional.linear(input, weight, bias)
    wide = functional.pad(weight, (0, 0, 0, missing))
    products = functional.linear(input, wide)[..., :outputs]
    return products.contiguous() if bias is None else products + bias
