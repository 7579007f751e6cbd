"""What a model does with its latents: how much they carry, and whether they fit the prior."""

from __future__ import annotations

__all__: list[str] = []
