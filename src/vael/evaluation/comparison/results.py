"""What a comparison found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from vael.evaluation.tables import text_table

__all__ = ["Better", "Comparison", "Difference", "Measure"]

Better = Literal["high", "low", "floor"] | None
"""Which value is better; "floor": the one nearest to that of held-out rows."""


@dataclass(frozen=True)
class Measure:
    """One number of one model.

    Attributes
    ----------
    model, name : whose and what
    value : None where it is not defined; `why` then says why
    low, high : ends of the 95 % confidence interval; None where `interval` is "none"
    unit : of the value
    of : what an ln p(x) is one of; numbers of different things do not compare. Empty for other measures
    estimator : how the value was found, in words
    samples : random draws behind it: of z for each row, or generated rows; None where nothing is drawn
    rows : that it was measured on
    interval : how the interval was found, in words
    better : which value is better: "high", "low", or "floor", the one nearest to `floor`; None: neither is
    floor : the same of held-out rows in the place of samples; None where it is no measure of samples
    p_value : of a test of samples against held-out rows; None where it is no test
    why : why there is no value; empty where there is one
    """

    model: str
    name: str
    value: float | None
    low: float | None
    high: float | None
    unit: str
    of: str
    estimator: str
    samples: int | None
    rows: int
    interval: str
    better: Better
    floor: float | None = None
    p_value: float | None = None
    why: str = ""


@dataclass(frozen=True)
class Difference:
    """A measure of `model` minus that of `other`, the first model.

    Attributes
    ----------
    mean : None where it is not defined, or the two do not compare; `why` then says why
    standard_error : of the mean; None where there is none
    low, high : ends of its 95 % confidence interval; None where there is none
    unit, rows : as of the measures
    pairing : "by row", "by resampled rows", or "none"
    better : of the measure
    """

    model: str
    other: str
    name: str
    mean: float | None
    standard_error: float | None
    low: float | None
    high: float | None
    unit: str
    rows: int
    pairing: str
    better: Better
    why: str = ""

    @property
    def clear(self) -> bool:
        """Whether the interval leaves 0 out."""
        return self.low is not None and self.high is not None and not self.low <= 0 <= self.high


@dataclass(frozen=True, eq=False)
class Comparison:
    """Models side by side on the same rows.

    `str` gives text, `to_dict` all of it but the arrays for JSON.

    Attributes
    ----------
    models : names, in the order given; differences are to the first
    measures : model after model for each name of a measure
    differences : likewise, without the first model
    notes : what to know when the numbers are read
    rows, train_rows : that were given
    random_state : from which all draws follow
    seconds : that each model took
    row_values : for each measure of single rows, the values of each model, ``(n,)`` in the order of the
        rows given
    generated : rows that each model made, ``(m, features)`` in the data's units; fewer where it cannot
    """

    models: tuple[str, ...]
    measures: tuple[Measure, ...]
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]
    rows: int
    train_rows: int
    random_state: int
    seconds: Mapping[str, float]
    row_values: Mapping[str, Mapping[str, np.ndarray]]
    generated: Mapping[str, np.ndarray]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the measures."""
        return tuple(dict.fromkeys(each.name for each in self.measures))

    def measure(self, name: str, model: str) -> Measure:
        """Find a measure of a model."""
        for each in self.measures:
            if (each.name, each.model) == (name, model):
                return each
        raise KeyError(f"no measure {name!r} of {model!r}: there are {', '.join(self.names)}")

    def difference(self, name: str, model: str) -> Difference:
        """Find the difference of a model to the first."""
        for each in self.differences:
            if (each.name, each.model) == (name, model):
                return each
        raise KeyError(f"no difference in {name!r} of {model!r} to {self.models[0]!r}")

    def best(self, name: str) -> tuple[str, ...]:
        """Models whose value is the best; none where values do not compare, or neither way is better."""
        own = [each for each in self.measures if each.name == name and each.value is not None]
        if len(own) < 2 or own[0].better is None or len({each.of for each in own}) > 1:
            return ()
        worth = [_worth(each) for each in own]
        return tuple(each.model for each, value in zip(own, worth, strict=True) if value == max(worth))

    def to_dict(self) -> dict[str, Any]:
        """Everything but the arrays, in types that `json.dumps` takes."""
        return {
            "models": list(self.models),
            "rows": self.rows,
            "train_rows": self.train_rows,
            "random_state": self.random_state,
            "confidence": 0.95,
            "seconds": {name: float(value) for name, value in self.seconds.items()},
            "measures": [asdict(each) for each in self.measures],
            "differences": [asdict(each) | {"clear": each.clear} for each in self.differences],
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        """Text: values with 95 % intervals, differences, and what each number is."""
        parts = [self._values()]
        if len(self.models) > 1:
            parts.append(self._differences())
        parts.append(self._estimators())
        if self.notes:
            parts.append("\n".join(f"- {note}" for note in self.notes))
        return "\n\n".join(parts)

    def _values(self) -> str:
        body = [
            [name, *(_cell(self.measure(name, m)) for m in self.models), self._unit(name)]
            for name in self.names
        ]
        head = f"On {self.rows} rows; [95 % confidence interval]\n"
        return head + text_table(["", *self.models, "unit"], body)

    def _unit(self, name: str) -> str:
        own = next((m for m in self.measures if m.name == name and m.value is not None), None)
        if own is None:
            return ""
        way = {"high": "higher is better", "low": "lower is better", None: ""}
        floor = "" if own.floor is None else f"held-out rows: {own.floor:.4g}"
        return ", ".join(
            filter(
                None, (own.unit.removeprefix("none"), way.get(own.better, "near held-out is better"), floor)
            )
        )

    def _differences(self) -> str:
        body = [
            [
                each.name,
                each.model,
                f"{each.mean:+.4g}",
                f"{each.standard_error:.2g}",
                f"[{each.low:+.4g}, {each.high:+.4g}]",
                each.pairing,
            ]
            for each in self.differences
            if each.mean is not None and each.low is not None
        ]
        header = ["", "model", "difference", "standard error", "95 % interval", "paired"]
        head = f"Differences to {self.models[0]}; those of samples have no interval and are left out\n"
        return (
            head + text_table(header, body) if body else f"No difference to {self.models[0]} has an interval"
        )

    def _estimators(self) -> str:
        lines: dict[str, None] = {}
        for name in self.names:
            for model in self.models:
                each = self.measure(name, model)
                if each.value is not None:
                    of = f"; {each.of}" if each.of else ""
                    how = "" if each.low is None else f"; interval: {each.interval}"
                    lines[f"{name}: {each.estimator}{of}{how}"] = None
        missing: dict[str, list[str]] = {}
        for each in self.measures:
            if each.value is None:
                missing.setdefault(f"Not defined for {each.model}, {each.why}", []).append(each.name)
        for apart in self.differences:
            if apart.mean is None and self.measure(apart.name, apart.model).value is not None:
                missing.setdefault(f"No difference for {apart.model}, {apart.why}", []).append(apart.name)
        return "\n".join([*lines, *(f"{what}: {', '.join(names)}" for what, names in missing.items())])


def _worth(each: Measure) -> float:
    """A number that is the higher the better."""
    assert each.value is not None
    if each.better == "floor":
        return -abs(each.value - (each.floor or 0.0))
    return each.value if each.better == "high" else -each.value


def _cell(each: Measure) -> str:
    if each.value is None:
        return "not defined"
    digits = _digits(each)
    value = f"{each.value:.{digits}f}"
    return value if each.low is None else f"{value} [{each.low:.{digits}f}, {each.high:.{digits}f}]"


def _digits(each: Measure) -> int:
    """Decimals that show the interval's width with two digits, or the value with four."""
    width = 0.0 if each.low is None or each.high is None else each.high - each.low
    scale = width if width > 0 else abs(each.value or 0.0) / 100
    if scale <= 0:
        return 0 if each.value == 0 else 4
    return int(np.clip(1 - np.floor(np.log10(scale)), 0, 8))
