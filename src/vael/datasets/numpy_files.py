"""NumPy's own files, .npy and .npz, read without pickle: a stranger's file executes nothing."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from vael.datasets.arrays import dataset_from_arrays
from vael.datasets.dataset import Dataset
from vael.datasets.labels import read_labels
from vael.errors import InputError

__all__ = ["read_npy", "read_npz"]

# Keys, lower case, by which the parts are known: ours, Keras's mnist.npz, scikit-learn's Bunch.
_KEYS = {
    "X": ("x", "x_train", "train_images", "images", "data"),
    "y": ("y", "y_train", "train_labels", "labels", "target"),
    "X_test": ("x_test", "test_images"),
    "y_test": ("y_test", "test_labels"),
}
_DAMAGE = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, zipfile.BadZipFile)


def read_npy(path: Path, *, label: str | None = None, image_shape: tuple[int, ...] | None = None) -> Dataset:
    """Read one array; ``label`` is the path of a file of labels (.npy, IDX or text).

    Shape (rows, features), (rows, H, W) or (rows, H, W, C). Raises ``InputError`` for a file that
    is damaged or holds Python objects, and for what ``check_array`` refuses.
    """
    try:
        with path.open("rb") as file:
            X = np.lib.format.read_array(file, allow_pickle=False)
    except _DAMAGE as error:
        raise InputError(_damaged(path, error)) from error
    y = None if label is None else read_labels(path, label)
    return dataset_from_arrays(X, y, name=path.stem, source=str(path), image_shape=image_shape)


def read_npz(path: Path, *, label: str | None = None, image_shape: tuple[int, ...] | None = None) -> Dataset:
    """Read an archive with keys X, y, X_test, y_test, or of a single array.

    Other names in use (x_train, images, data, target, ...) are known too; ``label`` names the
    key of the labels. Raises ``InputError`` as ``read_npy`` does, and when no key fits.
    """
    if not zipfile.is_zipfile(path):
        raise InputError(f"{path} is truncated or no .npz file; write or fetch it again")
    try:
        # Opened here, because np.load leaves a damaged file open.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            keys = _choose(path, archive.files, label)
            parts = {part: archive[key] for part, key in keys.items()}
    except InputError:
        raise
    except _DAMAGE as error:
        raise InputError(_damaged(path, error)) from error
    return dataset_from_arrays(**parts, name=path.stem, source=str(path), image_shape=image_shape)


def _choose(path: Path, files: list[str], label: str | None) -> Mapping[str, str]:
    if label is not None and label not in files:
        raise InputError(f"{path} has no array {label!r} for labels; it has {', '.join(files)}")
    lower = {key.lower(): key for key in files}
    chosen: dict[str, str] = {}
    for part, names in _KEYS.items():
        found = [lower[name] for name in names if name in lower and lower[name] != label]
        if len(found) > 1:
            raise InputError(f"{path}: several arrays could be {part}: {', '.join(found)}")
        if found:
            chosen[part] = found[0]
    if label is not None:
        chosen["y"] = label
    others = [key for key in files if key != label]
    if "X" not in chosen and len(others) == 1:
        chosen["X"] = others[0]
    if "X" not in chosen:
        raise InputError(
            f"{path} has the arrays {', '.join(files) or 'none'}: call the data X "
            "(and, if there are, the labels y, test rows X_test and y_test)"
        )
    return chosen


def _damaged(path: Path, error: Exception) -> str:
    if "allow_pickle" in str(error):
        return (
            f"{path} holds Python objects, which are not read because they could run code: "
            "save the data as an array of numbers"
        )
    return f"{path} is truncated, damaged or no NumPy file ({error}); write or fetch it again"
