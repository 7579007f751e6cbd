"""The ring: data on a circle round a hole dear to cross, where solvers that start straight fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from sklearn.cluster import KMeans
from torch import Tensor

ROWS, CENTRES, AMBIENT = 1500, 64, 64


def ring(seed: int = 0) -> tuple[Callable[[Tensor], Tensor], Tensor]:
    """Return the immersion, ``(n, 2)`` to ``(n, 65)``, and the data, ``(1500, 2)``; both in float64.

    The data lie on a circle of radius 2, with noise 0.1. The immersion is a linear map and
    ``sigma(z) = 8 / sqrt(50 sum_k exp(-lambda |z - c_k|^2) + 0.01)``, with the 64 centres of k-means, and
    ``lambda = 0.5 / (1.25 n)^2`` for the mean distance n of a centre from its nearest neighbour.
    """
    rng = np.random.default_rng(seed)
    angles = rng.uniform(0, 2 * np.pi, ROWS)
    data = 2 * np.stack([np.cos(angles), np.sin(angles)], 1) + 0.1 * rng.normal(size=(ROWS, 2))
    W = torch.from_numpy(rng.normal(size=(2, AMBIENT)) / 8)
    means: Any = KMeans(CENTRES, random_state=seed).fit(data)
    found = means.cluster_centers_
    distances = np.linalg.norm(found[:, None] - found[None], axis=-1)
    np.fill_diagonal(distances, np.inf)
    rate = 0.5 / (1.25 * distances.min(1).mean()) ** 2
    centres = torch.from_numpy(found)

    def immersion(z: Tensor) -> Tensor:
        squares = (z.unsqueeze(-2) - centres).square().sum(-1)
        precision = 50 * (-rate * squares).exp().sum(-1, keepdim=True) + 0.01
        return torch.cat([z @ W, 8 * precision.rsqrt()], -1)

    return immersion, torch.from_numpy(data)
