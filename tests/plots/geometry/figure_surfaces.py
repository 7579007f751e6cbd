from __future__ import annotations

import numpy as np
import torch

from vael.geometry import LatentManifold

# The metric of the tilted plane, whose decoder is linear.
TILT = torch.tensor([[2.0, 0.5], [0.0, 1.0], [1.0, -1.0]], dtype=torch.float64)


def rows(n=120, latent=2, seed=0):
    return np.random.default_rng(seed).normal(size=(n, latent))


def tilted(data=None):
    """A linear decoder: its geodesics are straight, its metric is the same everywhere."""
    return LatentManifold(lambda z: z @ TILT.T.to(z), latent=2, data=rows() if data is None else data)


def paraboloid(data=None):
    """z = (x^2 + y^2) / 2: det G = 1 + rho^2, and K = 1 / (1 + rho^2)^2."""

    def decoder(z):
        return torch.cat([z, z.square().sum(-1, keepdim=True) / 2], dim=-1)

    return LatentManifold(decoder, latent=2, data=rows() if data is None else data)


def bowl(latent=3, n=60):
    """A paraboloid over more latents: det G = 1 + rho^2 still."""

    def decoder(z):
        return torch.cat([z, z.square().sum(-1, keepdim=True) / 2], dim=-1)

    return LatentManifold(decoder, latent=latent, data=rows(n, latent))
