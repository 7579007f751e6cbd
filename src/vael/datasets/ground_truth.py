"""Data whose making is known: what a measure of disentanglement asks for."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np

__all__ = ["GroundTruth"]


@runtime_checkable
class GroundTruth(Protocol):
    """Images made from independent factors, each of finitely many values.

    A combination of factors is a row of whole numbers, the index of each factor's value from 0; one
    combination makes one image, always the same.
    """

    @property
    def factor_names(self) -> tuple[str, ...]:
        """Name of each factor."""
        ...

    @property
    def factor_sizes(self) -> tuple[int, ...]:
        """Number of values of each factor."""
        ...

    def sample_factors(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw n combinations, (n, factors), each factor uniform and independent of the others."""
        ...

    def images(self, factors: np.ndarray) -> np.ndarray:
        """Make the images, (n, ...), of combinations (n, factors)."""
        ...
