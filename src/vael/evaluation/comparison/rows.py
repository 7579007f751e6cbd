"""Rows at the door of a comparison: in an order of their own, and made 0 or 1 by coins that all share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from vael.errors import InputError
from vael.evaluation.comparison.contestants import Contestant
from vael.models.binarising import binarise_by_content

__all__ = ["binarised", "own_order", "top_of"]


def own_order(X: np.ndarray, y: np.ndarray | None) -> np.ndarray:
    """Order rows by their content, so that nothing depends on how they were given; ``(n,)`` row numbers."""
    keys = [row.tobytes() for row in np.ascontiguousarray(X)]
    if y is not None:
        keys = [key + str(label).encode() for key, label in zip(keys, y, strict=True)]
    return np.array(sorted(range(len(keys)), key=keys.__getitem__))


def top_of(X: np.ndarray, models: Sequence[Contestant]) -> float | None:
    """Value that the binary laws among the models call 1; None where there are none.

    Raises `InputError` where they do not agree, or X holds values below 0 or above.
    """
    binary = [model for model in models if model.law == "binary"]
    if not binary:
        return None
    tops = sorted({model.top for model in binary if model.top is not None})
    if len(tops) > 1:
        raise InputError(
            f"one model calls {tops[0]:g} white and another {tops[1]:g}: compare models of the same scale"
        )
    usual = 255.0 if X.dtype == np.uint8 and X.max() > 1 else 1.0
    top = tops[0] if tops else usual
    if X.min() < 0 or X.max() > top:
        wrong = float(X.min()) if X.min() < 0 else float(X.max())
        raise InputError(
            f"X_test holds {wrong:g}, but a model among these is of values from 0 to {top:g}: scale X_test"
        )
    return top


def binarised(X: np.ndarray, top: float, seed: int) -> np.ndarray:
    """Make each value v 0 or `top` by a coin that is `top` with chance v / `top`; shape and dtype stay.

    The coins follow from a row's content and the seed, not from its place.
    """
    unit = torch.from_numpy((X.reshape(len(X), -1) / top).astype(np.float32))
    coins = binarise_by_content(unit, seed).numpy().reshape(X.shape)
    return coins.astype(bool) if X.dtype == bool else (coins * top).astype(X.dtype)
