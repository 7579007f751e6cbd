"""A trained run as the studio holds it: the model, and every row's place, labels and latents."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

import vael
from vael.datasets import Dataset
from vael.datasets.classes import Classes, Values, read_labels
from vael.datasets.shades import value_range
from vael.estimators import VAE, Autoencoder
from vael.estimators.run_data import RunData, read

__all__ = ["TEST", "TRAIN", "VALIDATION", "Loaded"]

TRAIN, VALIDATION, TEST = 0, 1, 2
"""Which part of the data a row is of."""


@dataclass(frozen=True, eq=False)
class Loaded:
    """A run with its data at hand. Rows are counted 0, 1, ...: of `dataset.X`, then of `dataset.X_test`.

    Attributes:
        folder: The run's folder.
        estimator: The fitted estimator.
        run_data: What the run keeps of its data.
        dataset: The data.
        moved: Where the data were found, if not where the run says.
    """

    folder: Path
    estimator: VAE | Autoencoder
    run_data: RunData
    dataset: Dataset
    moved: Path | None = None

    @classmethod
    def open(cls, folder: Path, moved: Path | None = None) -> Loaded:
        """Load a run, and its data from where they moved if they did.

        Raises `RunError` for what is no finished run, and `InputError` for data that are gone or changed.
        """
        estimator = vael.load(folder)
        assert isinstance(estimator, VAE | Autoencoder)
        run_data = read(folder)
        return cls(folder, estimator, run_data, run_data.dataset(moved), moved)

    def other_model(self, folder: Path) -> Loaded:
        """Load another run, of the same data where its digest says so."""
        run_data = read(folder)
        if (run_data.sha256, run_data.sha256_test) != (self.run_data.sha256, self.run_data.sha256_test):
            return Loaded.open(folder)
        estimator = vael.load(folder)
        assert isinstance(estimator, VAE | Autoencoder)
        return Loaded(folder, estimator, run_data, self.dataset)

    @cached_property
    def id(self) -> str:
        """Twelve hex digits that tell this run's weights from others."""
        return hashlib.sha256((self.folder / "model.safetensors").read_bytes()).hexdigest()[:12]

    @cached_property
    def rows(self) -> np.ndarray:
        """All rows as they were given, (rows, features): training, validation and test rows."""
        X, X_test = self.dataset.X, self.dataset.X_test
        return X if X_test is None else np.concatenate([X, X_test])

    @cached_property
    def latents(self) -> np.ndarray:
        """Posterior means of all rows, (rows, coordinates), float32."""
        found, test = self.run_data.latents, self.run_data.latents_test
        latents = found if test is None else np.concatenate([found, test])
        return np.ascontiguousarray(latents, dtype=np.float32)

    @cached_property
    def parts(self) -> np.ndarray:
        """TRAIN, VALIDATION or TEST of each row, (rows,), uint8."""
        parts = np.full(len(self.latents), TRAIN, np.uint8)
        parts[self.run_data.validation_rows] = VALIDATION
        parts[len(self.run_data.latents) :] = TEST
        return parts

    @cached_property
    def labels(self) -> Classes | Values | None:
        """Labels of all rows: classes or numbers; None where the data, or the test rows, have none."""
        y, y_test = self.run_data.labels, self.run_data.labels_test
        if y is None or (self.run_data.latents_test is not None and y_test is None):
            return None
        return read_labels(y if y_test is None else np.concatenate([y, y_test]), len(self.latents))

    def label_words(self, rows: np.ndarray) -> list[str] | None:
        """Labels of rows in words; None where there are none."""
        if isinstance(self.labels, Classes):
            return [self.labels.names[code] for code in self.labels.codes[rows]]
        return None if self.labels is None else [f"{value:.4g}" for value in self.labels.values[rows]]

    @property
    def image_shape(self) -> tuple[int, ...] | None:
        """(H, W) or (H, W, C) where rows are images."""
        return self.run_data.image_shape

    @cached_property
    def value_range(self) -> tuple[float, float]:
        """Which values of images are black and white."""
        return value_range(self.dataset.X)

    @property
    def coordinates(self) -> int:
        """Numbers that a point of the latent space is written with: latents, on a sphere one more."""
        return self.latents.shape[1]

    def shaped(self, X: np.ndarray) -> np.ndarray:
        """Return flat rows (n, features) in the shape that the estimator was fitted to."""
        return X.reshape(len(X), *self.estimator.schema_.row_shape)

    def seen(self, values: np.ndarray) -> np.ndarray:
        """Return rows (n, ...) in the data's units as a page shows them, (n, features).

        Images as bytes, black 0 and white 255; other rows as float32.
        """
        flat = np.asarray(values).reshape(len(values), -1)
        if self.image_shape is None:
            return flat.astype(np.float32)
        low, high = self.value_range
        shades = (flat.astype(np.float32) - low) * (255 / (high - low))
        return np.rint(np.clip(shades, 0, 255)).astype(np.uint8)

    def decoded(self, Z: np.ndarray) -> np.ndarray:
        """Decode points (n, coordinates) to means as a page shows them, (n, features)."""
        return self.seen(self.estimator.inverse_transform(Z))
