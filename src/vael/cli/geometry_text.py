"""The geometry of a latent space as text for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vael.geometry import Stability
    from vael.geometry.diagnosis import Quantity
    from vael.report import GeometryMeasures

__all__ = ["geometry_text", "stability_text"]

WIDTH = 100


def geometry_text(measured: Mapping[str, GeometryMeasures]) -> str:
    """Write the verdict of each run, what else to know, and the numbers, one column a run."""
    said: set[str] = set()  # what holds of several runs is said once
    parts = [_words(found, name if len(measured) > 1 else "", said) for name, found in measured.items()]
    parts += [_table(measured), _estimators(measured), _missing(measured)]
    for found in {(each.rows, each.uncertainty): each for each in measured.values()}.values():
        metric = "the decoder's metric" + " with a radial uncertainty" * (found.uncertainty is not None)
        parts.append(f"Codes of {found.rows}, by {metric}; ± standard error over pairs, codes or rows.")
    return "\n\n".join(part for part in parts if part)


def _words(measures: GeometryMeasures, name: str, said: set[str]) -> str:
    verdict, *others = measures.diagnosis.findings
    first = [name] * bool(name) + [_wrapped(text) for text in (verdict.text, verdict.action) if text]
    notes = [f"{each.level}: {each.text}{' ' * bool(each.action)}{each.action}" for each in others]
    new = [_wrapped(note) for note in notes if note not in said]
    said.update(notes)
    return "\n\n".join(["\n".join(first), *new])


def _table(measured: Mapping[str, GeometryMeasures]) -> str:
    from vael.evaluation.tables import text_table

    several = [found.diagnosis.quantities for found in measured.values()]
    rows: list[tuple[str, ...]] = []
    for key, first in several[0].items():
        if any(each[key].value is not None for each in several):
            over = "/".join(dict.fromkeys(str(each[key].n) for each in several))
            rows.append((first.name, *(_value(each[key]) for each in several), first.unit, over))
    names = list(measured) if len(measured) > 1 else ["value"]
    return text_table(("", *names, "unit", "over"), rows)


def _estimators(measured: Mapping[str, GeometryMeasures]) -> str:
    """How each number was come by; where several are alike, under the first one's name."""
    how: dict[str, str] = {}
    for found in measured.values():
        for each in found.diagnosis.quantities.values():
            if each.value is not None and each.name not in how.values():
                how.setdefault(each.estimator, each.name)
    return "\n".join(_wrapped(f"{name}: {said}", "  ") for said, name in how.items())


def _missing(measured: Mapping[str, GeometryMeasures]) -> str:
    missing: dict[str, list[str]] = {}
    for name, found in measured.items():
        for each in found.diagnosis.quantities.values():
            if each.value is None:
                whose = f"{each.name} of {name}" if len(measured) > 1 else each.name
                missing.setdefault(each.reason, []).append(whose)
    return "\n".join(_wrapped(f"not measured: {'; '.join(of)}: {why}", "  ") for why, of in missing.items())


def stability_text(found: Stability) -> str:
    """Write how distances vary over trainings."""
    from vael.evaluation.tables import text_table

    rows = [
        (
            each.scale,
            *(_value(number) for number in (each.geodesic, each.euclidean, each.difference)),
            "not known" if each.low is None or each.high is None else f"{each.low:.2f} to {each.high:.2f}",
        )
        for each in found.variations
    ]
    header = ("distances", "geodesic, %", "Euclidean, %", "Euclidean less geodesic, %", "95 % interval")
    how = (
        f"Coefficient of variation over {found.trainings} trainings, mean over {found.pairs} pairs of rows ± "
        "standard error over them; intervals by a bootstrap over the pairs. Scale-free: each training's "
        "distances over their mean."
    )
    return "\n\n".join(
        ("Distances over retrainings", _wrapped(found.verdict), text_table(header, rows), _wrapped(how))
    )


def _value(found: Quantity) -> str:
    if found.value is None:
        return "not known"
    value = found.value
    text = f"{value:.0f}" if 1000 <= abs(value) < 1e6 or value == round(value) else f"{value:.3g}"
    return text if found.spread is None else f"{text} ± {found.spread:.2g}"


def _wrapped(text: str, indent: str = "") -> str:
    return textwrap.fill(
        text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
