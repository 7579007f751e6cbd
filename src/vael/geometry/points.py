"""Points at the door: any leading shape, made flat for the work and shaped again after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from vael.errors import InputError

if TYPE_CHECKING:
    from vael.geometry.manifold import Manifold

__all__ = ["Points", "read_points"]


@dataclass(frozen=True, eq=False)
class Points:
    """Points that were checked.

    Attributes:
        flat: ``(n, latent)``.
        batch: The leading shape that they had.
    """

    flat: Tensor
    batch: tuple[int, ...]

    def shaped(self, values: Tensor) -> Tensor:
        """Give results of the flat points, ``(n, *rest)``, the leading shape of the points."""
        return values.reshape((*self.batch, *values.shape[1:]))


def read_points(manifold: Manifold, z: Any, *, name: str = "z") -> Points:
    """Bring points of shape ``(*batch, latent)`` to the manifold's dtype and device, and check them."""
    like = manifold.like
    tensor = z if isinstance(z, Tensor) else torch.as_tensor(np.asarray(z))
    if not tensor.is_floating_point():
        tensor = tensor.to(torch.get_default_dtype() if like is None else like.dtype)
    if like is not None:
        tensor = tensor.to(like.device, like.dtype)
    if tensor.dim() == 0:
        raise InputError(f"{name} must have shape (..., latent), got a single number")
    if manifold.latent is not None and tensor.shape[-1] != manifold.latent:
        raise InputError(
            f"{name} has points of {tensor.shape[-1]} coordinates, but this manifold has {manifold.latent}"
        )
    flat = tensor.reshape(-1, tensor.shape[-1]).contiguous()  # forward mode knows no rows that share memory
    if not torch.isfinite(flat).all():
        row, column = torch.argwhere(~torch.isfinite(flat))[0].tolist()
        raise InputError(f"{name} holds {flat[row, column]} at point {row}, coordinate {column}")
    return Points(flat, tuple(tensor.shape[:-1]))
