"""The one call: a model, rows, and a method."""

from __future__ import annotations

import time
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np

from vael.errors import InputError
from vael.evaluation.likelihood.blocks import MEMORY, Rows, bytes_a_point
from vael.evaluation.likelihood.estimate import LikelihoodEstimate, estimate_of
from vael.evaluation.likelihood.statistics import RowStatistics
from vael.evaluation.likelihood.support import check_support, measure_of
from vael.evaluation.subject import FittedModel, subject
from vael.models import LatentVariableModel

__all__ = ["LikelihoodMethod", "log_likelihood", "seed_from"]


@runtime_checkable
class LikelihoodMethod(Protocol):
    """A way to estimate ln p(x): `ImportanceSampling` or `AIS`; its text says what it is."""

    advice: ClassVar[str]

    def run(
        self, model: LatentVariableModel, rows: Rows, n: int, *, seed: int, memory: int = MEMORY
    ) -> RowStatistics:
        """Weigh n rows on the model's scale."""
        ...


def log_likelihood(
    model: LatentVariableModel | FittedModel,
    X: Any,
    method: LikelihoodMethod,
    *,
    random_state: int | np.random.Generator | None = 0,
    memory: int = MEMORY,
) -> LikelihoodEstimate:
    """Estimate ln p(x) of each row, in nats.

    A row's estimate depends on the row, the method and `random_state` alone: not on the rows beside it, nor
    on `memory`, but for rounding. Warns where half of the rows rest on too few weights.

    Parameters
    ----------
    model : fitted estimator or LatentVariableModel
        An estimator takes X as `score_samples` does, and with `ImportanceSampling` and its own ``seed_``
        gives the same numbers.
    X : array-like of shape (n, features)
        Rows, as given to `fit` for an estimator, on the model's own scale otherwise.
    method : ImportanceSampling or AIS
        How.
    random_state : int, Generator or None, default=0
        Of the noise.
    memory : int, default=2**29
        Bytes to take beside the model and the rows.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from vael import VAE
    >>> from vael.evaluation.likelihood import ImportanceSampling, log_likelihood
    >>> X = load_digits().data / 16
    >>> vae = VAE(n_components=2, max_epochs=3, random_state=0).fit(X)
    >>> found = log_likelihood(vae, X[:20], ImportanceSampling(200))
    >>> found.estimate.shape
    (20,)
    """
    check_memory(memory)
    about = subject(model, X)
    bytes_a_point(about.model, about.x.shape[1])  # refuses a model without a density of such rows
    check_support(about.model, about.x)
    seed = seed_from(random_state)
    start = time.perf_counter()
    found = method.run(about.model, lambda part: about.x[part], len(about.x), seed=seed, memory=memory)
    measure = measure_of(about.model, about.x, model)
    return estimate_of(
        found,
        method=str(method),
        seconds=time.perf_counter() - start,
        log_jacobian=about.log_jacobian,
        discrete=measure.discrete,
        of=measure.of,
        features=about.x.shape[1],
        advice=method.advice,
    )


def seed_from(random_state: int | np.random.Generator | None) -> int:
    """Return a seed: the number itself, or one drawn from a generator."""
    if isinstance(random_state, (int, np.integer)):
        if random_state < 0:
            raise InputError(f"random_state must be >= 0, got {random_state}")
        return int(random_state)
    return int(np.random.default_rng(random_state).integers(2**62))


def check_memory(memory: int) -> None:
    """Refuse no memory."""
    if memory < 1:
        raise InputError(f"memory must be >= 1 byte, got {memory}")
