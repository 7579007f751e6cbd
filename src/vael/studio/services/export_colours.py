"""What colours the points of an exported view, a byte a point."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np

from vael.datasets.classes import Classes
from vael.errors import InputError
from vael.studio.asked import Asked
from vael.studio.columns import Reply
from vael.studio.loaded import Loaded
from vael.studio.services.values import answer, offered

__all__ = ["NO_SHADE", "ExportColours", "colours_of"]

PARTS = ("training", "validation", "test")
NO_SHADE = 255
"""For points whose value is not finite; others have 0 to 254."""


@dataclass(frozen=True, eq=False)
class ExportColours:
    """Colours of all rows.

    Attributes:
        facts: `kind` "classes" with title, names, hidden codes; or "values" with title, unit, low, high.
        numbers: Codes of classes, or shades from low to high: (rows,), uint8.
    """

    facts: dict[str, Any]
    numbers: np.ndarray


def colours_of(loaded: Loaded, name: str, hidden: list[int]) -> ExportColours | None:
    """Colour rows by "label", "part" or a value of the run; None for "none", and for labels that are missing.

    Raises `InputError` for a value that the run does not have.
    """
    if name == "part":
        return _classes("part of the data", PARTS, loaded.parts, hidden)
    labels = loaded.labels
    if name == "none" or (name == "label" and labels is None):
        return None
    if name == "label" and isinstance(labels, Classes):
        return _classes("label", labels.names, labels.codes, hidden)
    if name == "label":
        assert labels is not None
        assert not isinstance(labels, Classes)
        low, high = np.quantile(labels.values, (0.01, 0.99))
        return _values("label", "", labels.values, low, high)
    if name not in {value["name"] for value in offered(loaded)}:
        raise InputError(
            f"there is no value {name!r} to colour the points by: choose a colour of the map's list"
        )
    found = _finished(answer(loaded, Asked({"name": name})))
    facts = found.facts
    return _values(facts["title"], facts["unit"], found.arrays["values"], facts["low"], facts["high"])


def _classes(title: str, names: tuple[str, ...], codes: np.ndarray, hidden: list[int]) -> ExportColours:
    facts = {"kind": "classes", "title": title, "names": names, "hidden": hidden}
    return ExportColours(facts, codes.astype(np.uint8))


def _values(title: str, unit: str, values: np.ndarray, low: float, high: float) -> ExportColours:
    share = (values.astype(np.float64) - low) / ((high - low) or 1)
    shades = np.where(np.isfinite(share), np.rint(np.clip(share, 0, 1) * (NO_SHADE - 1)), NO_SHADE)
    facts = {"kind": "values", "title": title, "unit": unit, "low": low, "high": high}
    return ExportColours(facts, shades.astype(np.uint8))


def _finished(steps: Generator[float, None, Reply]) -> Reply:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
