"""The theory of variational autoencoders, made executable: exact where it can be, in float64."""

from __future__ import annotations

from vael.theory.results import Estimate, Integral

__all__ = [
    "Estimate",
    "Integral",
]
