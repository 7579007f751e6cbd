"""What was measured of the latent space's geometry: a section of words, numbers and pictures."""

from __future__ import annotations

from collections.abc import Sequence

from vael.datasets import Dataset
from vael.estimators import VAE, Autoencoder
from vael.geometry import Stability
from vael.geometry.diagnosis import Quantity, Variation
from vael.report.blocks import Block, Cell, Column, Group, Measured, Notice, Section, Table
from vael.report.geometry_pictures import geometry_pictures
from vael.report.held_out import HeldOut
from vael.report.records import GeometryMeasures

__all__ = ["geometry_section", "stability_section"]

RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

GROUPS = {
    "Lines": (
        *("excess_median", "excess_low", "excess_high", "excess_above_5", "excess_above_10"),
        "not_converged",
    ),
    "Distances": ("rank_correlation", "rank_correlation_mean_metric", "neighbours_changed"),
    "The metric": (*("volume_deviation", "volume_ratio", "condition_median", "condition_high", "singular"),),
    "Curvature": ("curvature_low", "curvature_median", "curvature_high", "curvature_scaled"),
    "The data": ("parts",),
}


def geometry_section(
    estimator: VAE | Autoencoder,
    dataset: Dataset,
    held: HeldOut,
    measures: GeometryMeasures,
    seed: int,
) -> Section:
    """Say whether geometry matters, with the numbers, and show it."""
    found = measures.diagnosis
    verdict, *others = found.findings
    notices = [Notice(each.level, _set(each.text), _set(each.action)) for each in others]
    blocks: list[Block] = [
        Notice(verdict.level, _set(verdict.text), _set(verdict.action)),
        *notices,
        _numbers(measures),
        *geometry_pictures(estimator, dataset, held, measures, seed),
    ]
    lead = (
        "A step in latent space changes the decoder's output by much in one place and by little in another. "
        "Measured by what the decoder makes, latent space is curved: the shortest way between two codes, the "
        "geodesic, is no straight line, and distances in the coordinates mislead. How much, the numbers say."
    )
    return Section("The geometry of its latent space", lead, blocks)


def stability_section(found: Stability, names: Sequence[str]) -> Section:
    """Say how distances vary over trainings of the same data."""
    rows = [
        (each.scale, *(_cell(n) for n in (each.geodesic, each.euclidean, each.difference)), _interval(each))
        for each in found.variations
    ]
    how = found.variations[0].geodesic.estimator
    table = Table(
        (
            Column("Distances"),
            Column("geodesic", "%", 2),
            Column("Euclidean", "%", 2),
            Column("Euclidean less geodesic", "%", 2),
            "95 % interval",
        ),
        rows,
        caption=f"How distances vary over {found.trainings} trainings: coefficient of variation.",
        note=f"{found.pairs} pairs of rows; {how}. ± is the standard error over the pairs, the interval a "
        "bootstrap over them; both leave the trainings as they are. Scale-free: each training's distances "
        f"over their mean. Trainings: {', '.join(names)}.",
    )
    lead = (
        "A distance that changes with every training is no property of the data. Each pair of rows has a "
        "distance in each training; how much do these differ?"
    )
    return Section("Distances over retrainings", lead, (Notice("note", _set(found.verdict)), table))


# -- numbers -----------------------------------------------------------------------------------------------


def _numbers(measures: GeometryMeasures) -> Table:
    found = measures.diagnosis
    groups = [Group(title, _lines([found.quantities[key] for key in keys])) for title, keys in GROUPS.items()]
    why = dict.fromkeys(each.reason for each in found.quantities.values() if each.value is None)
    missing = "".join(f" Not measured: {reason}." for reason in why)
    metric = "the decoder's, with a radial uncertainty" if measures.uncertainty else "the decoder's"
    return Table(
        (Column("Quantity"), Column("value"), "unit", Column("over"), "estimator"),
        [group for group in groups if group.rows],
        caption="The latent space by the decoder's metric.",
        note=f"Codes of {measures.rows}; metric: {metric}. *over*: pairs, codes or nodes of a graph. ± is "
        f"the standard error over them.{missing}",
    )


def _lines(group: Sequence[Quantity]) -> list[tuple[Cell, ...]]:
    """Rows of what is known; an estimator that several share stands at the first."""
    rows: list[tuple[Cell, ...]] = []
    before = ""
    for each in group:
        if each.value is not None:
            how = each.estimator if each.estimator != before else "″"
            rows.append((each.name, _short(each), each.unit.replace(" ", "\u00a0"), each.n, how))
            before = each.estimator
    return rows


def _short(found: Quantity) -> Cell:
    """Three significant digits, whatever the size."""
    if found.value is None:
        return None
    text = _digits(found.value)
    return text if found.spread is None else f"{text}\u00a0±\u00a0{_digits(found.spread, 2)}"


def _digits(value: float, digits: int = 3) -> str:
    if abs(value) < 1e6 and (value == round(value) or abs(value) >= 10**digits):
        return f"{value:.0f}".replace("-", "−")
    text = f"{value:.{digits}g}"
    if "e" in text:
        mantissa, power = text.split("e")
        text = f"{mantissa} × 10{str(int(power)).translate(RAISED)}"
    return text.replace("-", "−")


def _set(text: str) -> str:
    """Keep units with their numbers."""
    return text.replace(" %", "\u00a0%")


def _cell(found: Quantity) -> Cell:
    if found.value is None:
        return None
    return found.value if found.spread is None else Measured(found.value, found.spread)


def _interval(each: Variation) -> str:
    if each.low is None or each.high is None:
        return "not known"
    return f"{each.low:.2f} to {each.high:.2f}".replace("-", "−")
