"""Labels of greatest total score among those with given class sizes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from vael.errors import InputError

__all__ = ["labels_with_class_sizes"]


def labels_with_class_sizes(
    scores: Float[np.ndarray, "n classes"], fractions: Sequence[float] | np.ndarray
) -> Int[np.ndarray, " n"]:
    """Label rows so that class c gets about n * fractions[c] of them, at the greatest total score.

    This is optimal transport from rows to classes. Its dual is one price a class, and row i takes
    argmax_c(scores[i, c] + price[c]). The prices are found by Sinkhorn's iteration at temperatures
    that fall to a thousandth of the scores' spread; the sizes are met to about that accuracy.

    It assumes that the fractions are known, and looks at no label. Wrong fractions mislabel at
    least half of their summed absolute error: equal ones on MNIST's 70000 digits, 1.9 %.

    Source: the volume constraint of Jacobs, Merkurjev & Esedoglu (auction dynamics, 2018), which
    PoissonMBO (arXiv 2006.11184) has too; solved as in Cuturi (arXiv 1306.0895).
    """
    share = np.asarray(fractions, dtype=np.float64)
    if share.shape != scores.shape[1:] or not (share > 0).all() or abs(share.sum() - 1) > 1e-6:
        raise InputError(
            f"class_fractions must be {scores.shape[1]} positive numbers, one a class, "
            f"that sum to 1; got {share.tolist()}"
        )
    spread = float(scores.std())
    price = np.zeros(len(share))
    for temperature in spread * np.geomspace(1.0, 1e-3, 7) if spread > 0 else ():
        for _ in range(60):
            logits = (scores + price) / temperature
            weight = np.exp(logits - logits.max(axis=1, keepdims=True))
            taken = (weight / weight.sum(axis=1, keepdims=True)).mean(axis=0)
            change = temperature * np.log(share / np.maximum(taken, 1e-300))
            price += change
            if np.abs(change).max() < 1e-4 * temperature:
                break
    return (scores + price).argmax(axis=1)
