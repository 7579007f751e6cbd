"""What was measured of samples, with held-out rows beside it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from vael.evaluation.samples.memorisation import NearestTrainingRows
from vael.evaluation.tables import text_table

__all__ = ["SampleQuality", "Score"]


@dataclass(frozen=True)
class Score:
    """One measure of samples, and the same of held-out rows.

    Attributes
    ----------
    name : of the measure
    value : of the samples; None where it is not defined
    floor : of held-out rows in the place of the samples: what sampling alone leaves
    p_value, floor_p_value : chance of a value as bad where samples have the law of the data; None where the
        measure is no test
    better : "high", "low", or "floor" where the best value is that of held-out rows
    estimator : how it was computed, in words
    space : what distances are measured in, in words
    n : samples; as many held-out rows stand against them
    unit : of value and floor
    """

    name: str
    value: float | None
    floor: float | None
    p_value: float | None
    floor_p_value: float | None
    better: Literal["high", "low", "floor"]
    estimator: str
    space: str
    n: int
    unit: str


@dataclass(frozen=True, eq=False)
class SampleQuality:
    """Measures of samples beside those of held-out rows.

    Attributes
    ----------
    scores : one a measure
    n : samples; held-out rows they are compared with; and held-out rows in their place for the floor
    n_train : training rows
    space : what all but the classifier and the nearest training rows are measured in, in words
    nearest : the training rows nearest to the samples
    sample_indices : of the samples that were used, in the order of `nearest`, shape (n,)
    stand_in_indices, reference_indices : of the held-out rows in their place, and against them, shape (n,)
    notes : what a reader must know beside the numbers
    """

    scores: tuple[Score, ...]
    n: int
    n_train: int
    space: str
    nearest: NearestTrainingRows
    sample_indices: np.ndarray
    stand_in_indices: np.ndarray
    reference_indices: np.ndarray
    notes: tuple[str, ...]

    def score(self, name: str) -> Score:
        """Find a measure by its name."""
        for score in self.scores:
            if score.name == name:
                return score
        raise KeyError(f"no score {name!r}: there are {', '.join(score.name for score in self.scores)}")

    def to_rows(self) -> list[dict[str, Any]]:
        """Flat dictionaries, one a measure."""
        return [asdict(score) for score in self.scores]

    def to_dict(self) -> dict[str, Any]:
        """All numbers, in types that `json.dumps` takes."""
        return {
            "n": self.n,
            "n_train": self.n_train,
            "space": self.space,
            "scores": self.to_rows(),
            "nearest": self.nearest.to_dict(),
            "notes": list(self.notes),
        }

    def _how(self) -> str:
        lines: list[str] = []
        for space in dict.fromkeys(score.space for score in self.scores):
            lines.append(f"On {space}:")
            lines += [
                f"  {score.name}, {score.n} rows a side: {score.estimator}"
                for score in self.scores
                if score.space == space
            ]
        return "\n".join(lines)

    def __str__(self) -> str:
        """Text: the measures, then how each was computed."""
        body = [
            [
                score.name,
                _number(score.value),
                _number(score.floor),
                _chance(score.p_value),
                _chance(score.floor_p_value),
                "near held-out" if score.better == "floor" else score.better,
                score.unit,
            ]
            for score in self.scores
        ]
        header = ["measure", "samples", "held-out", "p", "p held-out", "better", "unit"]
        return "\n\n".join(
            [
                text_table(header, body),
                f"{self.n} samples against {self.n} held-out rows; held-out: {self.n} others in the place "
                f"of the samples;\n{self.n_train} training rows for neighbours",
                self._how(),
                *self.notes,
            ]
        )


def _number(value: float | None) -> str:
    return "not defined" if value is None else f"{value:.4g}"


def _chance(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.2g}" if value > 0 else "< 1e-300"
