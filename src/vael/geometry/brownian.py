r"""Brownian motion on a manifold, whose generator is half the Laplace-Beltrami operator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from vael.errors import InputError
from vael.geometry.bending import refuse_piecewise_linear
from vael.geometry.initial_value import followed, one_step
from vael.geometry.tangents import regular_factor, told

if TYPE_CHECKING:
    from vael.geometry.manifold import Manifold

__all__ = ["brownian_motion"]


@torch.no_grad()
def brownian_motion(
    manifold: Manifold,
    z: Any,
    time: float,
    *,
    steps: int = 100,
    path: bool = False,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Follow Brownian motions: `Manifold.brownian_motion`."""
    points = manifold.read(z)
    if not time >= 0 or steps < 1:
        raise InputError(f"Brownian motion needs time >= 0 and steps >= 1, got {time} and {steps}")
    refuse_piecewise_linear(manifold, points.flat)
    here = points.flat
    way = [here]
    for number in range(steps):
        here = _walked(manifold, here, (time / steps) ** 0.5, number, steps, generator)
        way.append(here)
    return points.shaped(torch.stack(way, 1) if path else here)


def _walked(
    manifold: Manifold,
    z: Tensor,
    size: float,
    number: int,
    steps: int,
    generator: torch.Generator | None,
) -> Tensor:
    """Go along geodesics whose velocities are tangent normals."""
    structure = manifold.structure
    device = z.device if generator is None else generator.device
    noise = size * torch.randn(z.shape, generator=generator, dtype=z.dtype, device=device).to(z)
    found: list[Tensor] = []
    for part in followed(structure, z):
        L = regular_factor(structure, z[part], part.start)
        v = torch.linalg.solve_triangular(L.mT, noise[part].unsqueeze(-1), upper=True).squeeze(-1)
        found.append(one_step(structure, z[part], v, 1.0)[0])
    after = torch.cat(found) if found else z
    if not torch.isfinite(after).all():
        row = int(torch.argwhere(~torch.isfinite(after).all(1))[0])
        raise InputError(
            f"step {number + 1} of {steps} left the region where the metric is finite and has full rank, at "
            f"{told(z, row)}: give more steps, or less time"
        )
    return after
