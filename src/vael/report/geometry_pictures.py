"""Pictures of the latent space's geometry: maps, a turning map, strips."""

from __future__ import annotations

import copy
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from vael.datasets import Dataset
from vael.datasets.classes import Classes, read_labels
from vael.errors import InputError
from vael.estimators import VAE, Autoencoder
from vael.geometry import Geodesics, LatentManifold
from vael.plots.geometry import curvature_map, geodesic_strips, volume_map
from vael.report.blocks import Block
from vael.report.geodesic_cloud import geodesic_cloud
from vael.report.geometry import decoding_cost, geometry_rows, manifold_of
from vael.report.held_out import HeldOut
from vael.report.pictures import in_both_themes, limits_of, pairs_to_join, spread_rows
from vael.report.records import GeometryMeasures

__all__ = ["geometry_pictures"]

JOINED = 40  # pairs, among which those that are drawn are chosen
SHOWN_CURVES, SHOWN_STRIPS, SHOWN_STEPS = 6, 4, 13
CLOUD_POINTS = 1_000
TOLERANCE = 1e-5
GRID_WORK = 4e10  # floating-point operations that a map of two latents may take
LEAST_GRID, MOST_GRID = 16, 72


def geometry_pictures(
    estimator: VAE | Autoencoder, dataset: Dataset, held: HeldOut, measures: GeometryMeasures, seed: int
) -> list[Block]:
    """Draw the manifold with the geodesics that are most bent; of one latent there is nothing to draw."""
    latents, rows = estimator.n_components_, geometry_rows(estimator, dataset, held)
    if latents < 2:
        return []
    manifold = manifold_of(estimator, rows.X, measures.uncertainty)
    assert manifold.data is not None
    joined = _joined(manifold, rows, seed)
    if joined is None:
        return []
    blocks: list[Block] = []
    if latents == 2:
        blocks += _maps(estimator, manifold, joined, rows, measures)
    else:
        blocks.append(_cloud(manifold, joined, rows))
    if estimator.image_shape_ is not None:
        blocks.append(_strips(estimator, manifold, joined, rows))
    return blocks


def _joined(manifold: LatentManifold, rows: HeldOut, seed: int) -> Geodesics | None:
    """Geodesics between pairs of codes, of different classes where there are labels; the most bent first."""
    order = np.random.default_rng(seed).permutation(len(rows.X))
    y = None if rows.y is None else rows.y[order]
    start, end = (order[side] for side in pairs_to_join(y, len(order), JOINED))
    assert manifold.data is not None
    a, b = (manifold.data[torch.from_numpy(side)] for side in (start, end))
    found = manifold.geodesic(a, b, tolerance=TOLERANCE)
    sound = torch.isfinite(found.length) & (found.length > 0) & torch.isfinite(found.straight_excess)
    found = _taken(found, sound.nonzero().squeeze(-1))
    return _taken(found, found.straight_excess.argsort(descending=True)) if sound.any() else None


def _taken(found: Geodesics, rows: torch.Tensor) -> Geodesics:
    names = ("points", "length", "energy", "converged", "straight_excess", "steps")
    return replace(found, **{name: getattr(found, name)[rows] for name in names})


def _labels(y: np.ndarray | None, rows: int) -> np.ndarray | None:
    return y if y is not None and isinstance(read_labels(y, rows), Classes) else None


def _maps(
    estimator: VAE | Autoencoder,
    manifold: LatentManifold,
    joined: Geodesics,
    rows: HeldOut,
    measures: GeometryMeasures,
) -> list[Block]:
    work = decoding_cost(estimator)
    side = int(np.clip((GRID_WORK / (3 * work)) ** 0.5, LEAST_GRID, MOST_GRID))
    few = _taken(joined, torch.arange(min(SHOWN_CURVES, len(joined.length))))
    y = _labels(rows.y, len(rows.X))
    blocks: list[Block] = [
        in_both_themes(
            volume_map, _remembering(manifold), y, geodesics=few, resolution=side,
            caption=f"How much of the data's space a piece of latent space stands for: its log volume, with "
            f"the codes of {rows.name.split(',')[0]}. Where it is high, a step is long. Geodesics: the "
            f"{len(few.length)} of {len(joined.length)} random pairs with the largest excess of the straight "
            "line.",
            alt="Map of the log volume with codes and geodesics",
        )
    ]  # fmt: skip
    if measures.diagnosis.value("curvature_median") is None:
        return blocks
    side = int(np.clip((GRID_WORK / (12 * work)) ** 0.5, LEAST_GRID, MOST_GRID * 2 // 3))
    double = manifold_of(estimator, rows.X, measures.uncertainty, double=True)
    with suppress(InputError):  # of a metric that is singular on all of the map
        blocks.append(
            in_both_themes(
                curvature_map, _remembering(double), resolution=side,
                caption="The Gaussian curvature: where it is positive, geodesics come together, where it is "
                "negative, they part. The lines hold 50 and 90 % of the codes.",
                alt="Map of the Gaussian curvature of the latent plane",
            )
        )  # fmt: skip
    return blocks


def _remembering(manifold: LatentManifold) -> LatentManifold:
    """The same manifold, which computes for both themes once."""

    def once(method: Callable[[Any], torch.Tensor]) -> Callable[[Any], torch.Tensor]:
        known: dict[bytes, torch.Tensor] = {}

        def remembered(z: Any) -> torch.Tensor:
            key = np.asarray(z).tobytes()
            if key not in known:
                known[key] = method(z)
            return known[key]

        return remembered

    made = copy.copy(manifold)
    for name in ("metric", "curvature"):
        setattr(made, name, once(getattr(manifold, name)))
    return made


def _cloud(manifold: LatentManifold, joined: Geodesics, rows: HeldOut) -> Block:
    assert manifold.data is not None
    latents = manifold.data.shape[1]
    part = spread_rows(len(rows.X), CLOUD_POINTS, seed=1)
    few = _taken(joined, torch.arange(min(2 * SHOWN_CURVES, len(joined.length))))
    y = _labels(rows.y, len(rows.X))
    fewer = copy.copy(manifold)
    fewer.data = manifold.data[torch.from_numpy(part)]
    whole = "" if latents == 3 else f" The {latents} latents are projected to their first three axes."
    return geodesic_cloud(
        fewer,
        few,
        None if y is None else y[part],
        label_name="label",
        caption=f"Geodesics, and the straight lines between their ends, among the codes of {len(part)} rows: "
        f"the {len(few.length)} of {len(joined.length)} random pairs with the largest excess of the "
        f"straight line.{whole} Turn it with the mouse.",
        alt="Geodesics among the codes in three dimensions",
    )


def _strips(
    estimator: VAE | Autoencoder, manifold: LatentManifold, joined: Geodesics, rows: HeldOut
) -> Block:
    longest = _taken(joined, torch.arange(min(SHOWN_STRIPS, len(joined.length))))

    def decode(z: np.ndarray) -> np.ndarray:
        return np.asarray(estimator.inverse_transform(z)).reshape(len(z), -1)

    return in_both_themes(
        geodesic_strips, manifold, longest, decode, estimator.image_shape_,
        steps=SHOWN_STEPS, value_limits=limits_of(rows.X, estimator.image_shape_),
        caption=f"What is decoded on the straight line between two codes, and on the geodesic below it, at "
        f"even lengths: the {len(longest.length)} of {len(joined.length)} random pairs with the largest "
        "excess. At the left the length of each.",
        alt="Decoded images along straight lines and geodesics",
    )  # fmt: skip
