"""Training rows: held once in memory in their own dtype, converted batch by batch on the device."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Float
from torch import Generator, Tensor

__all__ = ["Rows"]


class Rows:
    """Rows of data with the affine map to the model's scale, ``(value - offset) / scale``.

    Arguments:
        values: The data, of shape ``(n, features)``, in any dtype (uint8 digits stay uint8).
        offset: Subtracted, a scalar or of shape ``(features,)``; None for zero.
        scale: Divided by, likewise; None for one.
    """

    def __init__(self, values: Tensor, offset: Tensor | None = None, scale: Tensor | None = None):
        self.values = values
        self.offset = None if offset is None else offset.to(values.device, torch.float32)
        self.scale = None if scale is None else scale.to(values.device, torch.float32)

    @classmethod
    def of(cls, values: Tensor, offset: np.ndarray, scale: np.ndarray) -> Rows:
        """Make rows with an affine map given as arrays; what changes nothing is left out."""
        shift = None if not offset.any() else torch.from_numpy(np.array(offset, np.float32))
        factor = None if (scale == 1).all() else torch.from_numpy(np.array(scale, np.float32))
        return cls(values, shift, factor)

    def __len__(self) -> int:
        return len(self.values)

    def to(self, device: torch.device) -> Rows:
        """Move the rows, in their own dtype, to a device."""
        return Rows(self.values.to(device), self.offset, self.scale)

    def take(self, index: Tensor | slice) -> Float[Tensor, "batch features"]:
        """Return some rows as float32 on the model's scale."""
        if isinstance(index, slice):
            return self.scaled(self.values[index])
        return self.scaled(self.values.index_select(0, index))

    def scaled(self, values: Tensor) -> Float[Tensor, "batch features"]:
        """Put rows on the model's scale."""
        x = values.to(torch.float32, copy=True)
        if self.offset is not None:
            x -= self.offset
        if self.scale is not None:
            x /= self.scale
        return x

    def chunks(self, size: int) -> Iterator[Float[Tensor, "batch features"]]:
        """Yield all rows in order, `size` at a time."""
        for start in range(0, len(self), size):
            yield self.take(slice(start, start + size))

    def shuffled(self, size: int, generator: Generator) -> Iterator[Float[Tensor, "batch features"]]:
        """Yield all rows once in random order, `size` at a time; the last batch may be smaller."""
        order = torch.randperm(len(self), generator=generator, device=generator.device)
        for index in order.split(size):
            yield self.take(index)

    def mean(self) -> Float[Tensor, " features"]:
        """Mean of each feature on the model's scale."""
        total = torch.zeros(self.values.shape[1], dtype=torch.float64, device=self.values.device)
        for start in range(0, len(self), 8192):
            total += self.values[start : start + 8192].sum(0, dtype=torch.float64)
        return self.scaled((total / len(self)).unsqueeze(0)).squeeze(0)
