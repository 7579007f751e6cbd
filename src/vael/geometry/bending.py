"""Refusing decoders that have no second derivative to speak of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from vael.errors import InputError
from vael.geometry.immersion import Immersion

if TYPE_CHECKING:
    from vael.geometry.manifold import Manifold

__all__ = ["refuse_piecewise_linear"]

LOOKED_AT = 64  # points


def refuse_piecewise_linear(manifold: Manifold, z: Tensor) -> None:
    """Raise `InputError` if the decoder is piecewise linear.

    Its activations tell, or the numbers do: second derivatives that are exactly zero at all points, while
    the first differ.

    Arguments:
        manifold: The manifold.
        z: Points where derivatives are wanted, ``(n, latent)``.
    """
    name = getattr(manifold, "piecewise_linear", None)
    if name is None and not _is_broken_line(manifold, z.detach()):
        return
    raise InputError(
        f"the decoder is piecewise linear{f' ({name})' if name else ''}: its second derivatives are zero "
        "wherever they exist, so that it has no curvature and no geodesic equation; use a smooth activation "
        '(activation="silu", say)'
    )


@torch.no_grad()
def _is_broken_line(manifold: Manifold, z: Tensor) -> bool:
    structure = manifold.structure
    if not isinstance(structure, Immersion) or not len(z):
        return False
    latent = z.shape[1]
    count = torch.arange(1, 8 * latent + 1, dtype=z.dtype, device=z.device).reshape(8, latent)
    others = z[0] + 2 * torch.sin(count * count) if manifold.data is None else manifold.data.to(z)
    every = torch.cat([z[: LOOKED_AT // 2], others[: LOOKED_AT // 2]])
    direction = torch.cos(count[0]).expand_as(every)
    slopes = structure.pushed(every, direction)[1]
    bends = structure.second(every, direction, direction)
    finite = torch.isfinite(slopes).all(1) & torch.isfinite(bends).all(1)
    slopes, bends = slopes[finite], bends[finite]
    if len(slopes) < 2 or (bends != 0).any():
        return False
    apart = (slopes - slopes[:1]).abs().max()
    return bool(apart > 1e3 * torch.finfo(z.dtype).eps * slopes.abs().max())
