"""Three scores of how little a row looks like the training rows: higher is more anomalous."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike

from vael.errors import InputError
from vael.evaluation.downstream.latent_distance import LatentDistance
from vael.evaluation.subject import subject
from vael.models import LatentVariableModel, log_weights

__all__ = [
    "LATENT_DISTANCE",
    "LIKELIHOOD",
    "RECONSTRUCTION",
    "AnomalyScores",
    "RowFunctions",
    "anomaly_scores",
]

LIKELIHOOD = "minus log-likelihood"
RECONSTRUCTION = "reconstruction error"
LATENT_DISTANCE = "latent distance"

_CHUNK = 64
_SAMPLES = 100


@dataclass(frozen=True, eq=False)
class RowFunctions:
    """What a model of any library offers for anomaly scores: functions of rows, None where it has none.

    Attributes
    ----------
    encode : rows to latents, (n, latents)
    reconstruct : rows to rows, in the data's units and shape
    log_likelihood : rows to estimates of ln p(x) in nats, (n,)
    """

    encode: Callable[[Any], ArrayLike] | None = None
    reconstruct: Callable[[Any], ArrayLike] | None = None
    log_likelihood: Callable[[Any], ArrayLike] | None = None

    @classmethod
    def of(cls, model: Any) -> RowFunctions:
        """Take the functions of a fitted estimator, or of a `LatentVariableModel`.

        Of an estimator: its methods `transform`, `reconstruct` and `score_samples`, those that it has;
        without `reconstruct`, `inverse_transform` of `transform`.
        """
        if isinstance(model, cls):
            return model
        if isinstance(model, LatentVariableModel):
            return cls(*(_of_model(model, each) for each in (_means, _decoded, _evidence)))
        encode, back = getattr(model, "transform", None), getattr(model, "inverse_transform", None)
        both = None if encode is None or back is None else lambda X: back(encode(X))
        reconstruct = getattr(model, "reconstruct", both)
        log_likelihood = getattr(model, "score_samples", None)
        if encode is None and reconstruct is None and log_likelihood is None:
            raise InputError(
                f"{type(model).__name__} has neither transform nor reconstruct nor score_samples: give a "
                "fitted estimator, a LatentVariableModel or RowFunctions"
            )
        return cls(encode, reconstruct, log_likelihood)


@dataclass(frozen=True, eq=False)
class AnomalyScores:
    """Scores of rows, higher for rows less like the training rows.

    Attributes
    ----------
    scores : by name, each of shape (n,): `LIKELIHOOD` in nats, `RECONSTRUCTION` in the data's units,
        `LATENT_DISTANCE` in standard deviations
    not_defined : the scores that the model cannot give, each with the reason in words
    """

    scores: Mapping[str, np.ndarray]
    not_defined: Mapping[str, str] = field(default_factory=dict)


def anomaly_scores(
    model: Any, X: ArrayLike, X_train: ArrayLike, *, feature_scale: ArrayLike | None = None
) -> AnomalyScores:
    """Score rows by likelihood, by reconstruction and by distance in the latent space.

    - Minus the estimate of ln p(x), in nats.
    - Root mean square of x - x_hat over the features of a row, in the data's units.
    - Mahalanobis distance of the row's latents from those of the training rows, by their mean and covariance
      (`LatentDistance`). It is preferred to the KL of q(z|x) from the prior because it exists for an
      autoencoder and for any transformer, and because it measures from where the training rows' latents
      are, not from where the prior wanted them: the two differ most in a model that fits badly.

    None is best everywhere. A likelihood can be higher on simpler data of another kind than on the
    training data itself (Nalisnick 2019: SVHN under a model of CIFAR-10), since it rewards smooth rows; a
    decoder may reconstruct what it never saw; an encoder may map two kinds of rows to one place.

    Parameters
    ----------
    model : fitted estimator, LatentVariableModel or RowFunctions
        See `RowFunctions.of`. Rows for a LatentVariableModel are on its own scale.
    X : array-like of shape (n_rows, ...)
        Rows to score.
    X_train : array-like of shape (n_train, ...)
        Rows that the model was fitted to, or some of them: their latents are the reference.
    feature_scale : array-like of the shape of one row, default=None
        What a unit of error is in each feature, for tables whose columns have unlike units:
        `X_train.std(axis=0)`, say. None: 1.

    Returns
    -------
    AnomalyScores
        A score that the model cannot give (no prior, data outside the likelihood's support, latents
        that do not vary) is in `not_defined`.

    References
    ----------
    Nalisnick et al. 2019, arXiv 1810.09136. Denouden et al. 2018, arXiv 1812.02765 (Mahalanobis distance
    beside the reconstruction error).
    """
    functions = RowFunctions.of(model)
    rows, train = _checked_rows(X, "X"), _checked_rows(X_train, "X_train")
    if rows.shape[1:] != train.shape[1:]:
        raise InputError(f"a row of X has shape {rows.shape[1:]}, one of X_train {train.shape[1:]}")
    scores: dict[str, np.ndarray] = {}
    missing: dict[str, str] = {}
    # latents first: what is wrong with the rows themselves is an error there, and no missing score
    for name, score in (
        (LATENT_DISTANCE, lambda: _latent_distance(functions, rows, train)),
        (RECONSTRUCTION, lambda: _reconstruction_error(functions, rows, feature_scale)),
        (LIKELIHOOD, lambda: _minus_log_likelihood(functions, rows)),
    ):
        found = score()
        if isinstance(found, str):
            missing[name] = found
        else:
            scores[name] = found
    order = (LIKELIHOOD, RECONSTRUCTION, LATENT_DISTANCE)
    return AnomalyScores({name: scores[name] for name in order if name in scores}, missing)


def _latent_distance(functions: RowFunctions, rows: np.ndarray, train: np.ndarray) -> np.ndarray | str:
    if functions.encode is None:
        return "the model has no encoder"
    reference = np.asarray(functions.encode(train), dtype=np.float64)
    latents = np.asarray(functions.encode(rows), dtype=np.float64)
    distance = LatentDistance.fit(reference)
    if isinstance(distance, str):
        return distance
    return distance(latents) if np.isfinite(latents).all() else "a latent is not finite"


def _reconstruction_error(
    functions: RowFunctions, rows: np.ndarray, feature_scale: ArrayLike | None
) -> np.ndarray | str:
    if functions.reconstruct is None:
        return "the model does not reconstruct"
    again = np.asarray(functions.reconstruct(rows), dtype=np.float64)
    if again.shape != rows.shape:
        raise InputError(f"reconstruct must give back shape {rows.shape}, but gave {again.shape}")
    difference = again - rows
    if feature_scale is not None:
        scale = np.asarray(feature_scale, dtype=np.float64)
        if scale.shape != rows.shape[1:] or not (scale > 0).all():
            raise InputError(
                f"feature_scale must be positive numbers of the shape of a row, {rows.shape[1:]}; "
                f"got shape {scale.shape} with {int((~(scale > 0)).sum())} not above 0: give a constant "
                "feature a scale of your own"
            )
        difference /= scale
    error = np.sqrt(np.square(difference).reshape(len(rows), -1).mean(axis=1))
    return "a reconstruction is not finite" if not np.isfinite(error).all() else error


def _minus_log_likelihood(functions: RowFunctions, rows: np.ndarray) -> np.ndarray | str:
    if functions.log_likelihood is None:
        return "the model has no estimate of ln p(x)"
    try:
        score = -np.asarray(functions.log_likelihood(rows), dtype=np.float64)
    except InputError as error:  # no prior, no density, or rows outside the support
        return str(error)
    if score.shape != (len(rows),):
        raise InputError(f"log_likelihood must give {len(rows)} numbers, but gave shape {score.shape}")
    return "an estimate of ln p(x) is NaN" if np.isnan(score).any() else score


def _checked_rows(X: ArrayLike, name: str) -> np.ndarray:
    rows = np.asarray(X)
    if rows.ndim < 2 or rows.size == 0 or rows.dtype.kind not in "buif":
        raise InputError(f"{name} must be numbers, rows first; got {rows.dtype} of shape {rows.shape}")
    if not np.isfinite(rows).all():
        row = int(np.argwhere(~np.isfinite(rows))[0][0])
        raise InputError(f"{name} holds a number that is not finite in row {row}")
    return rows


def _of_model(
    model: LatentVariableModel, function: Callable[[LatentVariableModel, torch.Tensor], torch.Tensor]
) -> Callable[[Any], np.ndarray]:
    """Apply a function of model and tensor to rows, in padded chunks: each row's answer stands alone."""

    def call(X: Any) -> np.ndarray:
        given = subject(model, X)
        parts: list[np.ndarray] = []
        with torch.inference_mode():
            for some in given.x.split(_CHUNK):
                batch = torch.cat([some, some[:1].expand(_CHUNK - len(some), -1)])
                parts.append(function(given.model, batch)[: len(some)].double().cpu().numpy())
        return np.concatenate(parts)

    return call


def _means(model: LatentVariableModel, x: torch.Tensor) -> torch.Tensor:
    return model.encoder(x).mean


def _decoded(model: LatentVariableModel, x: torch.Tensor) -> torch.Tensor:
    return model.decoder(model.encoder(x).mean).mean


def _evidence(model: LatentVariableModel, x: torch.Tensor) -> torch.Tensor:
    """Importance-weighted estimate with 100 samples, the noise the same for every row."""
    generator = torch.Generator(x.device).manual_seed(0)
    log_w = log_weights(model, x, _SAMPLES, generator=generator, common_noise=True).log_w
    return log_w.logsumexp(0) - math.log(_SAMPLES)
