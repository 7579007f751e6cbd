"""The aggregate posterior q(z) as the mixture that it is: its density at draws from it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from vael.errors import InputError
from vael.evaluation.latents.posteriors import BLOCK, Posteriors

__all__ = ["Mixture", "mixture", "sample_count", "standard_error"]

PAIRS = 30_000_000  # of a draw and a row: what the default number of draws stays below, for normals
EVALUATED_PAIRS = 1_000_000  # for laws each of whose densities passes through a network


@dataclass(frozen=True, eq=False)
class Mixture:
    r"""Log-densities, in nats and float64, of draws z_i ~ q(z|x_i).

    Attributes:
        own: ln q(z_i|x_i), of shape ``(samples, n)``.
        among_all: :math:`\ln \frac1n \sum_j q(z_i|x_j)`, its own row counted in.
        among_others: :math:`\ln \frac1{n-1} \sum_{j \ne i} q(z_i|x_j)`.
    """

    own: Tensor
    among_all: Tensor
    among_others: Tensor


def standard_error(terms: Tensor) -> float:
    """Standard error of the mean of terms ``(samples, n)`` over rows that are a sample, draws included.

    A row also has a place in the mixture that the other rows' terms see. To first order that adds nothing:
    the mean of q(z|x_i) / q(z) over z of q(z) is 1 for each row.
    """
    each = terms.mean(0)
    return float(each.std()) / math.sqrt(len(each))


def sample_count(samples: int | None, posteriors: Posteriors) -> int:
    """Check a number of draws a row; None takes as many as 3e7 pairs allow (1e6 for flows), 1 to 64."""
    if samples is None:
        pairs = PAIRS if posteriors.are_normal else EVALUATED_PAIRS
        return max(1, min(64, pairs // len(posteriors) ** 2))
    if samples < 1:
        raise InputError(f"samples must be >= 1, got {samples}")
    return samples


@torch.no_grad()
def mixture(posteriors: Posteriors, z: Tensor) -> Mixture:
    """Compute the density of draws ``(samples, n, latent)`` under all rows' posteriors.

    Takes samples * n^2 densities, 32 MB of them at a time.
    """
    samples, n = z.shape[:2]
    own = posteriors.own_log_density(z)
    flat, own_flat = z.flatten(0, 1), own.flatten()
    others = torch.empty_like(own_flat)
    size = max(1, BLOCK // n)
    for start in range(0, len(flat), size):
        part = slice(start, min(start + size, len(flat)))
        density = posteriors.log_densities(flat[part])
        place = torch.arange(part.start, part.stop, device=z.device)
        density[place - start, place % n] = -torch.inf
        top = density.amax(1)
        top = torch.where(torch.isfinite(top), top, 0.0)
        others[part] = top + density.sub_(top.unsqueeze(1)).exp_().sum(1).log()
    total = torch.logaddexp(others, own_flat)
    return Mixture(
        own=own,
        among_all=total.unflatten(0, (samples, n)) - math.log(n),
        among_others=others.unflatten(0, (samples, n)) - math.log(n - 1),
    )
