"""A file that was dropped on the page, brought to a row of the run's data and encoded."""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Generator

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from vael.errors import InputError
from vael.studio.columns import Reply
from vael.studio.loaded import Loaded
from vael.studio.services.encoding import encoded

__all__ = ["answer_file", "read_row"]

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP")
MOST_PIXELS = 2**24
SMALL = 64  # sides up to which a picture is taken for a drawn sign, cropped and centred
MARGIN = 0.14  # of the side, left free round a drawn sign, as MNIST's digits have it
EMPTY = 0.06  # of black to white: what is less is background


def answer_file(loaded: Loaded, content: bytes, name: str) -> Generator[float, None, Reply]:
    """Encode the row that a file holds; see `read_row` and `vael.studio.services.encoding.encoded`."""
    yield 0.0
    return (yield from encoded(loaded, read_row(loaded, content, name)))


def read_row(loaded: Loaded, content: bytes, name: str) -> np.ndarray:
    """Bring a file's content to one row (features,) in the data's units. Nothing in it is run.

    Raises `InputError` for a file that is none of these, or does not fit the run's data.

    Arguments:
        loaded: The run.
        content: A picture (PNG, JPEG, BMP, GIF, WebP), an array (.npy), or a line of numbers, with a line of
            names above it or not.
        name: Its name, which is told in errors alone: the content says what it is.
    """
    if not content:
        raise InputError(f"{name or 'the file'} is empty")
    if content[:6] == b"\x93NUMPY":
        row = _from_array(loaded, content, name)
    else:
        text = _as_text(content)
        row = _from_picture(loaded, content, name) if text is None else _from_text(loaded, text, name)
    if not np.isfinite(row).all():
        raise InputError(f"{name} holds values that are not finite")
    return row


def _from_array(loaded: Loaded, content: bytes, name: str) -> np.ndarray:
    try:
        array = np.load(io.BytesIO(content), allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise InputError(f"{name} cannot be read as an array: {error}") from error
    if array.dtype.kind not in "biuf":
        raise InputError(f"{name} holds {array.dtype}, not numbers")
    return _fitted(loaded, array.reshape(-1), name)


def _from_text(loaded: Loaded, text: str, name: str) -> np.ndarray:
    rows = [row for row in csv.reader(io.StringIO(text)) if row]
    names = loaded.run_data.feature_names
    if len(rows) > 1 and not _all_numbers(rows[0]):
        head, line = [cell.strip() for cell in rows[0]], rows[1]
        if set(names) <= set(head) and len(line) == len(head):
            line = [line[head.index(each)] for each in names]
    else:
        line = rows[0] if rows else []
    if not _all_numbers(line):
        bad = next((cell for cell in line if not _all_numbers([cell])), "")
        raise InputError(f"{name or 'the text'} holds {bad[:40]!r} where a number must be")
    return _fitted(loaded, np.array([float(cell) for cell in line]), name)


def _fitted(loaded: Loaded, row: np.ndarray, name: str) -> np.ndarray:
    features = loaded.rows.shape[1]
    if row.size != features:
        raise InputError(f"{name or 'the text'} has {row.size} numbers, and a row of this run has {features}")
    return row.astype(np.float32) if loaded.rows.dtype.kind == "f" else row.astype(np.float64)


def _from_picture(loaded: Loaded, content: bytes, name: str) -> np.ndarray:
    if loaded.image_shape is None:
        raise InputError(f"{name} is no row of numbers, and this run's rows are no images")
    height, width = loaded.image_shape[:2]
    colour = len(loaded.image_shape) == 3 and loaded.image_shape[2] == 3
    picture = _opened(content, name)
    if colour or max(height, width) > SMALL:
        fitted = ImageOps.fit(picture.convert("RGB" if colour else "L"), (width, height))
        shades = np.asarray(fitted, np.float64) / 255
    else:
        shades = _sign(picture, height, width)
    low, high = loaded.value_range
    row = (low + shades * (high - low)).reshape(-1)
    return row.astype(np.float32) if loaded.rows.dtype.kind == "f" else np.rint(row)


def _opened(content: bytes, name: str) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(content), formats=FORMATS)
            if picture.width * picture.height > MOST_PIXELS:
                raise InputError(f"{name} has {picture.width} x {picture.height} pixels: give a smaller one")
            turned = ImageOps.exif_transpose(picture)
            turned.load()
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"{name or 'the file'} is no picture ({', '.join(FORMATS)}), no array (.npy), no row of numbers"
        ) from error
    except Image.DecompressionBombWarning as error:
        raise InputError(f"{name} unpacks to too many pixels: give a smaller picture") from error
    if "A" in turned.getbands():  # what is transparent is paper
        paper = Image.new("RGBA", turned.size, (255, 255, 255, 255))
        return Image.alpha_composite(paper, turned.convert("RGBA")).convert("RGB")
    return turned


def _sign(picture: Image.Image, height: int, width: int) -> np.ndarray:
    """A drawn sign as bright on dark, cropped, fitted and centred by its mass: shades (height, width)."""
    shades = np.asarray(picture.convert("L"), np.float64) / 255
    if shades.shape == (height, width) and np.median(shades) < 0.5:
        return shades  # already as the data are
    border = np.concatenate([shades[0], shades[-1], shades[:, 0], shades[:, -1]])
    if np.median(border) > 0.5:
        shades = 1 - shades
    shades = np.clip(shades - np.median(border if np.median(border) <= 0.5 else 1 - border), 0, 1)
    if shades.max() <= EMPTY:
        raise InputError("the picture is empty: nothing on it stands out from its background")
    shades = shades / shades.max()
    inked = shades > EMPTY
    top, bottom = np.flatnonzero(inked.any(1))[[0, -1]]
    left, right = np.flatnonzero(inked.any(0))[[0, -1]]
    sign = Image.fromarray(np.rint(255 * shades[top : bottom + 1, left : right + 1]).astype(np.uint8))
    room = (1 - 2 * MARGIN) * min(height, width)
    scale = room / max(sign.size)
    size = (max(1, round(sign.width * scale)), max(1, round(sign.height * scale)))
    small = np.asarray(sign.resize(size, Image.Resampling.LANCZOS), np.float64) / 255
    return _centred(small, height, width)


def _centred(small: np.ndarray, height: int, width: int) -> np.ndarray:
    """Put a small picture on a dark one, its centre of mass in the middle as far as it fits."""
    rows, columns = small.shape
    mass = small.sum()
    y, x = (small.sum(1 - axis) @ np.arange(small.shape[axis]) / mass for axis in (0, 1))
    top = int(np.clip(round((height - 1) / 2 - y), 0, height - rows))
    left = int(np.clip(round((width - 1) / 2 - x), 0, width - columns))
    whole = np.zeros((height, width))
    whole[top : top + rows, left : left + columns] = small
    return whole


def _as_text(content: bytes) -> str | None:
    """The content as text of numbers, or None where it is something else."""
    if b"\0" in content[:1024]:
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return text if any(c.isdigit() for c in text) else None


def _all_numbers(cells: list[str]) -> bool:
    try:
        return bool(cells) and all(float(cell) == float(cell) for cell in cells)
    except ValueError:
        return False
