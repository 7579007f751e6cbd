"""What a fitted model shows: sections of pictures, for images and for tables."""

from __future__ import annotations

import numpy as np

from vael import plots
from vael.datasets import Dataset
from vael.datasets.classes import Classes, read_labels
from vael.distributions import Euclidean
from vael.estimators import VAE, Autoencoder
from vael.report.blocks import Block, Column, Section, Table
from vael.report.held_out import HeldOut, for_maps
from vael.report.measures import has_evidence
from vael.report.notices import is_binarised
from vael.report.pictures import (
    cloud,
    in_both_themes,
    limits_of,
    one_of_each,
    pairs_to_join,
    spread_rows,
)
from vael.report.records import RunMeasures

__all__ = ["latent_section", "reconstruction_section", "sample_section"]

MAP_POINTS = 5_000
CLOUD_POINTS = 2_000
MOST_COLUMNS = 12


def flat(X: np.ndarray) -> np.ndarray:
    """Flatten rows of whatever shape the estimator was fitted to."""
    return np.asarray(X).reshape(len(X), -1)


def reconstruction_section(
    estimator: VAE | Autoencoder, dataset: Dataset, held: HeldOut, measures: RunMeasures
) -> Section:
    """Originals and reconstructions, and what they cost."""
    rows = one_of_each(held.y, len(held.X), 10)
    X = held.X[rows]
    found = measures.reconstruction
    what = "image" if estimator.image_shape_ else "row"
    picture = in_both_themes(
        plots.reconstructions,
        X,
        flat(estimator.reconstruct(X)),
        estimator.image_shape_,
        value_limits=limits_of(held.X, estimator.image_shape_),
        feature_names=dataset.feature_names,
        caption=f"{held.name.split(',')[0].capitalize()} and what the decoder makes of their posterior "
        f"means: {estimator.n_components_} numbers an {what}."
        if what == "image"
        else f"{held.name.split(',')[0].capitalize()} (solid) and what the decoder makes of their posterior "
        f"means (dashed): {estimator.n_components_} numbers a row.",
        alt=f"{len(X)} originals with their reconstructions",
    )
    table = Table(
        (
            Column("Answer"),
            Column("mean squared error", digits=5, best="low"),
            Column("of the variance", "%", 1),
        ),
        (
            ("this model", found.error, 100 * found.explained),
            (f"PCA of {found.pca_axes} axes", found.pca_error, _kept(found.pca_error, found.mean_error)),
            ("the mean training row", found.mean_error, _kept(found.mean_error, found.mean_error)),
        ),
        caption="Error a feature, and the share of the variance that is kept.",
        note=f"{measures.rows} {held.name}; unit: {found.unit}, squared.",
    )
    lead = (
        f"Each {what} goes through {estimator.n_components_} numbers and comes back. What is lost is what "
        "the model treats as noise, or has no room for."
    )
    return Section("Reconstructions", lead, (picture, table))


def sample_section(
    estimator: VAE | Autoencoder, dataset: Dataset, held: HeldOut, seed: int
) -> Section | None:
    """New rows from the prior: their means, and draws."""
    if not isinstance(estimator, VAE) or not has_evidence(estimator):
        return None
    shape = estimator.image_shape_
    limits = limits_of(held.X, shape)
    if shape is None:
        return _table_samples(estimator, dataset, held, seed)
    count = 64
    means = flat(estimator.sample(count, mean=True, random_state=seed))
    draws = flat(estimator.sample(count, random_state=seed))
    noise = (
        "Pixels are drawn one by one, so a draw carries the likelihood's noise: what the model says about "
        "a pixel beyond its mean."
    )
    if is_binarised(estimator):
        noise = "A draw is black and white: each pixel is a coin whose chance of white is the grey above."
    blocks = [
        in_both_themes(
            plots.samples, means, shape, value_limits=limits,
            caption="Means of p(x|z) for z drawn from the prior: none of these is a training row.",
            alt=f"{count} sampled images",
        ),
        in_both_themes(
            plots.samples, draws, shape, value_limits=limits,
            caption=f"Draws from p(x|z) at the same z. {noise}",
            alt=f"{count} sampled images with noise",
        ),
    ]  # fmt: skip
    lead = (
        "To make a new image, draw z from the prior and decode it. How many of them pass for real is what "
        "to look at."
    )
    return Section("New samples", lead, blocks)


def _table_samples(estimator: VAE, dataset: Dataset, held: HeldOut, seed: int) -> Section:
    drawn = flat(estimator.sample(1000, random_state=seed)).astype(np.float64)
    blocks: list[Block] = [
        in_both_themes(
            plots.samples, drawn[:100], None, feature_names=dataset.feature_names,
            caption="A hundred draws: z from the prior, then x from p(x|z). Each line is a row.",
            alt="Sampled rows as lines over the features",
        )
    ]  # fmt: skip
    if drawn.shape[1] <= MOST_COLUMNS:
        X = held.X.astype(np.float64)
        rows = [
            (name, float(a.mean()), float(b.mean()), float(a.std()), float(b.std()))
            for name, a, b in zip(dataset.feature_names, X.T, drawn.T)
        ]
        numbers = [
            Column(f"{what}, {of}", digits=3) for what in ("mean", "deviation") for of in ("data", "model")
        ]
        blocks.append(
            Table(
                (Column("Feature"), *numbers),
                rows,
                caption="Each feature alone: the data beside a thousand draws of the model.",
                note=f"Data: {len(X)} {held.name}.",
            )
        )
    if drawn.shape[1] == 3:
        shown = drawn[:600]
        blocks.append(
            in_both_themes(
                plots.decoded_points_3d, shown, shown, None, shown[:, 0],
                data=held.X[:1500].astype(np.float64),
                label_name=dataset.feature_names[0],
                caption="Draws of the model (in colour) among the data (grey).",
                alt="Sampled points in three dimensions over the data",
            )
        )  # fmt: skip
    lead = (
        "To make a new row, draw z from the prior, then x from p(x|z). A good model's rows are spread as "
        "the data are."
    )
    return Section("New samples", lead, blocks)


def latent_section(
    estimator: VAE | Autoencoder, dataset: Dataset, held: HeldOut, *, cloud_points: int = CLOUD_POINTS
) -> Section:
    """Maps of the latents, the decoded grid, and ways between rows."""
    k, shape = estimator.space_.coordinates, estimator.image_shape_
    unseen, held = held, for_maps(dataset, held)
    rows = spread_rows(len(held.X), MAP_POINTS)
    Z = np.asarray(estimator.transform(held.X[rows]), np.float64)
    y = None if held.y is None else held.y[rows]
    whole = "" if k <= 2 else f" The {k} latents are projected to the two axes along which they vary most."
    colour = (
        "coloured by their labels, which training never saw" if y is not None else "shaded by their density"
    )
    blocks: list[Block] = [
        in_both_themes(
            plots.latent_map, Z, y,
            caption=f"Posterior means of {len(rows)} {held.name.split(',')[0]}, {colour}.{whole}",
            alt="Map of the latent space",
        )
    ]  # fmt: skip
    if shape is not None and k == 2 and isinstance(estimator.space_, Euclidean):
        blocks.append(
            in_both_themes(
                plots.decoded_grid, lambda z: flat(estimator.inverse_transform(z)), shape,
                value_limits=limits_of(held.X, shape),
                caption="The decoder over the whole latent plane, at the quantiles of the prior, so that "
                "each image stands for the same share of it. It is the map above, seen from the other "
                "side.",
                alt="Decoded images over the latent plane",
            )
        )  # fmt: skip
    if k >= 3 and len(rows) > 3:
        blocks += _in_space(estimator, held, Z, rows, cloud_points)
    if shape is not None:
        blocks += _strips(estimator, unseen)
    lead = (
        "Where the encoder puts rows that it has not been trained on. Rows that look alike should lie "
        "together."
    )
    if held.trained_on:
        lead = (
            "Where the encoder puts the rows, those that it was trained on among them. Rows that look alike "
            "should lie together."
        )
    return Section("The latent space", lead, blocks)


def _in_space(
    estimator: VAE | Autoencoder, held: HeldOut, Z: np.ndarray, rows: np.ndarray, cloud_points: int
) -> list[Block]:
    k, shape = estimator.space_.coordinates, estimator.image_shape_
    part = spread_rows(len(rows), cloud_points, seed=1)
    y = None if held.y is None else held.y[rows][part]
    whole = "" if k == 3 else f" The {k} latents are projected to their first three principal axes."
    pointer = " Move the pointer over a point to see its image." if shape is not None else ""
    blocks: list[Block] = [
        cloud(
            Z[part], y, held.X[rows[part]], shape,
            label_name="label",
            caption=f"The latent means of {len(part)} {held.name.split(',')[0]} in space.{whole} Turn it "
            f"with the mouse.{pointer}",
            alt=f"Latent means of {len(part)} rows in three dimensions",
        )
    ]  # fmt: skip
    if shape is None:
        return blocks
    few = part[one_of_each(y, len(part), 120)]
    classes = None if held.y is None else held.y[rows][few]
    if classes is not None and not isinstance(read_labels(classes, len(few)), Classes):
        classes = None
    blocks.append(
        in_both_themes(
            plots.decoded_points_3d, Z[few], flat(estimator.inverse_transform(Z[few])), shape, classes,
            value_limits=limits_of(held.X, shape),
            caption=f"What the decoder makes of {len(few)} of these points, drawn where they lie.",
            alt="Decoded images at their places in the latent space",
        )
    )  # fmt: skip
    return blocks


def _strips(estimator: VAE | Autoencoder, held: HeldOut) -> list[Block]:
    start, end = pairs_to_join(held.y, len(held.X), 5)
    if not len(start) or estimator.image_shape_ is None:
        return []
    strips = np.asarray(estimator.interpolate(held.X[start], held.X[end], steps=12))
    return [
        in_both_themes(
            plots.interpolation, strips.reshape(*strips.shape[:2], -1), estimator.image_shape_,
            value_limits=limits_of(held.X, estimator.image_shape_),
            caption="Straight lines between the latent means of two rows, decoded. Halfway images that "
            "are still images, and no overlay of the two ends, show that the space between is filled.",
            alt="Decoded images along lines between pairs of rows",
        )
    ]  # fmt: skip


def _kept(error: float, of_mean: float) -> float:
    return 100 * (1 - error / of_mean) if of_mean > 0 else float("nan")
