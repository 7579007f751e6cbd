"""Rows of the data, as the page shows them."""

from __future__ import annotations

from vael.studio.asked import Asked
from vael.studio.columns import Reply
from vael.studio.loaded import Loaded

__all__ = ["answer"]

MOST = 1024


def answer(loaded: Loaded, asked: Asked) -> Reply:
    """Return `rows`, row numbers, as `rows` (n, features)."""
    numbers = asked.indices("rows", len(loaded.latents), MOST)
    return Reply(arrays={"rows": loaded.seen(loaded.rows[numbers])})
