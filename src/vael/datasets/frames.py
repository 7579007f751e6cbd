"""Frames of numbers (pandas, polars, pyarrow and their kin) to arrays, through narwhals."""

from __future__ import annotations

from typing import Any

import numpy as np

from vael.errors import InputError

__all__ = ["as_frame", "frame_values"]


def as_frame(data: Any) -> Any | None:
    """Wrap ``data`` as a narwhals frame, or None where it is no frame; nothing is copied."""
    if isinstance(data, np.ndarray | list | tuple) or not hasattr(type(data), "columns"):
        return None
    import narwhals as nw

    frame = nw.from_native(data, eager_only=True, pass_through=True)
    return frame if isinstance(frame, nw.DataFrame) else None


def frame_values(frame: Any, *, name: str = "X") -> np.ndarray:
    """Values of a narwhals frame as one (rows, columns) array of the columns' common dtype.

    Missing cells become NaN. Raises ``InputError`` for a column that holds no numbers.
    """
    for column, dtype in frame.schema.items():
        # A column of Python objects may still hold numbers: its cells are looked at later.
        if not (dtype.is_numeric() or dtype in _also_numbers()):
            raise InputError(
                f"{name}: column {column!r} holds {dtype}, not numbers: drop it, encode it as "
                "numbers, or name it as the label"
            )
    return frame.to_numpy()


def _also_numbers() -> tuple[Any, ...]:
    import narwhals as nw

    return (nw.Boolean(), nw.Object(), nw.Unknown())
