"""From values of rows and of models to measures with intervals, and differences to the first model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from vael.evaluation.comparison.intervals import (
    Interval,
    RowValues,
    bootstrap,
    of_difference,
    of_mean,
    of_share,
)
from vael.evaluation.comparison.results import Better, Difference, Measure
from vael.evaluation.samples import Score

__all__ = ["Made", "Told", "from_resamples", "from_rows", "from_scores", "median_of_rows"]

Made = tuple[list[Measure], list[Difference]]
T = TypeVar("T")


@dataclass(frozen=True)
class Told:
    """What is said of a measure, whichever model's it is; see `Measure`.

    Attributes
    ----------
    of : for each model, what its number is one of; numbers of different things do not compare
    """

    name: str
    unit: str
    better: Better
    estimator: str
    rows: int
    samples: int | None = None
    of: Mapping[str, str] = field(default_factory=dict[str, str])

    def measure(
        self, model: str, found: Interval | str, interval: str, score: Score | None = None
    ) -> Measure:
        """A value with its interval, or why there is none."""
        value = Interval(None) if isinstance(found, str) else found
        return Measure(
            model=model,
            name=self.name,
            value=value.value,
            low=value.low,
            high=value.high,
            unit=self.unit,
            of=self.of.get(model, ""),
            estimator=self.estimator,
            samples=self.samples,
            rows=self.rows,
            interval="none" if value.low is None else interval,
            better=self.better,
            floor=None if score is None else score.floor,
            p_value=None if score is None else score.p_value,
            why=found if isinstance(found, str) else "",
        )

    def difference(self, model: str, other: str, found: Interval | str, pairing: str) -> Difference:
        """A difference of two models, or why there is none."""
        mine, theirs = self.of.get(model, ""), self.of.get(other, "")
        if mine != theirs:
            found = f"not comparable: {model} gives a {mine}, {other} a {theirs}"
        value = Interval(None) if isinstance(found, str) else found
        return Difference(
            model=model,
            other=other,
            name=self.name,
            mean=value.value,
            standard_error=value.standard_error,
            low=value.low,
            high=value.high,
            unit=self.unit,
            rows=self.rows,
            pairing="none" if isinstance(found, str) else pairing,
            better=self.better,
            why=found if isinstance(found, str) else "",
        )


def from_rows(told: Told, values: Mapping[str, RowValues | str], *, share: bool = False) -> Made:
    """Average values of rows; a text in their place says why a model has none."""
    finite = {model: _finite(given) for model, given in values.items()}
    drawn = any(not isinstance(v, str) and v.noise is not None for v in values.values())
    how = "Wilson's, over rows" if share else f"Student's t, over rows{' and samples' * drawn}"
    mean = of_share if share else of_mean
    return (
        [told.measure(m, v if isinstance(v, str) else mean(v), how) for m, v in finite.items()],
        _to_first(told, finite, of_difference, "by row"),
    )


def median_of_rows(told: Told, values: Mapping[str, np.ndarray | str]) -> Made:
    """Take medians of values of rows, without intervals and differences."""
    return [
        told.measure(m, v if isinstance(v, str) else Interval(float(np.median(v))), "none")
        for m, v in values.items()
    ], []


def from_resamples(told: Told, values: Mapping[str, tuple[float, np.ndarray] | str]) -> Made:
    """Take statistics of all rows, each with its values on resampled rows, the same rows for all models."""
    draws = next((len(v[1]) for v in values.values() if not isinstance(v, str)), 0)
    how = f"percentiles of {draws} bootstrap draws of the rows"
    return (
        [told.measure(m, v if isinstance(v, str) else bootstrap(*v), how) for m, v in values.items()],
        _to_first(told, values, lambda a, b: bootstrap(a[0] - b[0], a[1] - b[1]), "by resampled rows"),
    )


def from_scores(scores: Mapping[str, Mapping[str, Score] | str], rows: int, made: str) -> Made:
    """Take the scores of samples as they are: one set of samples a model, so no intervals.

    Arguments:
        scores: For each model its scores by name, or why it has none.
        rows: Held-out rows.
        made: How the samples were made, in words.
    """
    measures: list[Measure] = []
    differences: list[Difference] = []
    for name, example in next((s for s in scores.values() if not isinstance(s, str)), {}).items():
        how = f"{example.estimator}; on {example.space}; {example.n} samples, {made}"
        told = Told(name, example.unit, example.better, how, rows, example.n)
        own = {m: s if isinstance(s, str) else s[name] for m, s in scores.items()}
        values = {m: s if isinstance(s, str) else _value(s) for m, s in own.items()}
        for model, value in values.items():
            score = own[model]
            found = value if isinstance(value, str) else Interval(value)
            measures.append(told.measure(model, found, "none", None if isinstance(score, str) else score))
        differences += _to_first(told, values, lambda a, b: Interval(a - b), "none")
    return measures, differences


def _to_first(
    told: Told, values: Mapping[str, T | str], difference: Callable[[T, T], Interval], pairing: str
) -> list[Difference]:
    """Take each model's difference to the first."""
    first, *others = values
    base = values[first]
    made: list[Difference] = []
    for other in others:
        own = values[other]
        if isinstance(own, str):
            found: Interval | str = f"not defined: {own}"
        elif isinstance(base, str):
            found = f"not defined for {first}: {base}"
        else:
            found = difference(own, base)
        made.append(told.difference(other, first, found, pairing))
    return made


def _finite(rows: RowValues | str) -> RowValues | str:
    if isinstance(rows, str):
        return rows
    count = int((~np.isfinite(rows.values)).sum())
    return f"{count} of {len(rows.values)} rows have probability 0 by its samples" if count else rows


def _value(score: Score) -> float | str:
    return "the score says nothing of these samples" if score.value is None else score.value
