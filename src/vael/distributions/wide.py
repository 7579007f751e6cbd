"""Double precision for the few numbers whose digits single precision would lose."""

from __future__ import annotations

from torch import Tensor

__all__ = ["wide"]


def wide(x: Tensor) -> Tensor:
    """Return x in float64, or as it is on a device that has none (Apple's)."""
    return x if x.device.type == "mps" else x.double()
