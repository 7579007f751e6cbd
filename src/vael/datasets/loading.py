"""``load``: a data set by name, or any file or folder by path."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from vael.datasets.dataset import Dataset, pixel_names
from vael.datasets.digits import load_digits
from vael.datasets.fashion_mnist import load_fashion_mnist
from vael.datasets.idx import is_idx
from vael.datasets.idx_files import is_idx_folder, read_idx_file, read_idx_folder
from vael.datasets.images import read_images
from vael.datasets.mnist import load_mnist
from vael.datasets.numpy_files import read_npy, read_npz
from vael.datasets.sprites import load_sprites
from vael.datasets.tables import read_csv, read_parquet
from vael.errors import InputError

__all__ = ["load", "names"]

_BUILT_IN: dict[str, Callable[[], Dataset]] = {
    "mnist": load_mnist,
    "digits": load_digits,
    "fashion-mnist": load_fashion_mnist,
    "sprites": load_sprites,
}
_READERS: dict[str, Callable[..., Dataset]] = {
    ".npy": read_npy,
    ".npz": read_npz,
    ".csv": read_csv,
    ".tsv": read_csv,
    ".parquet": read_parquet,
}


def names() -> tuple[str, ...]:
    """Names of the data sets that ``load`` knows without a path."""
    return tuple(_BUILT_IN)


def load(
    name_or_path: str | Path,
    *,
    label: str | None = None,
    image_shape: Sequence[int] | None = None,
) -> Dataset:
    """Load a data set by name (see ``names``), or from a file or a folder.

    Files: IDX (also gzipped; labels by MNIST's naming are found beside it), ``.npy``, ``.npz``,
    ``.csv``, ``.parquet``. Folders: MNIST's four IDX files, or images (one folder a label, or
    flat). ``label`` is the column of a table, the key of an ``.npz``, or for IDX and ``.npy``
    the path of a file of labels. ``image_shape`` is (H, W) or (H, W, C), for rows that are
    flattened images.

    Raises ``InputError`` for what is not there or cannot be used, ``DownloadError`` for a data
    set that could not be fetched, ``MissingDependencyError`` for Parquet without pyarrow.

    Example: ``load("mnist").X.shape`` is ``(60000, 784)``.
    """
    shape = None if image_shape is None else tuple(int(length) for length in image_shape)
    if isinstance(name_or_path, str):
        name = name_or_path.lower().replace("_", "-")
        if name in _BUILT_IN:
            return _built_in(name, label, shape)
    path = Path(name_or_path).expanduser()
    if not path.exists():
        raise InputError(_not_found(name_or_path))
    return _reader(path)(path, label=label, image_shape=shape)


def _built_in(name: str, label: str | None, image_shape: tuple[int, ...] | None) -> Dataset:
    if label is not None:
        raise InputError(f"{name} has labels of its own: leave label={label!r} out")
    dataset = _BUILT_IN[name]()
    if image_shape is None:
        return dataset
    return replace(dataset, image_shape=image_shape, feature_names=pixel_names(image_shape))


def _reader(path: Path) -> Callable[..., Dataset]:
    if path.is_dir():
        return read_idx_folder if is_idx_folder(path) else read_images
    reader = _READERS.get(path.suffix.lower())
    if reader is not None:
        return reader
    if is_idx(path):
        return read_idx_file
    raise InputError(
        f"{path} is of no kind that can be read: give an IDX file, {', '.join(_READERS)}, "
        "or a folder of images"
    )


def _not_found(name_or_path: str | Path) -> str:
    wanted = str(name_or_path)
    close = difflib.get_close_matches(wanted.lower().replace("_", "-"), names(), n=1)
    if isinstance(name_or_path, Path) or (not close and Path(wanted).suffix):
        return f"no such file or folder: {Path(wanted).expanduser().absolute()}"
    meant = f"; did you mean {close[0]!r}?" if close else ""
    return (
        f"no data set is called {wanted!r}, and no file or folder{meant} "
        f"(known names: {', '.join(names())}; or give a path)"
    )
