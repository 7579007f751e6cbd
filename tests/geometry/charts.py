from __future__ import annotations

import torch
from torch import Tensor, nn


def points(*rows: tuple[float, ...]) -> Tensor:
    return torch.tensor(rows, dtype=torch.float64)


def sphere(z: Tensor) -> Tensor:
    """Of any dimension, by angles; of two: colatitude and longitude."""
    sines = torch.cumprod(torch.cat([torch.ones_like(z[..., :1]), z.sin()], -1), -1)
    *first, last = z.unbind(-1)
    cosines = [*(x.cos() for x in first), last.cos(), torch.ones_like(last)]
    return torch.stack([s * c for s, c in zip(sines.unbind(-1), cosines)], -1)


def stereographic(z: Tensor) -> Tensor:
    """The sphere but for its north pole, of any dimension; conformal."""
    square = z.square().sum(-1, keepdim=True)
    return torch.cat([2 * z, square - 1], -1) / (1 + square)


def torus(z: Tensor) -> Tensor:
    """Of radii 2 and 1; z: round the tube, round the axis."""
    u, w = z[..., 0], z[..., 1]
    ring = 2 + u.cos()
    return torch.stack([ring * w.cos(), ring * w.sin(), u.sin()], -1)


def paraboloid(z: Tensor) -> Tensor:
    return torch.cat([z, z.square().sum(-1, keepdim=True) / 2], -1)


def cylinder(z: Tensor) -> Tensor:
    return torch.stack([z[..., 0].cos(), z[..., 0].sin(), z[..., 1]], -1)


def great_circle(P: Tensor, Q: Tensor) -> Tensor:
    """Angle between unit vectors, good at any angle."""
    return 2 * torch.atan2((P - Q).norm(dim=-1), (P + Q).norm(dim=-1))


def bent(z: Tensor) -> Tensor:
    """A change of coordinates whose inverse is `unbent`; not conformal."""
    rest = [*z.unbind(-1)][1:]
    return torch.stack([z[..., 0], *(x + 0.3 * z[..., 0].sin() for x in rest)], -1)


def unbent(y: Tensor) -> Tensor:
    rest = [*y.unbind(-1)][1:]
    return torch.stack([y[..., 0], *(x - 0.3 * y[..., 0].sin() for x in rest)], -1)


def smooth_decoder(
    seed: int, latent: int = 2, outputs: int = 20, activation: type[nn.Module] = nn.Tanh
) -> nn.Module:
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Linear(latent, 16), activation(), nn.Linear(16, outputs)).double()
    return net.requires_grad_(False)


def sphere_metric(z: Tensor) -> Tensor:
    return torch.diag_embed(torch.stack([torch.ones_like(z[:, 0]), z[:, 0].sin().square()], -1))


def half_plane(z: Tensor) -> Tensor:
    """The hyperbolic plane's metric: z[:, 1] > 0, curvature -1."""
    return torch.eye(2, dtype=z.dtype) / z[:, 1, None, None].square()
