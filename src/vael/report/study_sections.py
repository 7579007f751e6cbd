"""Sections of the case study: what the models show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vael import plots
from vael.datasets import Dataset
from vael.estimators import VAE
from vael.report.blocks import Block, Facts, Section
from vael.report.choices import choices
from vael.report.held_out import HeldOut
from vael.report.pictures import (
    cloud,
    in_both_themes,
    limits_of,
    one_of_each,
    pairs_to_join,
    spread_rows,
)
from vael.report.records import RunMeasures
from vael.report.seen import flat

__all__ = [
    "StudiedModel",
    "idea_section",
    "large_section",
    "path_section",
    "plane_section",
    "space_section",
]

MAP_POINTS = 5_000
CLOUD_POINTS = 2_500


@dataclass(frozen=True)
class StudiedModel:
    """One model of the study: its run's name, what it is for, itself, and what was measured."""

    name: str
    purpose: str
    estimator: VAE
    measures: RunMeasures


def idea_section(dataset: Dataset, large: StudiedModel) -> Section:
    """What it means to learn a distribution, and how a VAE does it."""
    pixels = dataset.X.shape[1]
    lead = (
        f"An image here is a row of {pixels} numbers, and almost no row of {pixels} numbers is a digit. To "
        "*learn the distribution* is to learn which are: a density p(x) that is high on digits and low "
        "elsewhere. With it one can draw new digits, tell how likely an image is, mend a damaged one, and "
        "find the few numbers that matter.\n\nA variational autoencoder says how an image comes about. "
        "First nature draws a few hidden numbers, the *latents* z, from a standard normal p(z). Then it "
        "draws the image from p(x|z), whose means a network, the *decoder*, computes from z. So p(x) = ∫ "
        "p(x|z) p(z) dz. Nobody can do that integral, so a second network, the *encoder* q(z|x), guesses "
        "which z made a given x. Whatever it guesses,\n\n**ln p(x) ≥ E_{q(z|x)} [ ln p(x|z) ] − KL( "
        "q(z|x) ‖ p(z) ).**\n\nThe right side is the *evidence lower bound*, ELBO, in nats. Its first "
        "term rewards images that come back well; the second charges for every nat that the latents say "
        "about the image. Both networks climb it together, and labels play no part."
    )
    return Section(
        "The idea",
        lead,
        (
            _originals(dataset, large),
            Facts(choices(large.estimator, dataset)),
        ),
    )


def _originals(dataset: Dataset, large: StudiedModel) -> Block:
    shape = large.estimator.image_shape_
    return in_both_themes(
        plots.samples,
        dataset.X[:64],
        shape,
        value_limits=limits_of(dataset.X[:1000], shape),
        caption="What there is to learn from: the first 64 training images. Below: the largest of the "
        "three models.",
        alt="64 training images",
    )


def plane_section(model: StudiedModel, held: HeldOut) -> Section:
    """The model with two latents: its map, and the plane decoded."""
    estimator = model.estimator
    rows = spread_rows(len(held.X), MAP_POINTS)
    grid = in_both_themes(
        plots.decoded_grid,
        lambda z: flat(estimator.inverse_transform(z)),
        estimator.image_shape_,
        value_limits=limits_of(held.X, estimator.image_shape_),
        caption="The same plane seen from the decoder: each small image is what a point of the plane "
        "decodes to. The points are the quantiles of the prior, so each stands for the same share of all "
        "digits that the model can draw. Neighbours look alike; one digit turns into the next.",
        alt="A grid of decoded digits over the latent plane",
    )
    plane = in_both_themes(
        plots.latent_map,
        np.asarray(estimator.transform(held.X[rows]), np.float64),
        None if held.y is None else held.y[rows],
        label_name="digit",
        caption=f"Where the encoder puts {len(rows)} {_short(held)}: each point is the mean of q(z|x). The "
        "colours are the labels, which the model never saw; it found the groups by itself.",
        alt="Map of the latent plane, coloured by digit",
    )
    lead = (
        "With two latents the whole model can be seen. Squeezing an image through two numbers loses much, "
        "but what is left is arranged: similar digits share a neighbourhood, since the KL term lets no "
        "space between them go to waste."
    )
    return Section("A map of the digits: two latents", lead, (plane, grid))


def space_section(model: StudiedModel, held: HeldOut) -> Section:
    """The model with three latents, to be turned."""
    estimator = model.estimator
    rows = spread_rows(len(held.X), CLOUD_POINTS, seed=1)
    Z = np.asarray(estimator.transform(held.X[rows]), np.float64)
    y = None if held.y is None else held.y[rows]
    few = one_of_each(y, len(rows), 120)
    turning = cloud(
        Z,
        y,
        held.X[rows],
        estimator.image_shape_,
        label_name="digit",
        caption=f"{len(rows)} {_short(held)} at the means of their posteriors. Turn it with the mouse; "
        "move the pointer over a point to see its image.",
        alt="Latent means in three dimensions, coloured by digit",
    )
    decoded = in_both_themes(
        plots.decoded_points_3d,
        Z[few],
        flat(estimator.inverse_transform(Z[few])),
        estimator.image_shape_,
        None if y is None else y[few],
        value_limits=limits_of(held.X, estimator.image_shape_),
        label_name="digit",
        caption="What the decoder makes of some of these points, drawn where they lie.",
        alt="Decoded digits at their places in the latent space",
    )
    lead = "A third latent gives groups that are pressed together in the plane room to part."
    return Section("A space to turn: three latents", lead, (turning, decoded))


def large_section(model: StudiedModel, held: HeldOut, seed: int) -> Section:
    """The model with many latents: learning, reconstructions, samples."""
    estimator, shape = model.estimator, model.estimator.image_shape_
    limits = limits_of(held.X, shape)
    rows = one_of_each(held.y, len(held.X), 10)
    X, k, n = held.X[rows], estimator.n_components_, 64
    blocks: list[Block] = [
        in_both_themes(
            plots.learning_curves,
            estimator.history_,
            caption=f"Learning, epoch by epoch, with {k} latents: the bound, and below it the two terms "
            "that it is made of. Training first buys better reconstructions with nats of KL. The distance "
            "between the curves is what the model knows about the training images alone.",
            alt="Learning curves",
        ),
        in_both_themes(
            plots.reconstructions,
            X,
            flat(estimator.reconstruct(X)),
            shape,
            value_limits=limits,
            caption=f"{_short(held).capitalize()} and their reconstructions from {k} numbers each.",
            alt="Originals and reconstructions",
        ),
        in_both_themes(
            plots.samples,
            flat(estimator.sample(n, mean=True, random_state=seed)),
            shape,
            value_limits=limits,
            caption="New digits: z drawn from the prior, and the mean of p(x|z). Many would pass. Those "
            "that would not lie between the groups, where the prior has mass and the data have none.",
            alt="Sampled digits",
        ),
        in_both_themes(
            plots.samples,
            flat(estimator.sample(n, random_state=seed)),
            shape,
            value_limits=limits,
            caption="The same z, and a draw from p(x|z) for each: the model is of black and white pixels, "
            "so each pixel is a coin whose chance of white is the grey above. Pictures of VAE samples "
            "usually show means.",
            alt="Sampled digits with the likelihood's noise",
        ),
    ]
    lead = (
        "For work rather than for maps the model gets more latents. They cannot be drawn on a page any "
        "more; what can be is what comes back from them, and what they draw."
    )
    return Section(f"A model for use: {k} latents", lead, blocks)


def path_section(model: StudiedModel, held: HeldOut) -> Section:
    """Lines between images, in latent space and between pixels."""
    estimator, shape = model.estimator, model.estimator.image_shape_
    start, end = pairs_to_join(held.y, len(held.X), 5)
    limits = limits_of(held.X, shape)
    strips = np.asarray(estimator.interpolate(held.X[start], held.X[end], steps=12))
    share = np.linspace(0, 1, 12)[None, :, None]
    ends = held.X[start].astype(np.float64)[:, None], held.X[end].astype(np.float64)[:, None]
    fades = (1 - share) * ends[0] + share * ends[1]
    blocks = (
        in_both_themes(
            plots.interpolation,
            flat(strips.reshape(-1, *strips.shape[2:])).reshape(*strips.shape[:2], -1),
            shape,
            value_limits=limits,
            caption="Straight lines in latent space, decoded: strokes bend, open and close. Where two "
            "digits are far apart the line crosses a region that has no data, and the image fades on the "
            "way.",
            alt="Decoded images between pairs of digits",
        ),
        in_both_themes(
            plots.interpolation,
            fades,
            shape,
            value_limits=limits,
            caption="The same pairs joined by straight lines between their pixels. Halfway lie two images "
            "on top of each other, which is no digit.",
            alt="Pixel averages between pairs of digits",
        ),
    )
    lead = "A test of whether the space between two images means something is to walk there."
    return Section("On the way from one digit to another", lead, blocks)


def _short(held: HeldOut) -> str:
    return held.name.split(",")[0].replace("rows", "images")
