"""What generated rows are worth to a classifier."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from vael.evaluation.downstream.repeated import standard_error
from vael.evaluation.tables import percent, text_table

__all__ = ["SyntheticDifference", "SyntheticRow", "SyntheticTable"]


@dataclass(frozen=True)
class SyntheticRow:
    """A classifier that was trained on real rows, on generated ones or on both, and tested on real ones.

    Attributes
    ----------
    name : what it was trained on
    real, synthetic : rows of each kind that it was trained on
    accuracies : share of the real test rows that are right, one a draw
    seconds : to make the rows and to train, mean over the draws, without the fits of generators below
    generator_seconds : to fit the generators, all classes, mean over the times it was done
    """

    name: str
    real: int
    synthetic: int
    accuracies: tuple[float, ...]
    seconds: float
    generator_seconds: float = 0.0

    @property
    def mean(self) -> float:
        """Mean accuracy over the draws, in [0, 1]."""
        return float(np.mean(self.accuracies))

    @property
    def standard_error(self) -> float | None:
        """Standard error of the mean over the draws; None for one draw."""
        return standard_error(np.array(self.accuracies))


@dataclass(frozen=True)
class SyntheticDifference:
    """Accuracy after training on `name` minus accuracy after training on `other`, draw by draw."""

    name: str
    other: str
    differences: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean over the draws."""
        return float(np.mean(self.differences))

    @property
    def standard_error(self) -> float | None:
        """Standard error of the mean over the draws; None for one draw."""
        return standard_error(np.array(self.differences))


@dataclass(frozen=True)
class SyntheticTable:
    """Training on generated rows beside training on real ones; `str` gives text, `to_dict` all for JSON.

    Attributes
    ----------
    rows : one a kind of training set
    differences : synthetic minus as many real rows, then few labels with generated rows minus without
    classifier : its name
    classes : how many
    n_train, n_test : real rows
    draws : of training rows, real and generated
    """

    rows: tuple[SyntheticRow, ...]
    differences: tuple[SyntheticDifference, ...]
    classifier: str
    classes: int
    n_train: int
    n_test: int
    draws: int

    def row(self, name: str) -> SyntheticRow:
        """Find the row of a training set."""
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(f"no training set is called {name!r}: there are {[row.name for row in self.rows]}")

    def to_rows(self) -> list[dict[str, Any]]:
        """Flat dictionaries of text and numbers, one a training set."""
        return [
            {
                "trained on": row.name,
                "real": row.real,
                "synthetic": row.synthetic,
                "accuracy": row.mean,
                "standard_error": row.standard_error,
                "draws": len(row.accuracies),
                "seconds": row.seconds,
                "generator_seconds": row.generator_seconds,
            }
            for row in self.rows
        ]

    def to_dict(self) -> dict[str, Any]:
        """Everything, per draw too, in types that `json.dumps` takes."""
        record = asdict(self)
        for key, results in (("rows", self.rows), ("differences", self.differences)):
            for entry, result in zip(record[key], results, strict=True):
                entry |= {"mean": result.mean, "standard_error": result.standard_error}
        return record

    def __str__(self) -> str:
        """Text: accuracies, then paired differences, then what the numbers mean."""
        body = [
            [row.name, str(row.real), str(row.synthetic), percent(row.mean, row.standard_error)]
            for row in self.rows
        ]
        paired = [
            [each.name, each.other, percent(each.mean, each.standard_error, signed=True)]
            for each in self.differences
        ]
        chance_of_test = 100 * float(np.sqrt(0.25 / self.n_test))
        return (
            text_table(["trained on", "real rows", "synthetic rows", "accuracy %"], body)
            + "\n\n"
            + text_table(["trained on", "minus", "difference"], paired)
            + f"\n\nAccuracy of {self.classifier} in % on {self.n_test} real test rows, {self.classes} "
            f"classes, mean ± standard error\nover {self.draws} draws of training rows; the choice of test "
            f"rows adds at most {chance_of_test:.1f}. Differences: paired by draw."
        )
