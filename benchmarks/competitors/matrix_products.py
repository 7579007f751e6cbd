"""(e) The matrix products of training alone: forward, and the gradients of weights and inputs.

The gradient of the data is not one of them. Outputs are written into memory that is there already.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from network import set_up
from protocol import options, report, timed
from torch import Tensor

__all__ = ["products"]

# inputs, outputs, and whether the gradient of the inputs is needed
LAYERS = ((784, 500, False), (500, 40, True), (20, 500, True), (500, 784, True))


def products(batch: int, dtype: torch.dtype = torch.float32, rows: int = 60000) -> Callable[[], float]:
    """Make a function that does an epoch's products."""
    layers = [_Layer(batch, dtype, *shape) for shape in LAYERS]
    rest = [_Layer(rows % batch, dtype, *shape) for shape in LAYERS] if rows % batch else []

    def epoch() -> float:
        for _ in range(rows // batch):
            for layer in layers:
                layer()
        for layer in rest:
            layer()
        return 0.0

    return epoch


class _Layer:
    def __init__(self, batch: int, dtype: torch.dtype, inputs: int, outputs: int, need_inputs: bool) -> None:
        def made(*shape: int) -> Tensor:
            return torch.randn(*shape).to(dtype)

        self.x, self.weight, self.slope = made(batch, inputs), made(outputs, inputs), made(batch, outputs)
        self.y, self.weight_slope = torch.empty_like(self.slope), torch.empty_like(self.weight)
        self.x_slope = torch.empty_like(self.x) if need_inputs else None

    def __call__(self) -> None:
        torch.mm(self.x, self.weight.t(), out=self.y)
        torch.mm(self.slope.t(), self.x, out=self.weight_slope)
        if self.x_slope is not None:
            torch.mm(self.slope, self.weight, out=self.x_slope)


def main() -> None:
    """Time and report."""
    chosen = options(__doc__)
    set_up(chosen)
    epoch = products(chosen.batch, getattr(torch, chosen.dtype))
    seconds, _ = timed(epoch, chosen.epochs)
    report("matrix products", chosen, seconds, [], torch=torch.__version__)


if __name__ == "__main__":
    main()
