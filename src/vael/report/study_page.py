"""The report of the case study, written to be read from top to bottom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vael.datasets import Dataset
from vael.evaluation import ProbeRow
from vael.report.blocks import (
    Column,
    Fact,
    Facts,
    Measured,
    Notice,
    Report,
    Section,
    Table,
)
from vael.report.choices import clock
from vael.report.distribution_seen import between_section, quality_section, use_section
from vael.report.held_out import for_maps, held_out
from vael.report.machine import describe_machine
from vael.report.notices import latent_notices, likelihood_notices, training_notices
from vael.report.numbers_seen import application_blocks, denoising_section, likelihood_section
from vael.report.records import RunMeasures
from vael.report.study_sections import (
    StudiedModel,
    idea_section,
    large_section,
    path_section,
    plane_section,
    space_section,
)

__all__ = ["DRAWING", "PEAK", "TOTAL", "study_report"]

# Known only once the page is drawn: the study puts the numbers in their place.
TOTAL, DRAWING, PEAK = "@all-of-it@", "@drawing@", "@peak-memory@"


def study_report(
    studied: Sequence[StudiedModel],
    dataset: Dataset,
    *,
    seed: int,
    seconds: Mapping[str, float],
) -> Report:
    """Write the study up: `studied` are the models in the plane, in space, and the large one.

    `seconds` are those of fitting and of measuring. The texts `TOTAL`, `DRAWING` and `PEAK` stand in it for
    what is known only when it is drawn.
    """
    plane, space, large = studied
    held = held_out(large.estimator, dataset, None)
    sections = [
        idea_section(dataset, large),
        plane_section(plane, for_maps(dataset, held)),
        space_section(space, for_maps(dataset, held)),
        large_section(large, held, seed),
        _likelihood(studied, dataset),
        use_section(large.estimator, held, large.measures),
        quality_section(large.estimator, dataset, held, large.measures),
        path_section(large, held),
        between_section(large.measures),
        _few_labels(large.measures),
        denoising_section(large.estimator, dataset, held, large.measures),
    ]
    notices = [notice for model in studied for notice in _notices(model, dataset)]
    kept = [section for section in sections if section is not None]
    kept.append(_measured(studied, dataset, notices, seed, seconds))
    return Report(
        title="Learning Distributions with Variational Autoencoders",
        subtitle=f"A case study: {dataset.name}, {len(dataset.X)} images, no labels used in training.",
        summary=_summary(studied),
        sections=kept,
        footer=f"Data: {dataset.source}; licence: {dataset.licence}. Made by `vael demo`.",
    )


def _summary(studied: Sequence[StudiedModel]) -> list[Fact]:
    large = studied[-1].measures
    facts: list[Fact] = []
    if large.likelihood is not None:
        facts.append(
            Fact(
                "ln p(x), held out",
                Measured(large.likelihood.mean, large.likelihood.standard_error),
                "nats",
                f"{studied[-1].estimator.n_components_} latents, {large.likelihood.samples} importance "
                f"samples a row, {large.rows} rows",
                1,
            )
        )
    best = _best(large)
    if best is not None:
        facts.append(
            Fact(
                f"Accuracy, {best.labels} labels",
                100 * best.mean,
                "%",
                f"{best.method} on latents{', transductive' if best.transductive else ''}",
                1,
            )
        )
    facts += [Fact("All of it took", TOTAL), Fact("Peak memory", PEAK)]
    return facts


def _best(measures: RunMeasures) -> ProbeRow | None:
    """The best method on latents with a hundred labels, or with as few as were tried."""
    if measures.applications is None:
        return None
    table = measures.applications.table
    counts = {row.labels for row in table.rows if row.labels > 0}
    return table.best(100 if 100 in counts else min(counts), "latents")


def _likelihood(studied: Sequence[StudiedModel], dataset: Dataset) -> Section:
    base = likelihood_section(studied[-1].estimator, studied[-1].measures)
    rows = [
        (
            f"{m.estimator.n_components_} latents",
            None if m.measures.likelihood is None else _with_error(m.measures),
            m.measures.bound.bound,
            m.measures.bound.log_likelihood,
            m.measures.bound.kl,
            m.measures.bound.active_latents,
        )
        for m in studied
    ]
    first = studied[-1].measures
    samples = first.likelihood.samples if first.likelihood is not None else 0
    table = Table(
        (
            Column("Model"),
            Column("ln p(x)", "nats", 2, "high"),
            Column("ELBO", "nats", 2, "high"),
            Column("E ln p(x|z)", "nats", 2),
            Column("KL", "nats", 2),
            "Active",
        ),
        rows,
        caption="How likely each model makes images that it has not seen.",
        note=f"{first.rows} of {first.rows_available} {first.held_out}, each pixel made 0 or 1 once; ln "
        f"p(x) by importance sampling, {samples} samples a row, ± standard error over the rows; ELBO by "
        f"{first.bound.samples} samples a row. {_literature(dataset)}".rstrip(),
    )
    errors = Table(
        (
            Column("Numbers an image"),
            Column("this VAE", digits=4, best="low"),
            Column("PCA", digits=4),
            Column("the mean image", digits=4),
        ),
        [
            (
                m.estimator.n_components_,
                m.measures.reconstruction.error,
                m.measures.reconstruction.pca_error,
                m.measures.reconstruction.mean_error,
            )
            for m in studied
        ],
        caption="Mean squared error a pixel of what comes back, greys in [0, 1].",
        note="PCA is the best linear map there is for this error, and makes no distribution.",
    )
    return Section(base.title, base.lead, (table, *base.blocks, errors))


def _literature(dataset: Dataset) -> str:
    """A number to compare with, where it is of the same data."""
    if dataset.name != "mnist":
        return ""
    return (
        "For orientation: a VAE with 50 latents and two hidden layers, trained for 3280 epochs, reached "
        "−86.76 nats on all 10000 test digits, by 5000 samples (Burda et al. 2016, arXiv 1509.00519)."
    )


def _with_error(measures: RunMeasures) -> Measured:
    assert measures.likelihood is not None
    return Measured(measures.likelihood.mean, measures.likelihood.standard_error)


def _few_labels(measures: RunMeasures) -> Section | None:
    if measures.applications is None:
        return None
    best = _best(measures)
    lead = (
        "Images are cheap and labels are dear. The encoder was fitted without any; now a few labels come "
        "in. Are its latents a better place to use them than the pixels, or than PCA of the same size? "
        "Labels are drawn in class balance, and each draw serves all three, so that the differences pair."
    )
    if best is not None and best.transductive:
        lead += (
            f"\n\nWith {best.labels} labels the best method on the latents is {best.method}: "
            f"{100 * (1 - best.mean):.1f} % errors. It lets labels flow along a graph of near neighbours "
            f"through {best.unlabelled} images without labels, the test images among them, so it is "
            "*transductive*: it must see, without labels, the images that it is asked about."
        )
        if best.labels == 100 and measures.applications.table.n_train > 5000:
            lead += (
                " For orientation: Kingma et al. 2014 report 11.82 % for a transductive support vector "
                "machine on a VAE's latents, with 100 labels and all of MNIST."
            )
    return Section("With few labels", lead, application_blocks(measures.applications))


def _notices(model: StudiedModel, dataset: Dataset) -> list[Notice]:
    found = [
        *training_notices(model.estimator),
        *latent_notices(model.measures),
        *likelihood_notices(model.estimator, dataset, model.measures),
    ]
    latents = model.estimator.n_components_
    return [Notice(n.level, f"{latents} latents: {n.text}", n.action) for n in found]


def _measured(
    studied: Sequence[StudiedModel],
    dataset: Dataset,
    notices: Sequence[Notice],
    seed: int,
    seconds: Mapping[str, float],
) -> Section:
    table = Table(
        (
            Column("Model"),
            "Run folder",
            Column("epochs"),
            Column("training", "s", 1),
            Column("images a second"),
            Column("measuring", "s", 1),
        ),
        [
            (
                f"{m.estimator.n_components_} latents",
                m.name,
                m.estimator.n_iter_,
                m.estimator.history_[-1].seconds,
                round(m.estimator.n_train_ * m.estimator.n_iter_ / m.estimator.history_[-1].seconds),
                float(sum(m.measures.seconds.values())),
            )
            for m in studied
        ],
        caption="What was fitted and measured, and how long it took.",
        note="Training: validation left out. The run folders stand beside this report; `vael report` "
        "writes a page on each.",
    )
    large = studied[-1].measures
    parts = [Fact(f"{name.capitalize()} of the large model", clock(s)) for name, s in large.seconds.items()]
    facts = [
        Fact("Fitting, with validation", clock(seconds["fitting"])),
        Fact("Measuring", clock(seconds["measuring"])),
        *parts,
        Fact("Drawing the pictures", DRAWING),
        Fact("All of it", TOTAL),
        Fact("Peak memory", PEAK, note="resident, of the whole process"),
    ]
    facts += [Fact(name.capitalize(), value) for name, value in describe_machine().items()]
    facts += [Fact("Seed", seed), Fact("Data, SHA-256", dataset.sha256()[:16] + "…")]
    return Section("What was measured, and on what", "", (*notices, table, Facts(facts)))
