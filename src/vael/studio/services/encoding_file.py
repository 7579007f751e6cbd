"""A file that was dropped on the page, brought to a row of the run's data and encoded."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Generator

import numpy as np
from numpy.lib import format as npy

from vael.errors import InputError
from vael.studio.columns import Reply
from vael.studio.loaded import Loaded
from vael.studio.pictures import row_of_picture
from vael.studio.services.encoding import encoded

__all__ = ["answer_file", "read_row"]

LONGEST_NAME = 60


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
    name = _told(name)
    if not content:
        raise InputError(f"{name} is empty")
    if content[:6] == b"\x93NUMPY":
        row = _from_array(loaded, content, name)
    else:
        text = _as_text(content)
        row = row_of_picture(loaded, content, name) if text is None else _from_text(loaded, text, name)
    if not np.isfinite(row).all():
        raise InputError(f"{name} holds values that are not finite")
    return row


def _told(name: str) -> str:
    """A name as an error tells it: on one line, not too long."""
    shown = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    if len(shown) > LONGEST_NAME:
        shown = f"{shown[: LONGEST_NAME - 3]}..."
    return shown or "the file"


def _from_array(loaded: Loaded, content: bytes, name: str) -> np.ndarray:
    file = io.BytesIO(content)
    try:
        # The head first: it may tell of more numbers than there is memory for.
        version = npy.read_magic(file)
        read_head = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = read_head(file)
        if dtype.hasobject or dtype.kind not in "biuf":
            raise InputError(f"{name} holds {dtype}, not numbers")
        _check_size(loaded, math.prod(shape), name)
        array = np.load(io.BytesIO(content), allow_pickle=False)
    except InputError:
        raise
    except Exception as error:  # a broken head makes NumPy's reader raise nearly anything
        raise InputError(f"{name} cannot be read as an array (.npy): save it again by numpy.save") from error
    return _as_given(loaded, array.reshape(-1))


def _from_text(loaded: Loaded, text: str, name: str) -> np.ndarray:
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except csv.Error as error:
        raise InputError(f"{name} cannot be read as a row of numbers: {error}") from error
    if len(rows) == 1 and len(rows[0]) == 1:  # between blanks, tabs or semicolons
        rows = [rows[0][0].replace(";", " ").split()]
    names = loaded.run_data.feature_names
    if len(rows) > 1 and not _all_numbers(rows[0]):
        head, line, others = [cell.strip() for cell in rows[0]], rows[1], len(rows) - 2
        if set(names) <= set(head) and len(line) == len(head):
            line = [line[head.index(each)] for each in names]
    else:
        line, others = rows[0] if rows else [], len(rows) - 1
    if others > 0:
        raise InputError(f"{name} has {others + 1} rows: give one")
    if not _all_numbers(line):
        bad = next((cell for cell in line if not _all_numbers([cell])), "")
        raise InputError(f"{name} holds {bad[:40]!r} where a number must be")
    _check_size(loaded, len(line), name)
    return _as_given(loaded, np.array([float(cell) for cell in line]))


def _check_size(loaded: Loaded, size: int, name: str) -> None:
    features = loaded.rows.shape[1]
    if size != features:
        raise InputError(f"{name} has {size} numbers, and a row of this run has {features}")


def _as_given(loaded: Loaded, row: np.ndarray) -> np.ndarray:
    """Numbers in the precision of the run's rows."""
    return row.astype(np.float32 if loaded.rows.dtype == np.float32 else np.float64)


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
