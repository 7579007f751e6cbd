"""Manifolds whose distances are known."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from vael.geometry import LatentManifold


def on_sphere(z: Tensor) -> Tensor:
    """The unit sphere but its south pole, by stereographic projection."""
    square = z.square().sum(-1, keepdim=True)
    return torch.cat([2 * z, 1 - square], -1) / (1 + square)


def to_chart(x: np.ndarray) -> np.ndarray:
    """Stereographic coordinates of points on the sphere, ``(n, 3)``."""
    return x[:, :2] / (1 + x[:, 2:])


def from_chart(z: np.ndarray) -> np.ndarray:
    return on_sphere(torch.as_tensor(z)).numpy()


def great_circles(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Angles between points on the sphere, ``(n, m)``."""
    cross = np.linalg.norm(np.cross(x[:, None], y[None]), axis=-1)
    return np.arctan2(cross, x @ y.T)


def cap(n: int, height: float, seed: int) -> np.ndarray:
    """Points on the sphere with a z coordinate above a height."""
    rng = np.random.default_rng(seed)
    z, phi = rng.uniform(height, 1, n), rng.uniform(0, 2 * np.pi, n)
    r = np.sqrt(1 - z**2)
    return np.stack([r * np.cos(phi), r * np.sin(phi), z], 1)


def sphere() -> LatentManifold:
    return LatentManifold(on_sphere)


def flat() -> LatentManifold:
    return LatentManifold(lambda z: z)


SHEAR = torch.tensor([[2.0, 0.5], [0.0, 0.7], [1.0, -1.0]], dtype=torch.float64)


def sheared() -> LatentManifold:
    """A flat manifold whose coordinates are not orthonormal."""
    return LatentManifold(lambda z: z @ SHEAR.to(z).T)
