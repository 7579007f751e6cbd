"""What is evaluated: a model and rows on its own scale, taken from an estimator or given as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from vael.errors import InputError
from vael.models import LatentVariableModel

__all__ = ["FittedModel", "Subject", "subject"]


@runtime_checkable
class FittedModel(Protocol):
    """What an estimator of vael offers once it is fitted."""

    model_: LatentVariableModel

    @property
    def log_jacobian_(self) -> float:
        """Nats that make a log-density of a row on the model's scale one of the row as given."""
        ...

    def scored_rows(self, X: Any) -> np.ndarray:
        """Rows on the model's scale."""
        ...


@dataclass(frozen=True, eq=False)
class Subject:
    """A model in evaluation mode, and rows that its distributions take.

    Attributes:
        model: The model.
        x: Rows on the model's scale and device, of shape ``(n, features)``.
        log_jacobian: To be added to a log-density of `x`, so that it is one of the rows as given; in nats.
    """

    model: LatentVariableModel
    x: Tensor
    log_jacobian: float


def subject(model: LatentVariableModel | FittedModel, X: Any) -> Subject:
    """Bring a model and rows together.

    Arguments:
        model: A fitted estimator, or a `LatentVariableModel`.
        X: Rows as given to `fit`, for an estimator; on the model's own scale, of shape ``(n, features)``,
            for a `LatentVariableModel`.
    """
    inner = model if isinstance(model, LatentVariableModel) else getattr(model, "model_", None)
    if not isinstance(inner, LatentVariableModel):
        raise InputError(
            f"give a fitted estimator of vael or a LatentVariableModel, got {type(model).__name__}"
        )
    inner.eval()
    like = next(inner.parameters(), torch.zeros(()))
    if isinstance(model, LatentVariableModel):
        x, log_jacobian = torch.as_tensor(np.asarray(X)), 0.0
        if x.dim() != 2 or len(x) == 0:
            raise InputError(f"rows for a model must have shape (n, features), got {tuple(x.shape)}")
        if not torch.isfinite(x).all():
            row, column = torch.argwhere(~torch.isfinite(x))[0].tolist()
            raise InputError(f"X holds {x[row, column]} at row {row}, column {column}")
    else:
        x, log_jacobian = torch.from_numpy(model.scored_rows(X)), model.log_jacobian_
    return Subject(inner, x.to(like.device, like.dtype), log_jacobian)
