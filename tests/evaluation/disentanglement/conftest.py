from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest


@dataclass(frozen=True)
class FactorsAsImages:
    """A ground truth whose image is the row of factors itself: a code is then a function of factors."""

    factor_sizes: tuple[int, ...]

    @property
    def factor_names(self):
        return tuple(f"factor {i}" for i in range(len(self.factor_sizes)))

    def sample_factors(self, n, rng):
        return rng.integers(0, self.factor_sizes, (n, len(self.factor_sizes)))

    def images(self, factors):
        return factors

    def standardised(self, factors):
        sizes = np.array(self.factor_sizes)
        return (factors - (sizes - 1) / 2) / np.sqrt((sizes**2 - 1) / 12)

    def rotated(self, factors, seed=0):
        """Factors of variance 1, mixed by a random rotation."""
        k = len(self.factor_sizes)
        return self.standardised(factors) @ np.linalg.qr(np.random.default_rng(seed).normal(size=(k, k)))[0]


@pytest.fixture
def truth():
    return FactorsAsImages((3, 6, 40, 32, 32))


@pytest.fixture
def small():
    return FactorsAsImages((3, 4, 5))


@pytest.fixture
def make_truth():
    return FactorsAsImages
