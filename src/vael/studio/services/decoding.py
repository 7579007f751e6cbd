"""Decode points that a page made: strips, grids, traversals."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from vael.studio.asked import Asked
from vael.studio.columns import Reply
from vael.studio.loaded import Loaded

__all__ = ["answer"]

MOST, PIECE = 1024, 128


def answer(loaded: Loaded, asked: Asked) -> Generator[float, None, Reply]:
    """Decode `z`, a list of points, to `rows` (n, features), as the page shows them."""
    Z = asked.matrix("z", loaded.coordinates, MOST)
    parts: list[np.ndarray] = []
    for start in range(0, len(Z), PIECE):
        parts.append(loaded.decoded(Z[start : start + PIECE]))
        yield min(1.0, (start + PIECE) / len(Z))
    return Reply(arrays={"rows": np.concatenate(parts)})
