"""Small runs of every kind that the studio shows, fitted once."""

from __future__ import annotations

import csv
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_wine

from vael import VAE, Autoencoder
from vael.datasets import load
from vael.estimators.run_data import record
from vael.studio.asked import Asked
from vael.studio.columns import Reply
from vael.studio.loaded import Loaded
from vael.studio.services import service

sys.path.insert(0, str(Path(__file__).parent))

from studio_page import chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A browser without a window."""
    with chromium() as running:
        yield running


def run_of(folder: Path, source: Any, estimator: Any, **reading: Any) -> Loaded:
    dataset = load(source, **reading)
    estimator.set_params(run=folder, random_state=0, image_shape=dataset.image_shape).fit(dataset.X)
    record(folder, estimator, dataset, source, **reading)
    return Loaded.open(folder)


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """Digits in two latents."""
    folder = tmp_path_factory.mktemp("runs") / "digits"
    return run_of(folder, "digits", VAE(2, hidden=(32,), max_epochs=8))


@pytest.fixture(scope="session")
def eight(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """Digits in eight latents."""
    folder = tmp_path_factory.mktemp("runs") / "eight"
    return run_of(folder, "digits", VAE(8, hidden=(32,), max_epochs=4))


@pytest.fixture(scope="session")
def sphere(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """Digits on a sphere."""
    folder = tmp_path_factory.mktemp("runs") / "sphere"
    return run_of(folder, "digits", VAE(2, latent_space="sphere", hidden=(32,), max_epochs=4))


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """An autoencoder of digits."""
    folder = tmp_path_factory.mktemp("runs") / "plain"
    return run_of(folder, "digits", Autoencoder(2, hidden=(32,), max_epochs=4))


@pytest.fixture(scope="session")
def wine(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """A table with labels in words."""
    folder = tmp_path_factory.mktemp("runs")
    found: Any = load_wine()
    with (folder / "wine.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*found.feature_names, "kind"])
        kinds = np.array(["barolo", "grignolino", "barbera"])[found.target]
        writer.writerows([*row, kind] for row, kind in zip(found.data, kinds))
    return run_of(folder / "wine", folder / "wine.csv", VAE(2, hidden=(16,), max_epochs=40), label="kind")


def ask(loaded: Loaded, name: str, /, **fields: Any) -> Reply:
    """Call a service to its end."""
    found = service(name)(loaded, Asked(fields))
    return found if isinstance(found, Reply) else finished(found)


def finished(steps: Generator[float, None, Reply]) -> Reply:
    """Run a generator to its end; how much is done stays within 0 and 1."""
    while True:
        try:
            done = next(steps)
        except StopIteration as end:
            return end.value
        assert 0 <= done <= 1


@pytest.fixture(name="ask")
def asking() -> Any:
    return ask
