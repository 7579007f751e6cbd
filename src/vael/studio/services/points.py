"""All rows as points of the latent space, in one body."""

from __future__ import annotations

from typing import Any

import numpy as np

from vael.datasets.classes import Classes
from vael.studio.asked import Asked
from vael.studio.columns import Reply
from vael.studio.loaded import Loaded

__all__ = ["answer"]


def answer(loaded: Loaded, asked: Asked) -> Reply:
    """Return every row's latents, part and label.

    Arrays:
        latents: (rows, coordinates), float32.
        parts: (rows,), uint8; see `vael.studio.loaded.TRAIN`.
        labels: (rows,), uint8 codes of `label_names`, or float32 where labels are numbers; may be missing.
    """
    arrays: dict[str, np.ndarray] = {"latents": loaded.latents, "parts": loaded.parts}
    facts: dict[str, Any] = {"rows": len(loaded.latents), "label_names": None}
    labels = loaded.labels
    if isinstance(labels, Classes):
        arrays["labels"] = labels.codes.astype(np.uint8)
        facts["label_names"] = list(labels.names)
    elif labels is not None:
        arrays["labels"] = labels.values.astype(np.float32)
    return Reply(facts, arrays)
