"""What some rows have in common."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np

from vael.datasets.classes import Classes
from vael.errors import InputError
from vael.estimators import VAE
from vael.studio.asked import Asked
from vael.studio.columns import Reply
from vael.studio.loaded import TEST, TRAIN, VALIDATION, Loaded
from vael.studio.terms import terms

__all__ = ["answer"]

MOST_SCORED = 2_000
PIECE = 2_000
QUANTILES = (0.05, 0.5, 0.95)


def answer(loaded: Loaded, asked: Asked) -> Generator[float, None, Reply]:
    """Describe `rows`, row numbers.

    Arrays:
        mean_latent: (coordinates,), float32, the mean of their latents; on curved spaces the nearest point.
        mean_row: (1, features), what is decoded there.
        row_mean: (1, features), the mean of the rows themselves.

    Facts:
        n: How many.
        parts: How many of training, validation and test.
        labels: List of {label, count}, the commonest first; null where there are none.
        terms: For elbo, log_likelihood and kl: mean, and 5 %, 50 %, 95 %, in nats; of `scored` rows at most
            2000 of them, drawn by a fixed seed; null for an autoencoder.
    """
    rows = asked.indices("rows", len(loaded.latents))
    yield 0.0
    chosen = rows
    if len(rows) > MOST_SCORED:
        chosen = rows[np.sort(np.random.default_rng(0).permutation(len(rows))[:MOST_SCORED])]
    scored: dict[str, Any] | None = None
    if isinstance(loaded.estimator, VAE) and loaded.estimator.model_.prior is not None:
        found = yield from terms(loaded, loaded.rows[chosen])
        named = {"elbo": found.elbo, "log_likelihood": found.log_likelihood, "kl": found.kl}
        scored = {
            name: {"mean": v.mean(), "quantiles": np.quantile(v, QUANTILES)} for name, v in named.items()
        }
    mean = _mean(loaded, rows)
    row_mean = yield from _row_mean(loaded, rows)
    facts = {
        "n": len(rows),
        "parts": {
            name: int((loaded.parts[rows] == part).sum())
            for name, part in (("training", TRAIN), ("validation", VALIDATION), ("test", TEST))
        },
        "labels": _labels(loaded, rows),
        "terms": scored,
        "scored": len(chosen),
    }
    arrays = {
        "mean_latent": mean,
        "mean_row": loaded.decoded(mean[None]),
        "row_mean": loaded.seen(row_mean[None]),
    }
    return Reply(facts, arrays)


def _row_mean(loaded: Loaded, rows: np.ndarray) -> Generator[float, None, np.ndarray]:
    """Mean of the rows themselves, (features,), in pieces: many images would not fit in memory as floats."""
    total = np.zeros(loaded.rows.shape[1])
    for start in range(0, len(rows), PIECE):
        total += loaded.rows[rows[start : start + PIECE]].sum(0, dtype=np.float64)
        yield 1.0
    return total / len(rows)


def _mean(loaded: Loaded, rows: np.ndarray) -> np.ndarray:
    mean = loaded.latents[rows].astype(np.float64).mean(0)
    if loaded.coordinates != loaded.estimator.n_components_:  # a sphere
        norm = np.linalg.norm(mean)
        if norm < 1e-6:
            raise InputError("the rows lie all round the sphere and have no mean direction: select fewer")
        mean /= norm
    return mean.astype(np.float32)


def _labels(loaded: Loaded, rows: np.ndarray) -> list[dict[str, Any]] | None:
    labels = loaded.labels
    if not isinstance(labels, Classes):
        return None
    counts = np.bincount(labels.codes[rows], minlength=len(labels.names))
    order = np.argsort(-counts, kind="stable")
    return [{"label": labels.names[i], "count": int(counts[i])} for i in order if counts[i]]
