"""Whether each latent stands for one factor that made the data."""

from __future__ import annotations

__all__: list[str] = []
