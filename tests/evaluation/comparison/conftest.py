"""Models that the tests of comparisons share."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_digits

import vael
from vael.errors import VaelWarning


@pytest.fixture(scope="session")
def digits() -> tuple[np.ndarray, np.ndarray]:
    """Digits as bytes from 0 to 255, (n, 64), with labels."""
    found = load_digits()
    return np.rint(found.data * 255 / 16).astype(np.uint8), found.target


@pytest.fixture(scope="session")
def digit_models(digits: tuple[np.ndarray, np.ndarray]) -> dict[str, vael.VAE]:
    X, _ = digits
    settings = {"hidden": (32,), "max_epochs": 6, "validation_fraction": 0.0, "random_state": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", VaelWarning)
        return {
            "binary": vael.VAE(4, likelihood="bernoulli", **settings).fit(X[:1000]),
            "greys": vael.VAE(4, likelihood="bernoulli-greys", **settings).fit(X[:1000]),
            "continuous": vael.VAE(4, likelihood="continuous-bernoulli", **settings).fit(X[:1000]),
            "levels": vael.VAE(4, likelihood="discretised-logistic", **settings).fit(X[:1000]),
        }
