"""What was measured of a model: sections of tables, each number with its estimator and its rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vael import plots
from vael.datasets import Dataset
from vael.estimators import VAE, Autoencoder
from vael.evaluation import PairedDifference, ProbeRow, ProbeTable
from vael.report.applications import denoised
from vael.report.blocks import Block, Cell, Column, Fact, Facts, Group, Measured, Section, Table
from vael.report.held_out import HeldOut
from vael.report.pictures import in_both_themes, limits_of
from vael.report.records import ApplicationMeasures, DenoisingMeasure, RunMeasures

__all__ = [
    "application_blocks",
    "application_section",
    "denoising_section",
    "likelihood_facts",
    "likelihood_section",
]


def likelihood_facts(measures: RunMeasures) -> list[Fact]:
    """List the likelihood and the bound with how each was estimated."""
    bound, found = measures.bound, measures.likelihood
    on = f"{measures.rows} of {measures.rows_available} {measures.held_out}"
    if found is None:
        return [
            Fact("Mean ln p(x|z)", bound.log_likelihood, "nats a row", "at the code of each row", 2),
            Fact("Measured on", on),
        ]
    name = "Mean ln p(x)" if found.proper else "Mean score, not a likelihood"
    return [
        Fact(name, Measured(found.mean, found.standard_error), "nats a row", "± standard error over rows", 2),
        Fact("Estimator", f"{found.estimator}, {found.samples} samples a row"),
        Fact("It is", found.density_of),
        Fact("ELBO", bound.bound, "nats a row", f"{bound.samples} samples of z a row", 2),
        Fact("Reconstruction, E ln p(x|z)", bound.log_likelihood, "nats a row", digits=2),
        Fact("KL of q(z|x) from p(z)", bound.kl, "nats a row", digits=2),
        Fact("Gap, ln p(x) − ELBO", found.mean - bound.bound, "nats a row", digits=2),
        Fact("Measured on", on),
    ]


def likelihood_section(estimator: VAE | Autoencoder, measures: RunMeasures) -> Section:
    """How likely the model makes unseen rows, and what each latent carries."""
    bound = measures.bound
    blocks: list[Block] = [Facts(likelihood_facts(measures))]
    if measures.likelihood is None:
        lead = (
            "An autoencoder is no distribution: it has no prior, so that ln p(x) cannot be asked for. "
            "What can be is how well its codes rebuild the rows."
        )
        return Section("How well it fits", lead, blocks)
    lead = (
        "ln p(x) says how likely the model makes a row that it has not seen. It is an integral over z, "
        "estimated by importance sampling with the encoder as the proposal; the mean of the estimate "
        "never exceeds the truth. The ELBO is a looser bound: the difference is what the encoder's family "
        "and its amortisation cost, as far as the samples can see it."
    )
    if measures.on_training_rows:
        lead += " These rows were trained on, which flatters the model."
    if bound.kl_per_latent:
        blocks.append(
            in_both_themes(
                plots.kl_bars, bound.kl_per_latent,
                caption="What each latent says about a row: the mean KL divergence of its posterior from "
                "the prior. By Burda's rule (the posterior mean varies by more than "
                f"{bound.active_variance:g} over the rows) {bound.active_latents} of "
                f"{estimator.n_components_} latents are active.",
                alt="KL divergence of each latent",
            )
        )  # fmt: skip
    return Section("How likely it makes the data", lead, blocks)


def application_section(measures: RunMeasures) -> Section | None:
    """What the latents are worth to someone with few labels."""
    if measures.applications is None:
        return None
    lead = (
        "The encoder was trained without labels. With a few labels at hand, are its latents a better "
        "place to classify than the raw rows, or than PCA of the same size? Each draw of labels is shared "
        "by all representations, so that the differences pair."
    )
    return Section("With few labels", lead, application_blocks(measures.applications))


def application_blocks(applications: ApplicationMeasures) -> list[Block]:
    """The accuracies, as curves and as tables, and the paired differences."""
    table = applications.table
    names = list(dict.fromkeys(row.representation for row in table.rows))
    blocks: list[Block] = []
    with_labels = [row for row in table.rows if row.labels > 0]
    if len({row.labels for row in with_labels}) > 1:
        blocks.append(
            in_both_themes(
                plots.probe_curves, with_labels,
                caption="Accuracy on test rows against the number of labels; bars are one standard "
                "deviation over the draws.",
                alt="Accuracy curves of several methods",
            )
        )  # fmt: skip
    first = [row for row in table.rows if row.representation == names[0]]
    groups = [
        Group(_title(rows[0]), [_line(table, row, names) for row in rows]) for rows in _by_labels(first)
    ]
    blocks.append(
        Table(
            (Column("Method"), *(Column(name, "%", 1) for name in names)),
            groups,
            caption=f"Accuracy, mean ± standard deviation over {table.draws} draws of labels.",
            note=f"Labels from {applications.train}, tested on {applications.test}; classes in balance. "
            "Methods with a star are transductive: fitted on the test rows too, without their labels. "
            "k-means is fitted without labels; each cluster is then named so that accuracy is highest.",
        )
    )
    if table.differences:
        blocks.append(_difference_table(table, names))
    return blocks


def _by_labels(rows: Sequence[ProbeRow]) -> list[list[ProbeRow]]:
    found: dict[tuple[int, bool], list[ProbeRow]] = {}
    for row in rows:
        found.setdefault((row.labels, row.all_labels), []).append(row)
    return list(found.values())


def _title(row: ProbeRow | PairedDifference) -> str:
    if row.labels == 0:
        return "no labels"
    return f"{row.labels} labels" + (", all rows learned from" if row.all_labels else "")


def _line(table: ProbeTable, row: ProbeRow, names: Sequence[str]) -> list[Cell]:
    cells: list[Cell] = [f"{row.method} *" if row.transductive else row.method]
    for name in names:
        found = table.row(row.method, None if row.all_labels else row.labels, name)
        cells.append(_percent(found.mean, found.std))
    return cells


def _difference_table(table: ProbeTable, names: Sequence[str]) -> Table:
    others = names[1:]
    lines: dict[tuple[str, int, bool], dict[str, PairedDifference]] = {}
    for each in table.differences:
        lines.setdefault((each.method, each.labels, each.all_labels), {})[each.other] = each
    groups: dict[str, list[list[Cell]]] = {}
    for (method, _, _), found in lines.items():
        row: list[Cell] = [method]
        row += [_percent(found[other].mean, found[other].standard_error) for other in others]
        groups.setdefault(_title(next(iter(found.values()))), []).append(row)
    return Table(
        (Column("Method"), *(Column(f"{names[0]} − {other}", "points", 1) for other in others)),
        [Group(title, rows) for title, rows in groups.items()],
        caption=f"What the latents gain: accuracy on {names[0]} minus accuracy on the others, draw by draw.",
        note="Mean ± standard error over the draws; above 0 the latents are better.",
    )


def _percent(mean: float, spread: float | None) -> Cell:
    return 100 * mean if spread is None else Measured(100 * mean, 100 * spread)


def denoising_section(
    estimator: VAE | Autoencoder, dataset: Dataset, held: HeldOut, measures: RunMeasures
) -> Section | None:
    """Damaged rows, and what comes back."""
    if not measures.denoising:
        return None
    blocks: list[Block] = []
    shape = estimator.image_shape_
    if shape is not None:
        by_gain = sorted(measures.denoising, key=lambda d: d.error_after / d.error_before)
        for each in (by_gain[0], by_gain[-1]):
            found = denoised(estimator, held, each.kind, each.rows)
            blocks.append(
                in_both_themes(
                    plots.denoising, _flat(found.clean), _flat(found.corrupted), _flat(found.restored), shape,
                    value_limits=limits_of(held.X, shape),
                    caption="Images as they were, damaged, and as the model restores them: "
                    f"{_kind(each.kind, each.amount)}, which it "
                    f"{'mends best' if each is by_gain[0] else 'mends least'}.",
                    alt=f"Images before and after {each.kind} damage, and restored",
                )
            )  # fmt: skip
    rows = [
        (_kind(d.kind, d.amount), d.error_before, d.error_after, d.error_clean, 100 * d.share_improved)
        for d in measures.denoising
    ]
    columns = (
        Column("Damage"),
        Column("before", digits=4),
        Column("after", digits=4),
        Column("no damage", digits=4),
        Column("improved", "%", 1),
    )
    blocks.append(
        Table(
            columns,
            rows,
            caption="Mean squared error a feature against the undamaged rows, values taken to [0, 1].",
            note=f"{measures.denoising[0].rows} {held.name}. *No damage* is the error of reconstructing "
            "rows without damage, which restoring damaged ones can hardly beat.",
        )
    )
    return Section("Denoising", _denoising_lead(measures), blocks)


def _denoising_lead(measures: RunMeasures) -> str:
    lead = (
        "The model was never shown damage. Reconstruction undoes it as far as the encoder, which must "
        "guess z from a damaged row, is not led astray; the decoder then makes a row without damage."
    )
    helped = [d for d in measures.denoising if d.error_after < d.error_before]
    not_helped = [d for d in measures.denoising if d not in helped]
    if helped:
        lead += f" Here the error falls with {_listed(helped)}."
    if not_helped:
        lead += (
            f" It rises with {_listed(not_helped)}: that throws the encoder off, or is less than what "
            "reconstruction itself loses."
        )
    return lead


def _listed(kinds: Sequence[DenoisingMeasure]) -> str:
    *first, last = [_kind(d.kind, d.amount) for d in kinds]
    return f"{', '.join(first)} and {last}" if first else last


def _kind(kind: str, amount: float) -> str:
    if kind == "gaussian":
        return f"Gaussian noise of {amount:g} of the range"
    return f"{kind.replace('-', ' ')} on {amount:.0%} of the values"


def _flat(X: np.ndarray) -> np.ndarray:
    return X.reshape(len(X), -1)
