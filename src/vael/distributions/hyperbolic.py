"""Functions that hyperbolic geometry is made of, smooth where they are written as quotients of zeros."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["arsinh_ratio", "log_sinh_ratio", "moebius_sum", "squared_norm", "tanh_ratio", "turned"]

SMALL = 1e-3  # squared argument below which a series of four terms is exact in float64


def squared_norm(x: Float[Tensor, "*batch dim"]) -> Tensor:
    """Squared length, ``(*batch, 1)``."""
    return x.square().sum(-1, keepdim=True)


def tanh_ratio(square: Tensor) -> Tensor:
    """Tanh(t) / t as a function of t^2."""
    few, root = _parts(square)
    series = 1 - few * (1 / 3 - few * (2 / 15 - few * (17 / 315 - few * 62 / 2835)))
    return torch.where(square < SMALL, series, root.tanh() / root)


def arsinh_ratio(square: Tensor) -> Tensor:
    """Arsinh(t) / t as a function of t^2."""
    few, root = _parts(square)
    series = 1 - few * (1 / 6 - few * (3 / 40 - few * (15 / 336 - few * 105 / 3456)))
    return torch.where(square < SMALL, series, root.asinh() / root)


def log_sinh_ratio(square: Tensor) -> Tensor:
    """Ln(sinh(t) / t) as a function of t^2."""
    few, root = _parts(square)
    series = few * (1 / 6 - few * (1 / 180 - few * (1 / 2835 - few / 37800)))
    exact = root + torch.log(-torch.expm1(-2 * root) / (2 * root))
    return torch.where(square < SMALL, series, exact)


def _parts(square: Tensor) -> tuple[Tensor, Tensor]:
    """The argument of the series, and the root for the closed form, each safe where the other is used."""
    return square.clamp(max=SMALL), square.clamp(min=SMALL).sqrt()


def moebius_sum(x: Tensor, y: Tensor, c: Tensor) -> Tensor:
    """X + y in the ball of curvature -c (Ganea 2018, arXiv 1805.09112, eq. 4)."""
    xx, yy, xy = squared_norm(x), squared_norm(y), (x * y).sum(-1, keepdim=True)
    above = (1 + 2 * c * xy + c * yy) * x + (1 - c * xx) * y
    return above / (1 + 2 * c * xy + c * c * xx * yy)


def turned(u: Tensor, v: Tensor, w: Tensor, c: Tensor) -> Tensor:
    """The gyration gyr[u, v] w, a rotation: -(u + v) + (u + (v + w)), in closed form."""
    uu, vv = squared_norm(u), squared_norm(v)
    uv, uw, vw = ((a * b).sum(-1, keepdim=True) for a, b in ((u, v), (u, w), (v, w)))
    along_u = -c * c * uw * vv + c * vw + 2 * c * c * uv * vw
    along_v = -c * c * vw * uu - c * uw
    return w + 2 * (along_u * u + along_v * v) / (1 + 2 * c * uv + c * c * uu * vv)
