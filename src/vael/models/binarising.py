"""Binarising rows of greys by their own content, so that no row's coins depend on its place."""

from __future__ import annotations

from torch import Tensor, arange, int32

__all__ = ["binarise_by_content"]


def binarise_by_content(x: Tensor, seed: int) -> Tensor:
    """Draw each value of x, float32 in [0, 1], as a coin that follows from its row and the seed.

    Each row is hashed, and the hash run through splitmix64 gives its thresholds: rows that differ get
    independent coins, equal rows get equal ones.
    """
    places = arange(1, x.shape[1] + 1, device=x.device)
    bits = x.contiguous().view(int32).long()
    key = _mix(_mix(bits + places * _GOLDEN).sum(1, keepdim=True) + seed)
    uniform = (_mix(key + places * _GOLDEN) >> 11 & (2**53 - 1)).double() / 2**53
    return (uniform < x).to(x.dtype)


_GOLDEN = 0x9E3779B97F4A7C15 - 2**64  # as a signed 64-bit number; products wrap around


def _mix(x: Tensor) -> Tensor:
    """The finaliser of splitmix64 (Steele, Lea & Flood 2014) on signed 64-bit numbers."""
    x = (x ^ _shift(x, 30)) * (0xBF58476D1CE4E5B9 - 2**64)
    x = (x ^ _shift(x, 27)) * (0x94D049BB133111EB - 2**64)
    return x ^ _shift(x, 31)


def _shift(x: Tensor, by: int) -> Tensor:
    """Logical right shift of signed numbers."""
    return (x >> by) & ((1 << (64 - by)) - 1)
