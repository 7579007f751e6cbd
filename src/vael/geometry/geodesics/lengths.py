"""Lengths of discrete curves."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["curve_length", "straight", "subdivided"]


def curve_length(fine: Tensor, coarse: Tensor | None) -> Tensor:
    """Return lengths from squared chords; with those of every second point, by Richardson's extrapolation.

    Chords are too short by a part that falls with the square of their number: :math:`(4 L_T - L_{T/2}) / 3`.
    A curve with a chord that is no number is infinitely long.

    Arguments:
        fine: Squared chords, ``(curves, T)``.
        coarse: Squared chords of the curve's even points, ``(curves, T / 2)``, or None.
    """
    length = root(fine).sum(-1)
    found = length if coarse is None else (4 * length - root(coarse).sum(-1)) / 3
    return torch.where(found.isnan(), torch.inf, found)


def root(squares: Tensor) -> Tensor:
    """Square root whose gradient at zero is zero."""
    zero = squares == 0
    return torch.where(zero, 1, squares).sqrt() * ~zero


def straight(a: Tensor, b: Tensor, segments: int) -> Tensor:
    """Return straight lines between rows, ``(n, segments + 1, latent)``, the ends exact."""
    t = torch.linspace(0, 1, segments + 1, dtype=a.dtype, device=a.device)[:, None]
    return torch.lerp(a.unsqueeze(1), b.unsqueeze(1), t)


def subdivided(points: Tensor, weights: Tensor) -> Tensor:
    """Return linear combinations of a curve's points: ``(c, points, latent)`` by ``(new, points)``."""
    return torch.einsum("tp,cpd->ctd", weights, points)
