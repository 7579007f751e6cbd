"""The page about the geometry of a run's latent space, alone or beside retrainings."""

from __future__ import annotations

from collections.abc import Sequence

from vael.datasets import Dataset
from vael.estimators import VAE, Autoencoder
from vael.estimators.run_data import RunData
from vael.geometry import Stability
from vael.report.blocks import Fact, Facts, Report, Section
from vael.report.choices import choices, duration
from vael.report.geometry_seen import geometry_section, stability_section
from vael.report.held_out import held_out, unnamed
from vael.report.machine import describe_machine
from vael.report.records import GeometryMeasures

__all__ = ["geometry_report"]


def geometry_report(
    estimator: VAE | Autoencoder,
    dataset: Dataset,
    measures: GeometryMeasures,
    run_data: RunData | None = None,
    *,
    stable: Stability | None = None,
    names: Sequence[str] = (),
) -> Report:
    """Write up the geometry of a model's latent space.

    Parameters
    ----------
    estimator : VAE or Autoencoder
        Fitted, or loaded.
    dataset : Dataset
        The data that it was fitted to.
    measures : GeometryMeasures
        What was measured of it.
    run_data : RunData, default=None
        What the run kept of its data.
    stable : Stability, default=None
        How distances vary over this and other trainings.
    names : sequence of str
        Of the trainings.

    Returns
    -------
    Report
        For `vael.report.write`.
    """
    found = measures.diagnosis
    held = held_out(estimator, dataset, run_data)
    with unnamed():
        sections = [geometry_section(estimator, dataset, held, measures, found.random_state)]
    if stable is not None:
        sections.append(stability_section(stable, names))
    sections.append(Section("What was fitted", "", (Facts(choices(estimator, dataset)),)))
    facts = [Fact("Time", duration(found.seconds)), Fact("Seed", found.random_state)]
    facts += [Fact(name.capitalize(), value) for name, value in describe_machine().items()]
    sections.append(Section("How this was measured", "", (Facts(facts),)))
    kind = "a variational autoencoder" if isinstance(estimator, VAE) else "an autoencoder"
    return Report(
        title=f"The latent space of {kind} of {dataset.name}",
        subtitle=f"{estimator.n_components_} latents, measured by what the decoder makes of them.",
        summary=_summary(measures),
        sections=sections,
        footer=f"Data: {dataset.source}; licence: {dataset.licence}. Made by vael.",
    )


def _summary(measures: GeometryMeasures) -> list[Fact]:
    found = measures.diagnosis
    facts = [Fact("Geometry", found.verdict)]
    shown = (
        ("excess_median", "Straight line too long by", 1, "median of the pairs"),
        ("rank_correlation", "Rank correlation", 2, "of Euclidean and geodesic distances"),
        ("volume_ratio", "Spread of the volume", 1, "95 % over 5 % quantile"),
    )
    for key, label, digits, note in shown:
        each = found.quantities[key]
        if each.value is not None:
            facts.append(Fact(label, each.value, each.unit, note, digits))
    return facts
