"""Values that a likelihood gives probability to."""

from __future__ import annotations

from typing import Any

import numpy as np

from vael.errors import InputError
from vael.models import Bernoulli, Categorical, ContinuousBernoulli, DiscretisedLogistic

__all__ = ["check_support"]


def check_support(estimator: Any, flat: np.ndarray) -> None:
    """Refuse rows to which the likelihood gives no probability."""
    likelihood = getattr(estimator.model_.decoder, "likelihood", None)
    if not isinstance(likelihood, (Bernoulli, ContinuousBernoulli, DiscretisedLogistic, Categorical)):
        return
    top = float(estimator.schema_.scaling.to_data(np.ones((1, flat.shape[1]), np.float32)).max())
    outside = (flat < 0) | (flat > top)
    if outside.any():
        row, column = np.argwhere(outside)[0]
        raise InputError(
            f"X holds {flat[row, column]:g} at row {row}, column {column}, but this model's likelihood "
            f"({estimator.likelihood_}) knows values from 0 to {top:g} only: scale X as in fit"
        )
    if estimator.schema_.levels and flat.dtype.kind == "f" and (flat != np.floor(flat)).any():
        row, column = np.argwhere(flat != np.floor(flat))[0]
        raise InputError(
            f"X holds {flat[row, column]:g} at row {row}, column {column}, but this model's likelihood "
            f"({estimator.likelihood_}) knows whole numbers only: round X"
        )
