"""Which values of images are black and white."""

from __future__ import annotations

import numpy as np

__all__ = ["value_range"]

# Tops of the scales that images come in: fractions, scikit-learn's digits, bytes, 16 bits.
_TOPS = (1.0, 16.0, 255.0, 65535.0)


def value_range(X: np.ndarray) -> tuple[float, float]:
    """Tell which values are black and white, fixed by the scale of ``X`` and not by its extremes.

    White is the first of 1, 16, 255, 65535 that covers ``X`` (all but its topmost half percent,
    and within a quarter, since a decoder may overshoot); black is 0, or minus white where ``X``
    is signed. Pictures of one data set so share one range, and a dim image looks dim.
    """
    if X.dtype == bool:
        return 0.0, 1.0
    most, low = float(np.quantile(X, 0.995)), float(np.quantile(X, 0.005))
    signed = -low > 0.5 * most
    reach = max(most, -low) if signed else most
    top = next((t for t in _TOPS if reach <= 1.25 * t), reach)
    return (-top if signed else 0.0), top
