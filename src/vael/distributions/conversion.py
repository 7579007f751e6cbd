"""Torch's normal families as vael's laws."""

from __future__ import annotations

from torch.distributions import Distribution, Independent, MultivariateNormal, Normal

from vael.distributions.full_normal import FullNormal
from vael.distributions.normal import DiagonalNormal

__all__ = ["as_law"]


def as_law(distribution: Distribution) -> Distribution:
    """Return a normal over vectors as a vael law, which draws by a generator; any other as it is."""
    if isinstance(distribution, MultivariateNormal):
        return FullNormal(distribution.loc, distribution.scale_tril)
    if isinstance(distribution, Independent) and distribution.reinterpreted_batch_ndims == 1:
        base = distribution.base_dist
        if isinstance(base, Normal) and len(base.batch_shape) > 0:
            return DiagonalNormal(base.loc, base.scale.log())
    return distribution
