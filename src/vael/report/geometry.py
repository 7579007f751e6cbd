"""Measure the geometry of a fitted model's latent space, in a time that does not grow with the model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from vael.datasets import Dataset
from vael.errors import InputError
from vael.estimators import VAE, Autoencoder
from vael.estimators.inference import module_device
from vael.estimators.run_data import RunData
from vael.geometry import LatentManifold, Stability, diagnose_geometry, stability
from vael.report.held_out import HeldOut, for_maps, held_out, unnamed
from vael.report.records import GeometryMeasures

__all__ = ["decoding_cost", "geometry_rows", "manifold_of", "measure_geometry", "measure_stability"]

MOST_PAIRS, LEAST_PAIRS = 200, 30
MOST_ROWS, LEAST_ROWS = 5_000, 10
FEW_ROWS = 100  # that a decoder of any size can afford
PAIR_WORK = 6e9  # floating-point operations of a decoder, times pairs and (1 + latents)
ROW_WORK = 3e9  # the same, times rows: the graph of neighbours


def decoding_cost(estimator: VAE | Autoencoder) -> float:
    """Count the floating-point operations of decoding one code."""
    decoder = estimator.model_.decoder
    counter = FlopCounterMode(display=False)
    width = estimator.space_.coordinates
    z = torch.zeros(1, width, device=module_device(estimator.model_))
    with torch.no_grad(), counter:
        decoder(z)
    return max(1.0, float(counter.get_total_flops()))


def geometry_rows(estimator: VAE | Autoencoder, dataset: Dataset, held: HeldOut) -> HeldOut:
    """Choose the rows whose codes the geometry is measured on: held-out ones where they are enough."""
    shown = for_maps(dataset, held)
    most = int(np.clip(ROW_WORK / decoding_cost(estimator), FEW_ROWS, MOST_ROWS))
    rows = np.sort(np.random.default_rng(0).permutation(len(shown.X))[:most])
    y = None if shown.y is None else shown.y[rows]
    return HeldOut(shown.X[rows], y, f"{len(rows)} {shown.name}", shown.trained_on)


def manifold_of(
    estimator: VAE | Autoencoder, X: np.ndarray, uncertainty: str | None, *, double: bool = False
) -> LatentManifold:
    """Make the manifold of an estimator with the codes of rows as its data."""
    with unnamed():
        precision = "float64" if double else "float32"
        return estimator.manifold(X, uncertainty=uncertainty, precision=precision)


def measure_geometry(
    estimator: VAE | Autoencoder,
    dataset: Dataset,
    run_data: RunData | None = None,
    *,
    pairs: int | None = None,
    uncertainty: str | None = None,
    random_state: int = 0,
) -> GeometryMeasures | str:
    """Measure whether geometry matters among a model's codes; a string says why not.

    Parameters
    ----------
    estimator : VAE or Autoencoder
        Fitted.
    dataset : Dataset
        Its data.
    run_data : RunData, default=None
        What the run kept of its data. Held-out rows are taken, or all rows where these are too few.
    pairs : int, default=None
        Of codes; None: 200, fewer where decoding is dear.
    uncertainty : {"radial"}, default=None
        See `VAE.manifold`.
    random_state : int, default=0
        Draws pairs and points.
    """
    rows = geometry_rows(estimator, dataset, held_out(estimator, dataset, run_data))
    if len(rows.X) < LEAST_ROWS:
        return f"{len(rows.X)} rows are too few: {LEAST_ROWS} are needed"
    try:
        manifold = manifold_of(estimator, rows.X, uncertainty)
        count = _affordable_pairs(estimator) if pairs is None else pairs
        found = diagnose_geometry(manifold, manifold.data, pairs=count, random_state=random_state)
    except InputError as error:
        return str(error)
    return GeometryMeasures(found, rows.name, uncertainty)


def measure_stability(
    estimators: Sequence[VAE | Autoencoder],
    dataset: Dataset,
    run_data: RunData | None = None,
    *,
    pairs: int | None = None,
    uncertainty: str | None = None,
    random_state: int = 0,
) -> Stability:
    """Measure how distances between the same rows vary over trainings of the same data.

    Parameters
    ----------
    estimators : sequence of VAE or Autoencoder
        Two at least, fitted to the data.
    dataset : Dataset
        The data.
    run_data : RunData, default=None
        What the first kept of its data: its held-out rows are taken.
    pairs, uncertainty, random_state
        See `measure_geometry`.
    """
    first = estimators[0]
    dearest = max(estimators, key=decoding_cost)
    rows = geometry_rows(dearest, dataset, held_out(first, dataset, run_data))
    manifolds = [manifold_of(each, rows.X, uncertainty) for each in estimators]
    codes: list[Any] = [manifold.data for manifold in manifolds]
    count = min(map(_affordable_pairs, estimators)) if pairs is None else pairs
    return stability(manifolds, codes, pairs=count, random_state=random_state)


def _affordable_pairs(estimator: VAE | Autoencoder) -> int:
    work = decoding_cost(estimator) * (1 + estimator.n_components_)
    return int(np.clip(PAIR_WORK / work, LEAST_PAIRS, MOST_PAIRS))
