"""What ln p(x) is of: a probability, a density, or neither; and rows to which no model gives any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions.constraints import Constraint

from vael.errors import InputError
from vael.models import (
    Bernoulli,
    Categorical,
    ContinuousBernoulli,
    DiscretisedLogistic,
    LatentVariableModel,
)

__all__ = ["Measure", "check_support", "measure_of"]


@dataclass(frozen=True)
class Measure:
    """What a likelihood measures.

    Attributes
    ----------
        discrete: Whether it is a probability, so that bits a dimension mean something.
        of: In words.
    """

    discrete: bool
    of: str


def check_support(model: LatentVariableModel, x: Float[Tensor, "n features"]) -> None:
    """Refuse rows, on the model's scale, that the likelihood gives no probability."""
    likelihood = getattr(model.decoder, "likelihood", None)
    if isinstance(likelihood, Bernoulli) and likelihood.binarise is not None:
        wrong = (x != 0) & (x != 1)
        said = "likelihood is of coins: binarise X, or give the estimator, which does"
    elif isinstance(likelihood, (Bernoulli, ContinuousBernoulli)):
        wrong = (x < 0) | (x > 1)
        said = "likelihood knows values from 0 to 1 only: scale X"
    elif isinstance(likelihood, (Categorical, DiscretisedLogistic)):
        top = likelihood.levels - 1
        wrong = (x < 0) | (x > 1) | ((x * top - (x * top).round()).abs() > 1e-3)
        said = f"likelihood knows k / {top} for whole k from 0 to {top} only: scale and round X"
    else:
        support = None if likelihood is not None else _discrete_support(model, x)
        if support is not None and not (inside := support.check(x)).all():
            row = int((~inside).nonzero()[0, 0])
            raise InputError(f"row {row} lies outside the support of the decoder's law, {support}")
        return
    if wrong.any():
        row, column = torch.argwhere(wrong)[0].tolist()
        raise InputError(
            f"X holds {x[row, column].item():g} at row {row}, column {column}, but the model's {said}"
        )


def measure_of(model: LatentVariableModel, x: Float[Tensor, "n features"], estimator: Any = None) -> Measure:
    """Say what ln p(x) is of, for rows on the model's scale that passed `check_support`.

    Arguments:
        model: The model.
        x: The rows.
        estimator: The estimator that they were given to, if one was: it knows the data's units.
    """
    likelihood = getattr(model.decoder, "likelihood", None)
    if isinstance(likelihood, Bernoulli):
        if ((x == 0) | (x == 1)).all():
            return Measure(True, "a probability of binary rows")
        return Measure(False, "a cross-entropy at greys, which is not a likelihood")
    if isinstance(likelihood, (Categorical, DiscretisedLogistic)):
        return Measure(True, f"a probability of rows of {likelihood.levels} levels")
    if likelihood is None and _discrete_support(model, x) is not None:
        return Measure(True, "a probability")
    scaling = getattr(getattr(estimator, "schema_", None), "scaling", None)
    what = getattr(scaling, "density_of", "the rows as given")
    return Measure(False, f"a density of {what}")


def _discrete_support(model: LatentVariableModel, x: Tensor) -> Constraint | None:
    """The support of a discrete law that is none of vael's; None for others, or where it does not say."""
    assert model.prior is not None
    with torch.no_grad():
        law = model.decoder(torch.zeros(1, *model.prior().event_shape, dtype=x.dtype, device=x.device))
    try:
        return law.support if law.support.is_discrete else None
    except (NotImplementedError, AttributeError):
        return None
