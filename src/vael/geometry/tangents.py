"""Vectors at points: read and checked together, and the metrics that they are measured by."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float
from torch import Tensor

from vael.errors import InputError
from vael.geometry.second_order import SecondOrder
from vael.geometry.structure import Structure

if TYPE_CHECKING:
    from vael.geometry.manifold import Manifold

__all__ = ["Tangents", "chunked", "full_rank_factor", "read_tangents", "regular_factor", "told", "tracing"]

NOISE = 10  # times latents and the machine's precision: what a pivot may be and still count as zero


@dataclass(frozen=True, eq=False)
class Tangents:
    """Points and vectors at them that were checked, their leading shapes made one.

    Attributes:
        z: Points, ``(n, latent)``.
        vectors: ``(n, latent)`` each.
        batch: The leading shape.
    """

    z: Tensor
    vectors: tuple[Tensor, ...]
    batch: tuple[int, ...]

    def shaped(self, values: Tensor) -> Tensor:
        """Give results of the flat points, ``(n, *rest)``, the leading shape."""
        return values.reshape((*self.batch, *values.shape[1:]))


def read_tangents(manifold: Manifold, z: Any, **vectors: Any) -> Tangents:
    """Check points and vectors, ``(*batch, latent)`` each, whose leading shapes broadcast."""
    points = manifold.read(z)
    read = {name: manifold.read(vector, name) for name, vector in vectors.items()}
    latent = points.flat.shape[1]
    for name, vector in read.items():
        if vector.flat.shape[1] != latent:
            raise InputError(f"{name} has {vector.flat.shape[1]} components, but z has {latent} coordinates")
    every = [points, *read.values()]
    try:
        batch = torch.broadcast_shapes(*(one.batch for one in every))
    except RuntimeError as error:
        shapes = ", ".join(f"{name} {tuple(one.batch)}" for name, one in zip(("z", *read), every))
        raise InputError(f"these leading shapes do not fit: {shapes}") from error
    dtype = every[0].flat.dtype
    for one in every[1:]:
        dtype = torch.promote_types(dtype, one.flat.dtype)
    flat, *rest = (
        # Contiguous: forward mode cannot put tangents on points that share their memory.
        one.flat.to(dtype).reshape(*one.batch, latent).expand(*batch, latent).reshape(-1, latent).contiguous()
        for one in every
    )
    return Tangents(flat, tuple(rest), tuple(batch))


@contextmanager
def tracing(*inputs: Tensor) -> Generator[None]:
    """Record gradients inside only where an input wants them; parameters of a decoder alone do not count."""
    wanted = torch.is_grad_enabled() and any(one.requires_grad for one in inputs)
    with torch.set_grad_enabled(wanted), SecondOrder() if wanted else nullcontext():
        yield


def chunked(structure: Structure, bytes_each: int, function: Callable[[slice], Tensor], z: Tensor) -> Tensor:
    """Return what a function makes of slices of the points, joined; of no points, what it makes of none.

    Arguments:
        structure: Whose memory it has.
        bytes_each: That a point takes.
        function: Makes ``(n, *rest)`` of a slice.
        z: The points, ``(n, latent)``.
    """
    found = [function(part) for part in structure.parts(len(z), bytes_each)]
    return torch.cat(found) if found else function(slice(0, 0))


def regular_factor(structure: Structure, z: Tensor, first: int = 0) -> Tensor:
    """Return the lower Cholesky factors of the metric at points; raises where its rank is less than full."""
    return full_rank_factor(structure.metric(z), z, first)


def full_rank_factor(
    G: Float[Tensor, "n latent latent"], z: Float[Tensor, "n latent"], first: int = 0
) -> Float[Tensor, "n latent latent"]:
    """Return lower Cholesky factors of metrics.

    A metric counts as of full rank where, brought to a unit diagonal, it has pivots larger than 10 times
    latents times the precision of the dtype, and where no direction is shorter than the longest by more than
    that precision: the units of the latents do not matter.

    Arguments:
        G: Metrics.
        z: Where, for the message.
        first: Number of the first point.

    Raises:
        InputError: If a metric is not finite, or of lower rank; says at which point, and the rank.
    """
    if not torch.isfinite(G).all():
        row = int(torch.argwhere(~torch.isfinite(G).flatten(1).all(1))[0])
        raise InputError(f"the metric is not finite at {told(z, row, first)}")
    latent = G.shape[-1]
    least = NOISE * latent * torch.finfo(G.dtype).eps
    lengths = G.diagonal(dim1=-2, dim2=-1).clamp(min=0).sqrt()
    lost = lengths <= torch.finfo(G.dtype).eps * lengths.amax(-1, keepdim=True)
    scale = torch.where(lost, 1, lengths)
    even = G / (scale.unsqueeze(-1) * scale.unsqueeze(-2))
    factor, info = torch.linalg.cholesky_ex(even)
    pivots = factor.diagonal(dim1=-2, dim2=-1)
    low = lost.any(-1) | (info > 0) | (pivots.square() <= least).any(-1)
    if low.any():
        row = int(torch.argwhere(low)[0])
        kept = torch.where(lost[row], 0, 1).to(even.dtype)
        values = torch.linalg.eigvalsh(even[row].detach() * kept * kept.unsqueeze(-1))
        rank = min(int((values > least).sum()), latent - 1)
        raise InputError(
            f"the metric has rank {rank} of {latent} at {told(z, row, first)}: the decoder does not change "
            "there along some direction, and the metric has no inverse; leave such points or latents out"
        )
    return scale.unsqueeze(-1) * factor


def told(z: Tensor, row: int, first: int = 0) -> str:
    """Name a point by number and coordinates."""
    shown = ", ".join(f"{x:.4g}" for x in z[row].detach().tolist()[:8])
    return f"point {first + row}, z = ({shown}{', ...' if z.shape[1] > 8 else ''})"
