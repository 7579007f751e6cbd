"""Numbers as JSON takes them."""

from __future__ import annotations

import math

__all__ = ["finite"]


def finite(value: float | None) -> float | None:
    """Return a number, or None where it is not finite: JSON has no infinity."""
    return value if value is not None and math.isfinite(value) else None
