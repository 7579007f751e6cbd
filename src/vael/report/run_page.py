"""The report of one run."""

from __future__ import annotations

from vael import plots
from vael.datasets import Dataset
from vael.estimators import VAE, Autoencoder
from vael.estimators.run_data import RunData
from vael.report.blocks import Block, Fact, Facts, Heading, Measured, Notice, Report, Section
from vael.report.choices import choices, duration, training_facts
from vael.report.distribution_seen import between_section, quality_section, use_section
from vael.report.geometry_seen import geometry_section
from vael.report.held_out import HeldOut, held_out, unnamed
from vael.report.machine import describe_machine
from vael.report.notices import likelihood_notices, training_notices
from vael.report.numbers_seen import application_section, denoising_section, likelihood_section
from vael.report.pictures import in_both_themes
from vael.report.records import RunMeasures
from vael.report.seen import latent_section, reconstruction_section, sample_section

__all__ = ["run_report"]


def run_report(
    estimator: VAE | Autoencoder,
    dataset: Dataset,
    measures: RunMeasures,
    run_data: RunData | None = None,
) -> Report:
    """Write up a fitted estimator: what was fitted and how, what it learned, what it is good for.

    Parameters
    ----------
    estimator : VAE or Autoencoder
        Fitted, or loaded.
    dataset : Dataset
        The data that it was fitted to.
    measures : RunMeasures
        What `measure_run` found; every number of the report is from here or from the training history.
    run_data : RunData, default=None
        What the run kept of its data.

    Returns
    -------
    Report
        For `vael.report.write`.
    """
    held = held_out(estimator, dataset, run_data)
    with unnamed():
        sections = [
            _fitted(estimator, dataset),
            _training(estimator),
            reconstruction_section(estimator, dataset, held, measures),
            sample_section(estimator, dataset, held, measures.random_state),
            latent_section(estimator, dataset, held),
            _with_notices(likelihood_section(estimator, measures), _notices(estimator, dataset, measures)),
            use_section(estimator, held, measures),
            quality_section(estimator, dataset, held, measures, run_data),
            between_section(measures),
            _geometry(estimator, dataset, held, measures),
            application_section(measures) or _no_applications(measures),
            denoising_section(estimator, dataset, held, measures),
            _measured(measures),
        ]
    kind = "A variational autoencoder" if isinstance(estimator, VAE) else "An autoencoder"
    return Report(
        title=f"{kind} of {dataset.name}",
        subtitle=f"{estimator.n_components_} latents learned from {estimator.n_train_} rows without "
        f"labels, in {duration(estimator.history_[-1].seconds)}.",
        summary=_summary(estimator, measures),
        sections=[section for section in sections if section is not None],
        footer=_footer(dataset),
    )


def _summary(estimator: VAE | Autoencoder, measures: RunMeasures) -> list[Fact]:
    found, bound = measures.likelihood, measures.bound
    facts = []
    if found is not None:
        name = "ln p(x), held out" if not measures.on_training_rows else "ln p(x), training rows"
        facts.append(
            Fact(
                name if found.proper else "Score (not a likelihood)",
                Measured(found.mean, found.standard_error),
                "nats",
                f"{found.samples} importance samples a row, {measures.rows} rows",
                1,
            )
        )
    facts.append(
        Fact(
            "Active latents", f"{bound.active_latents} of {estimator.n_components_}",
            note=f"means vary by more than {bound.active_variance:g}",
        )
    )  # fmt: skip
    explained = 100 * measures.reconstruction.explained
    facts.append(Fact("Variance kept", explained, "%", "by reconstructions", 1))
    if measures.applications is not None:
        table = measures.applications.table
        fewest = min(row.labels for row in table.rows if row.labels > 0)
        count = 100 if any(row.labels == 100 for row in table.rows) else fewest
        best = max(
            (r for r in table.rows if r.labels == count and r.representation == "latents"),
            key=lambda r: r.mean,
        )
        star = ", transductive" if best.transductive else ""
        facts.append(
            Fact(f"Accuracy, {count} labels", 100 * best.mean, "%", f"{best.method} on latents{star}", 1)
        )
    return facts


def _fitted(estimator: VAE | Autoencoder, dataset: Dataset) -> Section:
    lead = (
        "Two networks, trained together. The encoder q(z|x) says which latents z may have made a row x; "
        "the decoder p(x|z) says which rows a z makes. With the prior p(z) they are a distribution over "
        "rows."
    )
    if not isinstance(estimator, VAE):
        lead = (
            "Two networks, trained together: the encoder takes a row to a code of few numbers, the "
            "decoder takes the code back to a row."
        )
    return Section("What was fitted", lead, (Facts(choices(estimator, dataset)),))


def _training(estimator: VAE | Autoencoder) -> Section:
    held = "rows held out from training" if estimator.n_validation_ else "the training rows"
    picture = in_both_themes(
        plots.learning_curves,
        estimator.history_,
        caption="The bound, higher is better, and the two parts that it is made of. The weights kept are "
        f"those that were best on {held}.",
        alt="Learning curves of the bound, the reconstruction and the KL divergence",
    )
    blocks: list[Block] = [
        *training_notices(estimator),
        picture,
        Heading("Settings"),
        Facts(training_facts(estimator)),
    ]
    return Section("How training went", "", blocks)


def _notices(estimator: VAE | Autoencoder, dataset: Dataset, measures: RunMeasures) -> list[Notice]:
    found = likelihood_notices(estimator, dataset, measures)
    if measures.on_training_rows:
        found.append(
            Notice(
                "warning",
                "Nothing was held out: the numbers are of rows that the model was trained on, and flatter "
                "it.",
                action="Fit with `validation_fraction=0.1`, or give a data set with test rows.",
            )
        )
    return found


def _with_notices(section: Section, notices: list[Notice]) -> Section:
    return Section(section.title, section.lead, (*notices, *section.blocks))


def _geometry(
    estimator: VAE | Autoencoder, dataset: Dataset, held: HeldOut, measures: RunMeasures
) -> Section | None:
    if measures.geometry is None:
        return None
    return geometry_section(estimator, dataset, held, measures.geometry, measures.random_state)


def _no_applications(measures: RunMeasures) -> Section:
    text = f"Not measured: {measures.skipped['applications']}."
    return Section("With few labels", text)


def _measured(measures: RunMeasures) -> Section:
    machine = describe_machine()
    facts = [Fact(f"Time: {name}", duration(seconds)) for name, seconds in measures.seconds.items()]
    facts += [Fact(name.capitalize(), value) for name, value in machine.items()]
    facts.append(Fact("Seed of the measures", measures.random_state))
    facts += [Fact(f"Not measured: {name}", why) for name, why in measures.skipped.items()]
    return Section("How this was measured", "", (Facts(facts),))


def _footer(dataset: Dataset) -> str:
    return f"Data: {dataset.source}; licence: {dataset.licence}. Made by vael."
