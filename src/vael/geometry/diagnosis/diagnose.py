"""Whether geometry matters in a latent space: measured on its codes, and said in words."""

from __future__ import annotations

import copy
import time
from typing import Any

import numpy as np
from torch import Tensor

from vael.errors import InputError
from vael.geometry.diagnosis.around import neighbours_of, parts_of
from vael.geometry.diagnosis.findings import judge
from vael.geometry.diagnosis.local import curvature_of, measure_points, volume_of
from vael.geometry.diagnosis.pairs import drawn_pairs, excess_of, measure_pairs, order_of
from vael.geometry.diagnosis.precision import in_double
from vael.geometry.diagnosis.records import GeometryDiagnosis, Quantity
from vael.geometry.manifold import Manifold

__all__ = ["ORDER", "diagnose_geometry"]

LEAST_ROWS = 3

ORDER = (
    *("excess_median", "excess_low", "excess_high", "excess_above_5", "excess_above_10", "not_converged"),
    *("rank_correlation", "rank_correlation_mean_metric", "neighbours_changed"),
    *("volume_deviation", "volume_ratio", "condition_median", "condition_high"),
    *("curvature_low", "curvature_median", "curvature_high", "curvature_scaled"),
    *("parts", "singular"),
)


def diagnose_geometry(
    manifold: Manifold,
    Z: Any,
    *,
    pairs: int = 200,
    points: int = 500,
    random_state: int = 0,
) -> GeometryDiagnosis:
    """Measure whether geometry matters among codes, and say so.

    Straight lines are compared with geodesics between pairs of codes, Euclidean distances with geodesic ones,
    and metric and curvature are computed at codes. Metric and curvature are of the decoder in double
    precision wherever it can be brought to it.

    Arguments:
        manifold: The manifold; where it has data, geodesics look for ways through them, else through Z.
        Z: Codes, ``(n, latent)``, three at least: encoded rows, not draws of the prior.
        pairs: Pairs of codes that are joined, drawn at random.
        points: Codes at which metric and curvature are computed, drawn at random.
        random_state: All draws follow from it.

    Raises:
        InputError: If the codes are not as they should be, or pairs or points are less than 1.

    Example:
        >>> import torch
        >>> from vael.geometry import LatentManifold, diagnose_geometry
        >>> W = torch.eye(2).double()
        >>> Z = torch.randn(100, 2, generator=torch.Generator().manual_seed(0)).double()
        >>> diagnose_geometry(LatentManifold(lambda z: z @ W), Z).verdict
        'does not matter'
    """
    start = time.perf_counter()
    codes = _codes(manifold, Z, pairs, points)
    rng = np.random.default_rng(random_state)
    if manifold.data is None:
        manifold = _among(manifold, codes)
    try:
        double: Manifold | InputError = in_double(manifold)
    except InputError as error:
        double = error
    found = measure_pairs(manifold, codes, drawn_pairs(len(codes), pairs, rng))
    local = manifold if isinstance(double, InputError) else double
    rows = np.sort(rng.permutation(len(codes))[:points])
    metrics = measure_points(local, codes, rows)
    distance = float(np.median(found.geodesic)) if len(found.geodesic) else None
    numbers: dict[str, Quantity] = {
        **excess_of(found),
        **order_of(found, metrics.mean, rng),
        **volume_of(local, metrics),
        **curvature_of(double, metrics, distance, rng),
        **neighbours_of(manifold, codes, rng),
    }
    joined, parts = parts_of(manifold, codes)
    numbers |= joined
    verdict, findings = judge(manifold, numbers, parts, metrics.singular, found.dropped, codes.shape[1])
    return GeometryDiagnosis(
        verdict=verdict,
        findings=findings,
        quantities={key: numbers[key] for key in ORDER},
        parts=parts,
        singular=metrics.singular,
        latents=codes.shape[1],
        rows=len(codes),
        seconds=time.perf_counter() - start,
        random_state=random_state,
    )


def _codes(manifold: Manifold, Z: Any, pairs: int, points: int) -> Tensor:
    if pairs < 1 or points < 1:
        raise InputError(f"pairs and points must be >= 1, got {pairs} and {points}")
    codes = manifold.read(Z, "Z")
    if len(codes.batch) != 1:
        raise InputError(f"Z must have shape (n, latent), got {(*codes.batch, codes.flat.shape[1])}")
    if len(codes.flat) < LEAST_ROWS:
        raise InputError(f"{len(codes.flat)} codes are too few to judge: {LEAST_ROWS} are needed")
    return codes.flat.detach()


def _among(manifold: Manifold, codes: Tensor) -> Manifold:
    """The same manifold, with the codes as its data."""
    made = copy.copy(manifold)
    made.__dict__.pop("graph", None)
    made.data = codes
    return made
