"""One row, encoded: where it lies, what it costs, who is near, what it is taken for."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import torch
from scipy.spatial import KDTree
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from vael.datasets.classes import Classes
from vael.distributions import as_law
from vael.distributions.full_normal import FullNormal
from vael.estimators import VAE
from vael.studio.apart import apart
from vael.studio.asked import Asked
from vael.studio.columns import Reply
from vael.studio.kept import kept, kept_in_pieces
from vael.studio.loaded import TRAIN, Loaded
from vael.studio.services.background import training_sample
from vael.studio.terms import SAMPLES, terms

__all__ = ["answer", "encoded", "probe"]

NEIGHBOURS = 8
EVIDENCE_SAMPLES = 512
PROBED = 10_000


def answer(loaded: Loaded, asked: Asked) -> Generator[float, None, Reply]:
    """Encode `row`, its numbers in the data's units, or the row of `row_number`; see `encoded`."""
    if asked.has("row_number"):
        number = asked.whole("row_number", 0, len(loaded.latents) - 1)
        return (yield from encoded(loaded, loaded.rows[number], number))
    row = asked.vector("row", loaded.rows.shape[1])
    return (yield from encoded(loaded, row.astype(np.float32) if loaded.rows.dtype.kind == "f" else row))


def encoded(loaded: Loaded, row: np.ndarray, number: int | None = None) -> Generator[float, None, Reply]:
    """Encode a row (features,), in the data's units.

    Arrays:
        mean: (coordinates,), float32, as `transform` gives it.
        covariance: (coordinates, coordinates), float32, of q(z|x); missing where it has none.
        row, reconstruction: (1, features), as the page shows them.
        neighbours: Row numbers of the nearest codes, nearest first, int32; distances, float32.
        neighbour_rows: (8, features).

    Facts:
        terms: elbo, log_likelihood, kl in nats, with the number of samples; null for an autoencoder.
        evidence: ln p(x) in nats by importance sampling, with its number of samples; null likewise.
        percentile: Part of a sample of training rows whose ELBO is lower, in per cent; null likewise.
        compared: How many rows that sample has.
        probe: List of {label, probability} of a logistic regression on the latents of training rows, the
            likeliest first; null where there are no classes.
        neighbour_labels: Labels in words; null where there are none.
    """
    X = loaded.shaped(row[None])
    estimator = loaded.estimator
    mean = np.asarray(estimator.transform(X))[0].astype(np.float32)
    arrays: dict[str, np.ndarray] = {
        "mean": mean,
        "row": loaded.seen(X),
        "reconstruction": loaded.seen(estimator.reconstruct(X)),
    }
    facts: dict[str, Any] = {"terms": None, "evidence": None, "percentile": None, "compared": 0}
    facts["number"] = number
    yield 0.2
    if isinstance(estimator, VAE) and estimator.model_.prior is not None:
        if estimator.space_.coordinates == estimator.n_components_:
            arrays["covariance"] = _covariance(estimator, X).astype(np.float32)
        found = yield from terms(loaded, row[None])
        elbo = float(found.elbo[0])
        facts["terms"] = {
            "elbo": elbo,
            "log_likelihood": float(found.log_likelihood[0]),
            "kl": float(found.kl[0]),
            "samples": SAMPLES,
        }
        yield 0.5
        evidence = yield from apart(lambda: estimator.score_samples(X, n_samples=EVIDENCE_SAMPLES), 0.5)
        facts["evidence"] = {"value": float(evidence[0]), "samples": EVIDENCE_SAMPLES}
        yield 0.6
        usual = yield from _usual_elbo(loaded)
        facts["percentile"] = 100 * float((usual < elbo).mean())
        facts["compared"] = len(usual)
    asked_for = min(NEIGHBOURS + 1, len(loaded.latents))
    distances, near = _codes(loaded).query(mean.astype(np.float64), k=asked_for)
    distances, near = np.atleast_1d(distances), np.atleast_1d(near)
    others = near != number
    near, distances = near[others][:NEIGHBOURS], distances[others][:NEIGHBOURS]
    arrays |= {
        "neighbours": near.astype(np.int32),
        "distances": distances.astype(np.float32),
        "neighbour_rows": loaded.seen(loaded.rows[near]),
    }
    facts["neighbour_labels"] = loaded.label_words(near)
    yield 0.9
    facts["probe"] = yield from apart(lambda: _probed(loaded, mean), 0.9)
    return Reply(facts, arrays)


def _covariance(estimator: VAE, X: np.ndarray) -> np.ndarray:
    """Covariance of q(z|x) of one row, (latents, latents)."""
    x = torch.from_numpy(np.ascontiguousarray(estimator.scored_rows(X)))
    with torch.inference_mode():
        q_z = as_law(estimator.model_.eval().encoder(x))
    if isinstance(q_z, FullNormal):
        root = q_z.scale_tril[0].double().numpy()
        return root @ root.T
    return np.diag(estimator.posterior_moments(X)[1][0].astype(np.float64) ** 2)


@kept
def _codes(loaded: Loaded) -> KDTree:
    return KDTree(loaded.latents.astype(np.float64))


@kept_in_pieces
def _usual_elbo(loaded: Loaded) -> Generator[float, None, np.ndarray]:
    """ELBOs of a sample of training rows."""
    return (yield from terms(loaded, training_sample(loaded))).elbo


@kept
def probe(loaded: Loaded) -> Pipeline | None:
    """Return a logistic regression from latents of training rows to codes of classes; None without."""
    labels = loaded.labels
    rows = np.flatnonzero(loaded.parts == TRAIN)
    if not isinstance(labels, Classes) or len(np.unique(labels.codes[rows])) < 2:
        return None
    rows = rows[np.random.default_rng(0).permutation(len(rows))[:PROBED]]
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)).fit(
        loaded.latents[rows], labels.codes[rows]
    )


def _probed(loaded: Loaded, mean: np.ndarray) -> list[dict[str, Any]] | None:
    fitted, labels = probe(loaded), loaded.labels
    if fitted is None or not isinstance(labels, Classes):
        return None
    chances = fitted.predict_proba(mean[None])[0]
    order = np.argsort(-chances, kind="stable")
    return [{"label": labels.names[int(fitted.classes_[i])], "probability": float(chances[i])} for i in order]
