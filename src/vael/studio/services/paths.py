"""The straight way between two points, and the geodesic."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vael.errors import InputError
from vael.estimators import VAE
from vael.geometry import LatentManifold
from vael.studio.apart import apart
from vael.studio.asked import Asked
from vael.studio.columns import Reply
from vael.studio.kept import kept
from vael.studio.loaded import Loaded
from vael.studio.services.background import manifold, training_sample

__all__ = ["answer", "unsure_manifold"]

SEGMENTS = 32
MOST_STRIP = 32
EXPECTED = ("discretised-logistic", "custom")  # likelihoods without a flat metric of information
SAME = 1e-5  # of the span of the codes: what is nearer has no way in single precision


def answer(loaded: Loaded, asked: Asked) -> Generator[float, None, Reply]:
    """Join points `a` and `b` by both ways.

    Fields:
        a, b: Points, not the same.
        strip: Rows decoded on each way, ends included; 10.
        uncertainty: Let the metric grow where no data are ("radial").

    Arrays:
        straight, geodesic: (33, coordinates), float32, at even times.
        straight_rows, geodesic_rows: (strip, features), as the page shows them.

    Facts:
        straight, geodesic: length and energy of each, in the decoder's metric, see
            ``vael.geometry.statistical_map``. On a sphere, whose own way is the geodesic, in radians.
        converged: Whether the geodesic is one, to its tolerance.
        straight_excess: By which part the straight way is longer; null where a length is unknown.
        metric, unit: What the lengths are of, in words.
    """
    a, b = (asked.vector(name, loaded.coordinates).astype(np.float32) for name in ("a", "b"))
    strip = asked.whole("strip", 2, MOST_STRIP, 10)
    if np.linalg.norm(b - a) <= SAME * np.ptp(loaded.latents, axis=0).max():
        raise InputError("a and b are the same point: move one of them")
    unsure = asked.switch("uncertainty")
    yield 0.1
    ends = torch.from_numpy(np.stack([a, b]))
    loaded.estimator.space_.check(ends.double(), "a and b")
    if loaded.coordinates != loaded.estimator.n_components_:
        straight, geodesic, facts = _on_space(loaded, ends)
    else:
        space = unsure_manifold if unsure else manifold
        straight, geodesic, facts = yield from apart(lambda: _on_manifold(loaded, space(loaded), ends), 0.1)
    yield 0.8
    rows = {
        f"{name}_rows": loaded.decoded(_strip(loaded, way, strip))
        for name, way in (("straight", straight), ("geodesic", geodesic))
    }
    return Reply(facts, {"straight": straight, "geodesic": geodesic, **rows})


@kept
def unsure_manifold(loaded: Loaded) -> LatentManifold:
    """Return the run's manifold with an uncertainty fitted to what the decoder misses."""
    return loaded.estimator.manifold(loaded.shaped(training_sample(loaded)), uncertainty="radial")


def _on_manifold(
    loaded: Loaded, space: LatentManifold, ends: Tensor
) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    start, end = ends[:1], ends[1:]
    found = space.geodesic(start, end, segments=SEGMENTS)
    t = torch.linspace(0, 1, SEGMENTS + 1)[:, None]
    straight = start + t * (end - start)
    with torch.no_grad():
        chords = space.structure.squares(straight[None])[0].double()
    length = float(found.length[0])
    known = 0 < length < float("inf")
    excess = float(found.straight_excess[0]) if known else float("nan")
    metric, unit = _measure(loaded)
    facts = {
        "straight": {"length": length * (1 + excess), "energy": SEGMENTS * float(chords.sum())},
        "geodesic": {"length": length, "energy": float(found.energy[0])},
        "converged": bool(found.converged[0]),
        "straight_excess": excess,
        "metric": metric,
        "unit": unit,
    }
    return straight.numpy(), found.points[0].float().numpy(), facts


def _measure(loaded: Loaded) -> tuple[str, str]:
    """What lengths of the run's manifold are of, in words, and their unit."""
    estimator = loaded.estimator
    if not isinstance(estimator, VAE) or estimator.model_.prior is None:
        return "distance between decoded rows, as the network scales them", ""
    if estimator.likelihood_ in EXPECTED:
        return "the expected metric of p(x|z), as the network scales its rows", ""
    return "the Fisher metric of p(x|z): 1 s.d. is the least change that one row can tell", "s.d."


def _on_space(loaded: Loaded, ends: Tensor) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """Join points of a sphere: by the chord, pushed out to the sphere, and by the great circle."""
    space = loaded.estimator.space_
    start, end = ends[:1], ends[1:]
    t = torch.linspace(0, 1, SEGMENTS + 1)[:, None]
    chord = start + t * (end - start)
    norms = chord.norm(dim=1, keepdim=True)
    if float(norms.min()) < 1e-3:
        raise InputError("a and b are opposite points of the sphere: every way is as short; move one of them")
    geodesic = space.geodesic(start, end, t)
    straight = chord / norms

    def measured(way: Tensor) -> dict[str, float]:
        steps = space.distance(way[:-1].double(), way[1:].double())
        return {"length": float(steps.sum()), "energy": SEGMENTS * float(steps.square().sum())}

    facts = {
        "straight": measured(straight),
        "geodesic": measured(geodesic),
        "converged": True,
        "straight_excess": 0.0,
        "metric": "radians of the sphere",
        "unit": "rad",
    }
    return straight.numpy(), geodesic.reshape(SEGMENTS + 1, -1).numpy(), facts


def _strip(loaded: Loaded, way: np.ndarray, count: int) -> np.ndarray:
    """Points of a way at even times, ends included."""
    places = np.linspace(0, SEGMENTS, count)
    low = np.minimum(places.astype(int), len(way) - 2)
    part = (places - low)[:, None]
    points = way[low] * (1 - part) + way[low + 1] * part
    if loaded.coordinates != loaded.estimator.n_components_:  # of a sphere
        points /= np.linalg.norm(points, axis=1, keepdims=True)
    return points
