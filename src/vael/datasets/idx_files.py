"""Data sets from IDX files: one file, or a folder of the four that MNIST and its kin have."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vael.datasets.arrays import dataset_from_arrays
from vael.datasets.dataset import Dataset
from vael.datasets.idx import labels_beside, read_idx
from vael.datasets.labels import read_labels
from vael.errors import InputError

__all__ = ["is_idx_folder", "read_idx_file", "read_idx_folder"]


def read_idx_file(
    path: Path, *, label: str | None = None, image_shape: tuple[int, ...] | None = None
) -> Dataset:
    """Read one IDX file; labels from ``label``, a path, or else by MNIST's naming.

    Raises ``InputError`` as ``read_idx`` and ``check_array`` do.
    """
    if label is not None:
        y = read_labels(path, label)
    else:
        beside = labels_beside(path)
        y = None if beside is None else read_idx(beside)
    name = path.name.split(".")[0]
    X = read_idx(path)
    return dataset_from_arrays(X, y, name=name, source=str(path), image_shape=image_shape)


def read_idx_folder(
    folder: Path, *, label: str | None = None, image_shape: tuple[int, ...] | None = None
) -> Dataset:
    """Read a folder with train-images-idx3-ubyte and its three companions, gzipped or not.

    The labels and the test part (t10k-...) may be missing. Raises ``InputError``.
    """
    if label is not None:
        raise InputError(f"{folder} has its labels in a file of its own: leave label out")
    train, test = _images(folder, "train"), _images(folder, "t10k")
    if train is None:
        raise InputError(f"{folder} has no train-images-idx3-ubyte")
    return dataset_from_arrays(
        read_idx(train),
        _labels(train),
        None if test is None else read_idx(test),
        None if test is None else _labels(test),
        name=folder.resolve().name,
        source=str(folder),
        image_shape=image_shape,
    )


def is_idx_folder(folder: Path) -> bool:
    """Whether a folder holds training images under MNIST's name."""
    return _images(folder, "train") is not None


def _images(folder: Path, part: str) -> Path | None:
    found = sorted(folder.glob(f"{part}-images?idx*"))
    return found[0] if found else None


def _labels(images: Path) -> np.ndarray | None:
    beside = labels_beside(images)
    return None if beside is None else read_idx(beside)
