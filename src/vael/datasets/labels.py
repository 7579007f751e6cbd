"""Labels in a file of their own, beside an array or a file of images."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vael.datasets.idx import is_idx, read_idx
from vael.errors import InputError

__all__ = ["labels_from_text", "read_labels"]


def read_labels(data: Path, label: str) -> np.ndarray:
    """Read labels from .npy, IDX, or text with one label a line.

    A relative path is tried beside ``data`` too. Raises ``InputError`` for a missing file or
    one that cannot be read.
    """
    path = Path(label).expanduser()
    if not path.is_file() and (data.parent / path).is_file():
        path = data.parent / path
    if not path.is_file():
        raise InputError(f"no file of labels at {label}: for {data.name}, label is a path")
    if is_idx(path):
        return read_idx(path)
    if path.suffix == ".npy":
        try:
            with path.open("rb") as file:
                return np.lib.format.read_array(file, allow_pickle=False)
        except (OSError, EOFError, ValueError) as error:
            raise InputError(f"{path} is truncated or no .npy file ({error})") from error
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is neither .npy, IDX nor text with one label a line") from error
    return labels_from_text(lines)


def labels_from_text(cells: list[str]) -> np.ndarray:
    """Whole numbers as int64 where every cell is one (written plainly), otherwise strings."""
    stripped = [cell.strip() for cell in cells]
    try:
        numbers = [int(cell) for cell in stripped]
    except ValueError:
        return np.array(stripped, dtype=str)
    plain = all(str(number) == cell for number, cell in zip(numbers, stripped))
    return np.array(numbers, dtype=np.int64) if plain else np.array(stripped, dtype=str)
