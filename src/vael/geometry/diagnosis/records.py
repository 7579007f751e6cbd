"""What was found of a latent space's geometry: plain numbers, each with how it was come by."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

__all__ = [
    "GeometryDiagnosis",
    "GeometryFinding",
    "GraphPart",
    "Quantity",
    "SingularPoint",
    "Verdict",
    "quantity",
    "share",
    "unknown",
]

Verdict = Literal["matters", "matters a little", "does not matter", "unknown"]


@dataclass(frozen=True)
class Quantity:
    """One number, with what a reader needs to trust it.

    Attributes:
        name: Of what was measured, in words.
        value: None where it is not known; `reason` then says why.
        spread: Standard error; None where there is none.
        unit: Of both; empty for a pure number.
        n: How many pairs, points or rows it was computed from.
        estimator: How.
        reason: Why there is no value.
    """

    name: str
    value: float | None
    spread: float | None
    unit: str
    n: int
    estimator: str
    reason: str = ""


@dataclass(frozen=True)
class GraphPart:
    """A part of the nearest-neighbour graph that no neighbours join to the others.

    Attributes:
        nodes: Of the graph.
        rows: Codes whose nearest node is in this part.
        example: One of these rows; None where there is none.
    """

    nodes: int
    rows: int
    example: int | None


@dataclass(frozen=True)
class SingularPoint:
    """A code where the decoder does not change along some direction: its row, and its coordinates."""

    row: int
    z: tuple[float, ...]


@dataclass(frozen=True)
class GeometryFinding:
    """One thing to know, and what to do about it.

    Attributes:
        name: "verdict", "parts", "singular", "anisotropic", "not converged" or "coincident".
        level: ``"note"`` or ``"warning"``.
        text: What was found, with its numbers and thresholds.
        action: What to do; empty where there is nothing.
    """

    name: str
    level: Literal["note", "warning"]
    text: str
    action: str = ""


@dataclass(frozen=True)
class GeometryDiagnosis:
    """Whether geometry matters in a latent space, and the numbers that say so.

    Attributes:
        verdict: In three words; the first finding says it in full.
        findings: The verdict first.
        quantities: By short names: ``excess_median``, ``excess_low``, ``excess_high`` (quartiles),
            ``excess_above_5``, ``excess_above_10``, ``not_converged``, ``rank_correlation``,
            ``rank_correlation_mean_metric``, ``neighbours_changed``, ``volume_deviation``, ``volume_ratio``,
            ``condition_median``, ``condition_high``, ``curvature_low``, ``curvature_median``,
            ``curvature_high``, ``curvature_scaled``, ``parts``, ``singular``.
        parts: Of the nearest-neighbour graph before its parts are bridged, the largest first.
        singular: Some of the points where the metric is not of full rank.
        latents: How many there are.
        rows: Codes that were given.
        seconds: That it took.
        random_state: That all draws follow from.
    """

    verdict: Verdict
    findings: tuple[GeometryFinding, ...]
    quantities: Mapping[str, Quantity]
    parts: tuple[GraphPart, ...]
    singular: tuple[SingularPoint, ...]
    latents: int
    rows: int
    seconds: float
    random_state: int

    def value(self, name: str) -> float | None:
        """Return the value of a quantity; None where it is not known."""
        return self.quantities[name].value

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; none of them is infinite or no number."""
        return {**asdict(self), "quantities": {name: asdict(each) for name, each in self.quantities.items()}}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> GeometryDiagnosis:
        """Make what `to_dict` described; raises `KeyError` or `TypeError` for anything else."""
        singular = (SingularPoint(each["row"], tuple(each["z"])) for each in values["singular"])
        made: dict[str, Any] = {
            **values,
            "findings": tuple(GeometryFinding(**each) for each in values["findings"]),
            "quantities": {name: Quantity(**each) for name, each in values["quantities"].items()},
            "parts": tuple(GraphPart(**each) for each in values["parts"]),
            "singular": tuple(singular),
        }
        return cls(**made)

    def __str__(self) -> str:
        """Text: the findings, then a line for each number."""
        lines = [found.text + f" {found.action}" * bool(found.action) for found in self.findings]
        for each in self.quantities.values():
            said = f"not known: {each.reason}"
            if each.value is not None:
                spread = "" if each.spread is None else f" ± {each.spread:.2g}"
                said = f"{each.value:.4g}{spread} {each.unit}".rstrip() + f" ({each.estimator})"
            lines.append(f"{each.name}: {said}")
        return "\n".join(lines)


def quantity(
    name: str,
    value: float | int,
    unit: str,
    n: int,
    estimator: str,
    *,
    spread: float | int | None = None,
) -> Quantity:
    """Make a quantity; one that is not finite has no value and a reason."""
    if not math.isfinite(value):
        return unknown(name, unit, n, estimator, "it is not finite")
    error = None if spread is None or not math.isfinite(spread) else float(spread)
    return Quantity(name, float(value), error, unit, n, estimator)


def share(name: str, told: np.ndarray, estimator: str) -> Quantity:
    """Make the share of what is true, in per cent; of none or all, the standard error is not known."""
    part, n = float(told.mean()), len(told)
    error = 100 * (part * (1 - part) / n) ** 0.5 if 0 < part < 1 else None
    return quantity(name, 100 * part, "%", n, estimator, spread=error)


def unknown(name: str, unit: str, n: int, estimator: str, reason: str) -> Quantity:
    """Make a quantity that is not known, and say why."""
    return Quantity(name, None, None, unit, n, estimator, reason)
