"""Folders of images, through Pillow: one folder a label, or flat."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from vael.datasets.arrays import dataset_from_arrays
from vael.datasets.dataset import Dataset
from vael.datasets.labels import labels_from_text
from vael.errors import InputError

__all__ = ["is_image_folder", "read_images"]

_SUFFIXES = frozenset((".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm"))
_GREY = frozenset(("1", "L", "LA"))
_ORIENTATION = 0x0112  # the EXIF tag; 5 to 8 swap height and width
_DEEP = {"I;16": "uint16", "I;16B": "uint16", "I;16L": "uint16", "I": "int32", "F": "float32"}


def is_image_folder(folder: Path) -> bool:
    """Whether a folder, or a folder in it, holds an image."""
    return any(_images(folder)) or any(_images(inner) for inner in _folders(folder))


def read_images(
    folder: Path, *, label: str | None = None, image_shape: tuple[int, ...] | None = None
) -> Dataset:
    """Read a folder of images, in the order of their labels and names.

    Folders inside give the labels (whole numbers where all are). Grey images give (H, W), colour
    (H, W, 3), a mixture colour; bytes stay bytes, 16-bit greys uint16. Hidden files and files
    that are no images are passed over.

    Raises ``InputError``: no images, images beside folders of images, two sizes (both files and
    sizes are named), a truncated file, transparency, several frames.
    """
    if label is not None:
        raise InputError(f"{folder}: a folder of images has its labels in its folders' names")
    files, labels = _list(folder)
    heads = [_head(file) for file in files]
    X = np.empty((len(files), *_common_shape(files, heads)), dtype=heads[0][1])
    for row, file in enumerate(files):
        pixels = _pixels(file, colour=X.ndim == 4)
        if pixels.shape != X.shape[1:]:
            raise InputError(f"{file} is damaged: its head says {X.shape[1:]}, its pixels are {pixels.shape}")
        X[row] = pixels
    return dataset_from_arrays(
        X,
        None if labels is None else labels_from_text(labels),
        name=folder.resolve().name,
        source=str(folder),
        image_shape=image_shape,
    )


def _list(folder: Path) -> tuple[list[Path], list[str] | None]:
    flat = _images(folder)
    inner = {sub.name: _images(sub) for sub in _folders(folder)}
    inner = {name: files for name, files in inner.items() if files}
    if flat and inner:
        raise InputError(
            f"{folder} holds images ({flat[0].name}) and folders of images ({next(iter(inner))}): "
            "give one folder for each label, or no folders"
        )
    if not flat and not inner:
        raise InputError(f"{folder} holds no images ({', '.join(sorted(_SUFFIXES))})")
    if flat:
        return flat, None
    labels = [name for name, files in inner.items() for _ in files]
    return [file for files in inner.values() for file in files], labels


def _images(folder: Path) -> list[Path]:
    return sorted(
        file
        for file in folder.iterdir()
        if file.suffix.lower() in _SUFFIXES and not file.name.startswith(".") and file.is_file()
    )


def _folders(folder: Path) -> list[Path]:
    return sorted(sub for sub in folder.iterdir() if sub.is_dir() and not sub.name.startswith("."))


def _head(file: Path) -> tuple[tuple[int, int], str, bool]:
    """Size (height, width), dtype and whether in colour, from the file's head alone."""
    with _reading(file) as image:
        if getattr(image, "n_frames", 1) > 1:
            raise InputError(f"{file} has several frames: save each as an image of its own")
        width, height = image.size
        # Without "exif" in the head, asking for it would decode the pixels.
        if "exif" in image.info and image.getexif().get(_ORIENTATION, 1) >= 5:
            width, height = height, width  # the camera lay on its side
        return (height, width), _DEEP.get(image.mode, "uint8"), _is_colour(image)


def _common_shape(
    files: Sequence[Path], heads: Sequence[tuple[tuple[int, int], str, bool]]
) -> tuple[int, ...]:
    size, dtype, _ = heads[0]
    for file, (other, other_dtype, _) in zip(files, heads):
        if other != size:
            raise InputError(
                f"images of several sizes: {files[0]} is {size[0]} x {size[1]}, {file} is "
                f"{other[0]} x {other[1]} (height x width): bring them to one size first"
            )
        if other_dtype != dtype:
            raise InputError(
                f"images of several depths: {files[0]} is {dtype}, {file} is {other_dtype}: "
                "bring them to one depth first"
            )
    return (*size, 3) if any(colour for _, _, colour in heads) else size


def _pixels(file: Path, *, colour: bool) -> np.ndarray:
    from PIL import ImageOps

    with _reading(file) as image:
        image.load()
        upright = ImageOps.exif_transpose(image)
        if upright.has_transparency_data:
            alpha = np.asarray(upright.convert("RGBA"))[..., 3]
            if alpha.min() < 255:
                raise InputError(f"{file} is transparent in places: lay it on a background first")
        if upright.mode in _DEEP:
            return np.asarray(upright)
        return np.asarray(upright.convert("RGB" if colour else "L"))


def _is_colour(image: Any) -> bool:
    mode = image.mode
    if mode == "P":
        palette = np.array(image.getpalette("RGB")).reshape(-1, 3)
        return bool((palette != palette[:, :1]).any())
    return mode not in _GREY and mode not in _DEEP


@contextmanager
def _reading(file: Path) -> Generator[Any, None, None]:
    """Open an image; what Pillow says of damage becomes an ``InputError`` that names the file."""
    from PIL import Image

    try:
        with Image.open(file) as image:
            image.verify()  # a PNG's chunks to the last: its pixels alone can be whole where its end is cut
        with Image.open(file) as image:
            yield image
    except InputError:
        raise
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        raise InputError(f"{file} is truncated or no image ({error})") from error
