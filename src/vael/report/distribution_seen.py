"""What was measured of the distribution that a model learned: sections of tables and pictures."""

from __future__ import annotations

import math

import numpy as np

from vael import plots
from vael.datasets import Dataset
from vael.distributions import Euclidean
from vael.estimators import VAE, Autoencoder
from vael.estimators.run_data import RunData
from vael.evaluation.samples import Score, nearest_training_rows
from vael.evaluation.smoothness import SmoothnessRow
from vael.report.blocks import Block, Cell, Column, Group, Measured, Section, Table
from vael.report.held_out import HeldOut, validation_rows
from vael.report.notices import latent_notices
from vael.report.pictures import in_both_themes, limits_of
from vael.report.records import RunMeasures

__all__ = ["between_section", "quality_section", "use_section"]

SHOWN = 12  # samples with their nearest training rows
NEAREST = 3
MOST_TRAVERSED = 10
POOL = 10_000  # training rows that the picture looks among


def use_section(estimator: VAE | Autoencoder, held: HeldOut, measures: RunMeasures) -> Section | None:
    """How much the latents carry, whether their law is the prior, and what each does."""
    if measures.latents is None:
        return None
    rows: list[tuple[Cell, ...]] = []
    for each in measures.latents.numbers:
        value: Cell = "not defined" if each.value is None else each.value
        if each.value is not None and each.spread is not None:
            value = Measured(each.value, each.spread)
        if isinstance(value, float) and value.is_integer() and each.unit.startswith("of "):
            value = int(value)
        rows.append((each.name, value, each.unit.replace(" ", "\u00a0"), each.estimator))
    table = Table(
        (Column("Quantity"), Column("value", digits=3), "unit", "estimator"),
        rows,
        caption="What the latents carry.",
        note=f"Over {measures.latents.rows} {measures.held_out.split(',')[0]}; ± is the standard error over "
        "them.",
    )
    lead = (
        "A latent that says nothing about the row costs nothing and is worth nothing. What the codes say "
        "about their rows is the mutual information I(x; z); the rest of the KL term is paid because the law "
        "of all codes, q(z), is not the prior: there samples will differ from reconstructions."
    )
    blocks: list[Block] = [*latent_notices(measures), table]
    if estimator.image_shape_ is not None and isinstance(estimator, VAE) and _flat_latents(estimator):
        blocks.append(_traversals(estimator, held, measures))
    return Section("What the latents carry", lead, blocks)


def _flat_latents(estimator: VAE) -> bool:
    """Whether latents can be moved one by one, the others held still."""
    return isinstance(estimator.space_, Euclidean)


def _traversals(estimator: VAE, held: HeldOut, measures: RunMeasures) -> Block:
    kl, latents = measures.bound.kl_per_latent, estimator.n_components_
    shown = f"The {MOST_TRAVERSED} latents" if latents > MOST_TRAVERSED else "The latents"
    order = " that carry most, by their KL" if kl and latents > 1 else ""
    return in_both_themes(
        plots.traversals,
        lambda z: np.asarray(estimator.inverse_transform(z)).reshape(len(z), -1),
        latents,
        estimator.image_shape_,
        kl_per_latent=kl or None,
        most=MOST_TRAVERSED,
        value_limits=limits_of(held.X, estimator.image_shape_),
        caption=f"{shown}{order}: each row moves one of them from -3 to 3, the others stay at 0.",
        alt="Decoded images along each latent",
    )


def quality_section(
    estimator: VAE | Autoencoder,
    dataset: Dataset,
    held: HeldOut,
    measures: RunMeasures,
    run_data: RunData | None = None,
) -> Section | None:
    """How good samples are, beside held-out rows in their place."""
    found = measures.samples
    if found is None:
        return None
    table = Table(
        (
            Column("Measure"),
            Column("samples", digits=3),
            Column("held out", digits=3),
            "p",
            "better",
            "estimator",
        ),
        [
            Group(f"on {space}", [_line(score) for score in found.scores if score.space == space])
            for space in dict.fromkeys(score.space for score in found.scores)
        ],
        caption=f"{found.n} {found.of}.",
        note=f"*held out* is the floor: {found.n} other held-out rows in the place of the samples. *p* "
        "is the chance of a number as bad if samples had the law of the data; those of the floor are in "
        f"the JSON beside this page. {' '.join(found.notes)}",
    )
    blocks: list[Block] = [table]
    if estimator.image_shape_ is not None and isinstance(estimator, VAE):
        seen = np.setdiff1d(np.arange(len(dataset.X)), validation_rows(estimator, dataset, run_data))
        blocks.append(_nearest(estimator, dataset.X[seen[:POOL]], held, measures.random_state))
    lead = (
        "Samples that look right may still miss half of the data, or be copies of training rows. Precision "
        "and density fall where samples lie outside the data; recall and coverage where data lie outside "
        "the samples; a classifier that tells the two apart shows that they differ; samples that lie nearer "
        "to training rows than held-out rows do are remembered, not learned."
    )
    return Section("How good the samples are", lead, blocks)


def _line(score: Score) -> tuple[Cell, ...]:
    values = ("not defined" if each is None else each for each in (score.value, score.floor))
    better = {"high": "higher", "low": "lower", "floor": "as held out"}[score.better]
    return (score.name.replace("^2", "²"), *values, _chance(score.p_value), better, score.estimator)


def _chance(p_value: float | None) -> str:
    if p_value is None:
        return ""
    return "<\u00a00.001" if p_value < 0.001 else f"{p_value:.3f}"


def _nearest(estimator: VAE, train: np.ndarray, held: HeldOut, seed: int) -> Block:
    shape = estimator.image_shape_
    samples = estimator.sample(SHOWN, mean=True, random_state=seed).reshape(SHOWN, -1)
    found = nearest_training_rows(samples, train, held.X, k=NEAREST, random_state=seed)
    return in_both_themes(
        plots.nearest_rows, samples, train[found.indices], found.distances, shape,
        value_limits=limits_of(held.X, shape),
        caption=f"{SHOWN} samples (means of p(x|z)), each above the {NEAREST} images that lie nearest to it "
        f"among {len(train)} training images, with the distance to the nearest.",
        alt="Samples with their nearest training images",
    )  # fmt: skip


def between_section(measures: RunMeasures) -> Section | None:
    """What lies between two codes, and who stays whose neighbour."""
    blocks: list[Block] = []
    ways, table = measures.interpolation, measures.smoothness
    if ways is not None:
        blocks.append(
            in_both_themes(
                plots.interpolation_realism, ways.t, {"decoded": ways.decoded, "pixels": ways.blended},
                reconstruction=ways.reconstruction,
                caption=f"How far from the data the way between two held-out rows leads: the distance to the "
                f"nearest of {ways.n_train} training rows, as a percentile among those of {ways.n_test} "
                f"held-out rows, mean of {ways.pairs} pairs. Averages and blurred rows lie nearer to most "
                "rows than a row does, so that the shape tells more than the height.",
                alt="Percentile of the distance to the data along lines between rows",
            )
        )  # fmt: skip
        rows = [
            (name, Measured(*ratio))
            for name, ratio in (
                ("decoded line between codes", ways.decoded_ratio),
                ("line between the rows", ways.blended_ratio),
            )
        ]
        blocks.append(
            Table(
                (Column("Way"), Column("middle over ends", digits=3)),
                rows,
                caption="Distance to the nearest training row in the middle of a line over that at its ends.",
                note="± standard error over the pairs. Above 1 the line leaves the data between its ends.",
            )
        )
    if table is not None:
        kept: list[tuple[Cell, ...]] = [(row.name, row.dimensions, *_kept(row)) for row in table.rows]
        kept.append(("at random", "", *table.chance))
        blocks.append(
            Table(
                (
                    Column("Embedding"),
                    "axes",
                    Column("trustworthiness", digits=3),
                    Column("continuity", digits=3),
                    Column("neighbours kept", digits=3),
                ),
                kept,
                caption=f"Whether the {table.k} nearest neighbours of a row are those of its code.",
                note=f"{table.n} rows, Euclidean distances; ± standard error over rows. Trustworthiness "
                "falls with false neighbours, continuity with torn ones (Venna & Kaski 2001). "
                f"{' '.join(table.notes)}.",
            )
        )
    if not blocks:
        return None
    lead = (
        "A map is good for something if its neighbourhoods are those of the data, and if the way from one "
        "place to another passes through places that mean something."
    )
    return Section("Between and around the codes", lead, blocks)


def _kept(row: SmoothnessRow) -> tuple[Cell, ...]:
    values = (row.trustworthiness, row.continuity, row.overlap)
    errors = row.errors or (math.nan,) * 3
    return tuple(
        "not defined" if value is None else Measured(value, error) for value, error in zip(values, errors)
    )
