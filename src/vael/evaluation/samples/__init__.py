"""How good a model's samples are, beside held-out rows of the same number."""

from __future__ import annotations

__all__: list[str] = []
