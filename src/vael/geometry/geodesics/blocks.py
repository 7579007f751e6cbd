"""Block-tridiagonal systems: one step of Gauss and Newton on the energy of many curves at once."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vael.geometry.structure import Segments

__all__ = ["Blocks", "refined"]


@dataclass(frozen=True)
class Blocks:
    """Symmetric block-tridiagonal matrices, one a curve, over the curve's inner points; in float64.

    Attributes:
        diagonal: ``(curves, inner, latent, latent)``.
        upper: Blocks right of the diagonal, ``(curves, inner - 1, latent, latent)``.
    """

    diagonal: Tensor
    upper: Tensor

    @classmethod
    def of(cls, found: Segments) -> Blocks:
        """Return the Gauss-Newton matrices of half the sum of squared chords."""
        diagonal = found.end[:, :-1].double() + found.start[:, 1:].double()
        return cls(diagonal, found.cross[:, 1:-1].double())

    def take(self, rows: Tensor) -> Blocks:
        """Return those of some curves."""
        return Blocks(self.diagonal[rows], self.upper[rows])

    def put(self, rows: Tensor, other: Blocks) -> None:
        """Replace those of some curves."""
        self.diagonal[rows] = other.diagonal
        self.upper[rows] = other.upper

    def solve(self, right: Tensor, damping: Tensor) -> Tensor:
        """Solve ``(H + damping * blockdiag(H)) x = right`` by block elimination.

        The damping is in units of the metric (Levenberg and Marquardt's), so that a step does not depend on
        the coordinates.

        Arguments:
            right: ``(curves, inner, latent)``.
            damping: ``(curves,)``.
        """
        latent, dtype = right.shape[-1], right.dtype
        right = right.double().unsqueeze(-1)
        grown = self.diagonal * (1 + damping.double())[:, None, None, None]
        # Where the Jacobian loses rank the metric's trace still holds the step.
        least = 1e-12 * self.diagonal.diagonal(dim1=-2, dim2=-1).sum(-1) + 1e-300
        grown = grown + least[..., None, None] * torch.eye(latent, dtype=grown.dtype, device=grown.device)
        factors: list[Tensor] = []
        forward: list[Tensor] = []
        pivot, value = grown[:, 0], right[:, 0]
        for i in range(grown.shape[1]):
            if i:
                above = self.upper[:, i - 1]
                carried = torch.cholesky_solve(torch.cat([above, forward[-1]], -1), factors[-1])
                pivot = grown[:, i] - above.mT @ carried[..., :latent]
                value = right[:, i] - above.mT @ carried[..., latent:]
            factors.append(torch.linalg.cholesky_ex(pivot)[0])
            forward.append(value)
        x = torch.cholesky_solve(forward[-1], factors[-1])
        found = [x]
        for i in range(grown.shape[1] - 2, -1, -1):
            x = torch.cholesky_solve(forward[i] - self.upper[:, i] @ x, factors[i])
            found.append(x)
        return torch.stack(found[::-1], 1).squeeze(-1).to(dtype)


def refined(found: Segments, times: int) -> Segments:
    """Interpolate the Jacobians of long segments to `times` short ones in each, by their products.

    The result's squares and gradient are left empty.
    """
    s = torch.arange(times + 1, dtype=found.start.dtype, device=found.start.device) / times
    s0, s1 = (v[None, None, :, None, None] for v in (s[:-1], s[1:]))
    AA, AB, BB = (M.unsqueeze(2) for M in (found.start, found.cross, found.end))
    both = AB + AB.mT

    def square(t: Tensor) -> Tensor:
        return (1 - t) ** 2 * AA - t * (1 - t) * both + t**2 * BB

    cross = (1 - s0) * s1 * AB + s0 * (1 - s1) * AB.mT - (1 - s0) * (1 - s1) * AA - s0 * s1 * BB
    start, cross, end = (M.flatten(1, 2) for M in (square(s0), cross, square(s1)))
    nothing = found.squares.new_empty(0)
    return Segments(nothing, nothing, start, cross, end)
