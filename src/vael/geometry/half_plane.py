"""The Fisher-Rao distance of normals, which is that of the hyperbolic half-plane."""

from __future__ import annotations

import math

import torch
from torch import Tensor

__all__ = ["normal_fisher_rao_chord"]


def normal_fisher_rao_chord(mu_a: Tensor, sigma_a: Tensor, mu_b: Tensor, sigma_b: Tensor) -> Tensor:
    r"""Return vectors whose norms are the Fisher-Rao distances of normals with independent components.

    For each component, with :math:`q^2 = (\Delta\mu^2 / 2 + \Delta\sigma^2) / (4 \sigma_a \sigma_b)`, the
    distance is :math:`2 \sqrt 2 \sinh^{-1} q`, and the vector points along
    :math:`(\Delta\mu / \sqrt 2, \Delta\sigma)`: it is as smooth where the laws coincide as anywhere.

    See also: Costa et al. 2015, arXiv 1210.2354, eq. 8. Not the coordinates of one space: the vectors from a
    to b and from b to c do not add up to that from a to c.

    Arguments:
        mu_a: Means, of shape ``(*batch, N)``.
        sigma_a: Standard deviations.
        mu_b: Means of the other laws.
        sigma_b: Their standard deviations.

    Returns:
        Vectors, of shape ``(*batch, 2N)``: the means' parts first.
    """
    across, up = (mu_b - mu_a) / math.sqrt(2), sigma_b - sigma_a
    product = sigma_a * sigma_b
    stretch = _asinh_ratio((across * across + up * up) / (4 * product)) * (2 / product).sqrt()
    return torch.cat([stretch * across, stretch * up], -1)


_NEAR = 0.1
# asinh(q) / q = sum_n (-1)^n (2n)! / (4^n n!^2 (2n + 1)) s^n, with s = q^2
_SERIES = [(-1) ** n * math.comb(2 * n, n) / (4**n * (2 * n + 1)) for n in range(17)]


def _asinh_ratio(square: Tensor) -> Tensor:
    """Asinh(q) / q as a function of q^2 >= 0, with all its derivatives: by its series below 0.1."""
    near = square < _NEAR
    inner = torch.where(near, square, 0.0)
    total = torch.full_like(inner, _SERIES[-1])
    for coefficient in _SERIES[-2::-1]:
        total = total * inner + coefficient
    q = torch.where(near, 1.0, square).sqrt()
    return torch.where(near, total, q.asinh() / q)
