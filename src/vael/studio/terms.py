"""The ELBO of single rows and its two terms, the same at every call."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import torch

from vael.distributions import closed_form_kl
from vael.errors import InputError
from vael.estimators import VAE
from vael.models import log_weights
from vael.studio.loaded import Loaded

__all__ = ["SAMPLES", "Terms", "squared_errors", "terms", "terms_of"]

SAMPLES = 4
"""Draws of q(z|x) that the reconstruction term is averaged over; every row gets the same noise."""

PIECE = 128


@dataclass(frozen=True, eq=False)
class Terms:
    """Nats of each row, ``(n,)``: the ELBO is the log-likelihood less the KL.

    Attributes:
        log_likelihood: Mean of ln p(x|z) over `SAMPLES` draws of q(z|x).
        kl: KL(q(z|x) || p(z)); in closed form where there is one, else the mean over the same draws.
    """

    log_likelihood: np.ndarray
    kl: np.ndarray

    @property
    def elbo(self) -> np.ndarray:
        """The evidence lower bound."""
        return self.log_likelihood - self.kl


def terms(loaded: Loaded, X: np.ndarray) -> Generator[float, None, Terms]:
    """Compute the terms of rows X, (n, features) as given to `fit`, in pieces.

    Log-densities are of the data as given, as those of `score_samples`. Raises `InputError` for an
    autoencoder, which has no ELBO.
    """
    estimator = loaded.estimator
    if not isinstance(estimator, VAE) or estimator.model_.prior is None:
        raise InputError("this model has no prior, so its rows have no ELBO")
    log_likelihood, kl = np.empty(len(X)), np.empty(len(X))
    for start in range(0, len(X), PIECE):
        part = slice(start, start + PIECE)
        log_likelihood[part], kl[part] = _of(loaded, X[part])
        yield min(1.0, (start + PIECE) / len(X))
    return Terms(log_likelihood, kl)


def _of(loaded: Loaded, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    estimator = loaded.estimator
    model = estimator.model_.eval()
    x = torch.from_numpy(np.ascontiguousarray(estimator.scored_rows(loaded.shaped(X))))
    device = next((p.device for p in model.parameters()), torch.device("cpu"))
    x = x.to(device)
    with torch.inference_mode():
        generator = torch.Generator(device).manual_seed(estimator.seed_ % 2**63)
        drawn = log_weights(model, x, SAMPLES, generator=generator, common_noise=True)
        log_likelihood = drawn.log_likelihood.double().mean(0)
        assert model.prior is not None
        kl = closed_form_kl(drawn.q_z, model.prior())
        if kl is None:
            kl = log_likelihood - drawn.log_w.double().mean(0)
    return (log_likelihood + estimator.log_jacobian_).cpu().numpy(), kl.double().cpu().numpy()


def squared_errors(loaded: Loaded, X: np.ndarray) -> Generator[float, None, np.ndarray]:
    """Return each row's squared error of reconstruction, averaged over its features, in squared units."""
    errors = np.empty(len(X))
    for start in range(0, len(X), PIECE):
        part = slice(start, start + PIECE)
        rows = X[part]
        missed = loaded.estimator.reconstruct(loaded.shaped(rows)).reshape(len(rows), -1) - rows.astype(
            np.float64
        )
        errors[part] = np.square(missed).mean(1)
        yield min(1.0, (start + PIECE) / len(X))
    return errors


def terms_of(loaded: Loaded, X: np.ndarray) -> Terms:
    """Compute the terms of rows at once; see `terms`."""
    steps = terms(loaded, X)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
