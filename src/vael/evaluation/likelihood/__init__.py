"""How likely a model makes rows: estimators of ln p(x), and how far to trust them."""

from __future__ import annotations

__all__: list[str] = []
