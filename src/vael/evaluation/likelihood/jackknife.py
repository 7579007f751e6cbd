"""The jackknife of the importance-weighted bound: its bias of order 1/k, or 1/k^2 too, taken away."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["jackknifed"]

LARGE = 16  # weights that are paired one by one; two of the others sum to less than 2/17
TERMS = 18  # of ln(1 - p), which leaves (2/17)^18 / 18


def jackknifed(log_w: Float[Tensor, "k n"], order: int) -> Float[Tensor, " n"]:
    r"""Estimate ln p(x) from log-weights by the jackknife of the bound L_k (Nowozin 2018, eq. 10).

    .. math:: \sum_{j=0}^{m} \frac{(-1)^j (k-j)^m}{(m-j)!\, j!} \bar L_{k-j}

    where the mean of L over all subsets of k - j weights is exact: of order 2 it takes time linear in k too,
    by a power series in the small weights.

    Arguments:
        log_w: Log-weights in float64, finite somewhere in each column.
        order: m: 1 takes away the bias of order 1/k, 2 that of order 1/k^2 too; k must exceed it.
    """
    k = len(log_w)
    largest_first = log_w.sort(0, descending=True).values
    bound = log_w.logsumexp(0) - math.log(k)
    share = (largest_first - log_w.logsumexp(0)).exp()  # normalised weights
    one = _one_left_out(largest_first, share) - math.log1p(-1 / k)
    if order == 1:
        return bound - (k - 1) * one
    two = _two_left_out(largest_first, share) - math.log1p(-2 / k)
    return bound - (k - 1) ** 2 * one + (k - 2) ** 2 / 2 * two


def _one_left_out(log_w: Tensor, share: Tensor) -> Tensor:
    """Mean over i of ln(1 - p_i), (n,); the largest, which may be all, from the sum of the others."""
    largest = log_w[1:].logsumexp(0) - log_w.logsumexp(0)
    return (largest + torch.log1p(-share[1:]).sum(0)) / len(log_w)


def _two_left_out(log_w: Tensor, share: Tensor) -> Tensor:
    """Mean over pairs of ln(1 - p_i - p_j), (n,)."""
    k = len(log_w)
    # Pairs with the largest weight: what is left without it, less one of its own weights.
    rest = log_w[1:]
    remaining = rest.logsumexp(0)
    total = (k - 1) * (remaining - log_w.logsumexp(0))
    total = total + (k - 1) * _one_left_out(rest, (rest - remaining).exp())
    # Other pairs sum to 2/3 at most. A few large ones, each with all below it; then the small ones.
    for i in range(1, min(LARGE, k - 1)):
        total = total + torch.log1p(-share[i] - share[i + 1 :]).sum(0)
    small = share[LARGE:]
    powers = [small.pow(r).sum(0) for r in range(TERMS + 1)]
    for r in range(1, TERMS + 1):
        pairs = sum(math.comb(r, a) * powers[a] * powers[r - a] for a in range(r + 1)) - 2**r * powers[r]
        total = total - pairs / (2 * r)
    return total / math.comb(k, 2)
