"""Small data and estimators that fit in a tenth of a second."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import vael


@pytest.fixture
def X() -> np.ndarray:
    """120 rows of 6 real numbers that have two causes."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=(120, 2))
    return z @ rng.normal(size=(2, 6)) + 0.3 * rng.normal(size=(120, 6)) + np.arange(6)


@pytest.fixture
def images() -> np.ndarray:
    """60 grey images of 8 x 8 bytes: a bright square that wanders."""
    rng = np.random.default_rng(1)
    made = rng.integers(0, 60, size=(60, 8, 8))
    for image, (row, column) in zip(made, rng.integers(0, 5, size=(60, 2)), strict=True):
        image[row : row + 3, column : column + 3] += 180
    return made.astype(np.uint8)


@pytest.fixture
def quick() -> Callable[..., vael.VAE]:
    """A VAE of few steps."""

    def make(**given: Any) -> vael.VAE:
        settings: dict[str, Any] = {"n_components": 2, "hidden": 12, "max_epochs": 4, "batch_size": 32}
        return vael.VAE(**(settings | {"random_state": 0, "device": "cpu"} | given))

    return make


@pytest.fixture
def weight_bytes() -> Callable[[Any], bytes]:
    def read(estimator: Any) -> bytes:
        return b"".join(v.numpy().tobytes() for v in estimator.model_.state_dict().values())

    return read


@pytest.fixture
def metrics_without_time() -> Callable[[Path], list[dict[str, Any]]]:
    def read(folder: Path) -> list[dict[str, Any]]:
        rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
        timed = ("seconds", "examples_per_second")
        return [{k: v for k, v in row.items() if k not in timed} for row in rows]

    return read
