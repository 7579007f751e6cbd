"""What a run keeps of its data, so that whatever comes after training needs no more than the run's folder."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vael.datasets import Dataset, load, names
from vael.errors import InputError, RunError
from vael.estimators.base import LatentEstimator
from vael.training import RunFolder
from vael.training.files import read_json, write_bytes, write_json

__all__ = ["RunData", "read", "record"]

FACTS, ARRAYS = "data.json", "latents.npz"
_OPTIONAL = ("labels", "labels_test", "latents_test")
_TUPLES = ("asked_image_shape", "image_shape", "feature_names")


@dataclass(frozen=True, eq=False, repr=False)
class RunData:
    """The data of a run: where they are, how they were split, their labels and latent means.

    Attributes:
        source: Name or path, as it was given.
        path: The absolute path; None for a data set with a name.
        label: Column, key or file of the labels, as given to `vael.datasets.load`.
        asked_image_shape: Image shape as given to `vael.datasets.load`.
        name: Name of the data set.
        licence: Its licence.
        image_shape: (H, W) or (H, W, C) where rows are images.
        feature_names: One for each feature.
        sha256: `Dataset.sha256()`: of rows and labels.
        sha256_test: The same of the test rows; None where there are none.
        rows: Row numbers of the data set that the arrays below belong to, (n,).
        validation_rows: Those of them that were held out for early stopping.
        labels: (n,), or None.
        labels_test: (n_test,), or None.
        latents: Posterior means, (n, latent).
        latents_test: Posterior means of the test rows, (n_test, latent), or None.
    """

    source: str
    path: str | None
    label: str | None
    asked_image_shape: tuple[int, ...] | None
    name: str
    licence: str
    image_shape: tuple[int, ...] | None
    feature_names: tuple[str, ...]
    sha256: str
    sha256_test: str | None
    rows: np.ndarray
    validation_rows: np.ndarray
    labels: np.ndarray | None
    labels_test: np.ndarray | None
    latents: np.ndarray
    latents_test: np.ndarray | None

    @property
    def train_rows(self) -> np.ndarray:
        """Row numbers that were trained on, in order."""
        return np.setdiff1d(self.rows, self.validation_rows, assume_unique=True)

    def dataset(self, override: str | Path | None = None) -> Dataset:
        """Load the data again, from `override` where they moved, and check that they are the same.

        Raises `InputError` where they are not there, cannot be read, or are not what the run was fitted to.
        """
        place = self._place() if override is None else override
        found = load(place, label=self.label, image_shape=self.asked_image_shape)
        if found.sha256() != self.sha256 or _test_digest(found) != self.sha256_test:
            what = "have changed since the run was fitted" if override is None else "are not the run's"
            raise InputError(
                f"the data at {place} {what} (their SHA-256 differ): give the data as they were, "
                "dataset(path) in Python or --data PATH, or fit anew"
            )
        return found

    def _place(self) -> str | Path:
        if self.path is None or Path(self.path).exists():
            return self.source if self.path is None else Path(self.path)
        if Path(self.source).exists():  # the folder that both stand in was moved
            return Path(self.source)
        raise InputError(
            f"the run's data are no longer at {self.path}: say where they are, "
            "dataset(path) in Python or --data PATH"
        )

    def __repr__(self) -> str:
        rows, latents = self.latents.shape
        tests = 0 if self.latents_test is None else len(self.latents_test)
        return f"RunData({self.source!r}, {rows} rows, {tests} test rows, {latents} latents)"


def record(
    folder: str | Path,
    estimator: LatentEstimator,
    dataset: Dataset,
    source: str | Path,
    *,
    label: str | None = None,
    image_shape: tuple[int, ...] | None = None,
) -> RunData:
    """Keep what a run's followers need of its data, in ``data.json`` and ``latents.npz``.

    Arguments:
        folder: The run's folder.
        estimator: Just fitted to all rows of `dataset.X`.
        dataset: The data.
        source: What `vael.datasets.load` made them from.
        label: What it was given as `label`.
        image_shape: What it was given as `image_shape`.
    """
    held = getattr(estimator, "validation_rows_", None)
    if held is None:
        raise InputError(
            "the estimator was not fitted here, so its split is not known: record right after fit"
        )
    data = RunData(
        source=str(source),
        path=None if _is_name(source) else str(Path(source).expanduser().resolve()),
        label=_label_place(source, label),
        asked_image_shape=image_shape,
        name=dataset.name,
        licence=dataset.licence,
        image_shape=dataset.image_shape,
        feature_names=dataset.feature_names,
        sha256=dataset.sha256(),
        sha256_test=_test_digest(dataset),
        rows=np.arange(len(dataset.X)),
        validation_rows=np.asarray(held, dtype=np.int64),
        labels=dataset.y,
        labels_test=dataset.y_test,
        latents=np.asarray(estimator.transform(dataset.X)),
        latents_test=None if dataset.X_test is None else np.asarray(estimator.transform(dataset.X_test)),
    )
    _write(Path(folder), data)
    return data


def read(folder: str | Path) -> RunData:
    """Read what `record` wrote; runs nothing of the folder's.

    Raises `RunError` where the folder keeps no data, is of another format version, or its files are damaged.
    """
    folder = Path(folder)
    if RunFolder(folder).config.exists():
        RunFolder(folder).read_config()
    if not (folder / FACTS).exists():
        raise RunError(
            f"{folder} keeps nothing of its data: end its fit by vael fit SOURCE --out {folder} --resume, "
            "or after a fit in Python call vael.estimators.run_data.record"
        )
    facts: dict[str, Any] = read_json(folder / FACTS)
    arrays: dict[str, Any] = dict.fromkeys(_OPTIONAL) | _read_arrays(folder / ARRAYS)
    try:
        facts |= {name: _tuple(facts[name]) for name in _TUPLES}
        data = RunData(**facts, **arrays)
    except (KeyError, TypeError) as error:
        raise RunError(f"{folder / FACTS} is damaged or of another version: {error}") from error
    if len(data.latents) != len(data.rows):
        raise RunError(f"{folder / ARRAYS} is damaged: {len(data.latents)} latents of {len(data.rows)} rows")
    return data


def _write(folder: Path, data: RunData) -> None:
    arrays = {name: value for name, value in vars(data).items() if isinstance(value, np.ndarray)}
    facts = {k: v for k, v in vars(data).items() if k not in arrays and k not in _OPTIONAL}
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **arrays)
    write_bytes(folder / ARRAYS, content.getvalue())
    write_json(folder / FACTS, facts)  # last: where it is, the arrays are


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        raise RunError(f"cannot read {path}: {error}") from error


def _is_name(source: str | Path) -> bool:
    return isinstance(source, str) and source.lower().replace("_", "-") in names()


def _label_place(source: str | Path, label: str | None) -> str | None:
    """A label as it is understood from any folder: the path of a file of labels made absolute."""
    tabular = Path(source).suffix.lower() in (".csv", ".tsv", ".parquet", ".npz")
    if label is None or tabular or not Path(label).expanduser().is_file():
        return label
    return str(Path(label).expanduser().resolve())


def _test_digest(dataset: Dataset) -> str | None:
    if dataset.X_test is None:
        return None
    return Dataset(dataset.X_test, dataset.y_test, feature_names=dataset.feature_names).sha256()


def _tuple(value: Any) -> tuple[Any, ...] | None:
    return None if value is None else tuple(value)
