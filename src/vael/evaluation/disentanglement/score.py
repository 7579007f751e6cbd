"""One number of disentanglement, and what has to be read beside it."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from vael.errors import InputError
from vael.evaluation.disentanglement.code import Code

__all__ = ["DisentanglementScore", "Measured", "Score", "at_least"]


@dataclass(frozen=True)
class Score:
    """A score, 1 at best, with the marks that say what it is worth.

    Attributes
    ----------
    name : as in the literature
    value : the score; nan where it is not defined
    chance : of a code that says nothing about the factors, measured on the same draws
    identity : of the factors themselves taken as the code
    estimator : how it was computed, with the numbers of draws
    seconds : that its computation took; numbers that come from one computation share it
    why : it is not defined, or does not mean what it says; None if all is well
    """

    name: str
    value: float
    chance: float
    identity: float
    estimator: str
    seconds: float
    why: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Everything, in types that `json.dumps` takes; None for what is not defined."""
        return {
            key: None if isinstance(each, float) and math.isnan(each) else each
            for key, each in asdict(self).items()
        }


@runtime_checkable
class Measured(Protocol):
    """What a way of scoring gives: its details, and its numbers."""

    @property
    def scores(self) -> tuple[Score, ...]:
        """The numbers, one or several."""
        ...

    def to_dict(self) -> dict[str, Any]:
        """Everything, in types that `json.dumps` takes."""
        ...


@runtime_checkable
class DisentanglementScore(Protocol):
    """A way of scoring a code, with its settings."""

    def measure(self, code: Code, rng: np.random.Generator) -> Measured:
        """Score a code; `rng` draws the factors."""
        ...


def at_least(settings: object, **least: int) -> None:
    """Raise unless the named settings are whole numbers that reach the least value they need."""
    for name, needed in least.items():
        value = getattr(settings, name)
        if not isinstance(value, int) or value < needed:
            raise InputError(f"{type(settings).__name__}: {name} must be {needed} or more, got {value!r}")
