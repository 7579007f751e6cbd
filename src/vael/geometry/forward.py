"""Forward-mode derivatives of functions of points: one Jacobian-vector product for each latent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.func import jvp, vmap

__all__ = ["jacobian", "push"]


def push(function: Callable[[Tensor], Any], z: Tensor, v: Tensor) -> tuple[Any, Any]:
    """Return ``function(z)`` and its derivative along v, which has the shape of z."""
    found: Any = jvp(function, (z,), (v,))
    return found[0], found[1]


def jacobian(function: Callable[[Tensor], Tensor], z: Tensor, dim: int = -1) -> tuple[Tensor, Tensor]:
    """Return ``function(z)`` of rows z, ``(n, latent)``, and its derivative along each latent.

    Arguments:
        function: Maps each row by itself.
        z: Rows.
        dim: The axis of the derivative that the latents are put on.
    """
    basis = torch.eye(z.shape[1], dtype=z.dtype, device=z.device)
    dims: Any = (None, dim)
    return vmap(lambda e: push(function, z, e.expand_as(z)), out_dims=dims)(basis)
