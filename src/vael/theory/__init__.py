"""The theory of variational autoencoders, made executable: exact where it can be, in float64."""

from __future__ import annotations

# finite and continuous probability, divergence

# the evidence lower bound

# gradients and variational inference

# exact latent variable models
from vael.theory.results import Estimate, Integral

__all__ = [
    "Estimate",
    "Integral",
]
