"""Geodesics, distances and metrics of decoders: how fast and how right, beside stochman and geomstats.

    python benchmarks/geodesics.py train --models DIR            # VAEs of MNIST: 2, 8, 32 latents
    python benchmarks/geodesics.py speed --models DIR            # 256 geodesics each
    python benchmarks/geodesics.py ring                          # the ring round a hole
    python benchmarks/geodesics.py pairwise --models DIR
    python benchmarks/geodesics.py metric --models DIR
    python benchmarks/geodesics.py sphere                        # against closed forms

stochman and geomstats are measured where they can be imported (requirements-competitors.txt).
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import os
import resource
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

import vael
from common import record
from ring import ring
from vael import VAE
from vael.datasets import load
from vael.geometry import LatentManifold, Manifold

LATENTS = (2, 8, 32)
CURVES, SEGMENTS = 256, 32
ROUNDS = 3
FINEST = 1e-6  # of the energy, for what is called best known


def train(models: Path) -> None:
    digits = load("mnist")
    for latent in LATENTS:
        vae = VAE(
            latent,
            likelihood="bernoulli",
            hidden=(500,),
            max_epochs=12,
            batch_size=256,
            learning_rate=2e-3,
            random_state=0,
        ).fit(digits.X)
        vae.save(models / f"mnist-{latent}", overwrite=True)


def manifold_of(models: Path, latent: int) -> LatentManifold:
    return vael.load(models / f"mnist-{latent}").manifold(load("mnist").X[:5000])


def ends(manifold: Manifold, n: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    assert manifold.data is not None
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randint(len(manifold.data), (2, n), generator=generator)
    return manifold.data[rows[0]], manifold.data[rows[1]]


def true_length(manifold: Manifold, at: Callable[[np.ndarray], Tensor]) -> Tensor:
    """Lengths of curves from many chords in double precision, whatever solver made them."""
    times = np.linspace(0, 1, 513)
    squares = [manifold.structure.squares(part) for part in at(times).split(16)]
    return torch.cat(squares).double().sqrt().sum(-1)


def timed(run: Callable[[], Any], rounds: int = ROUNDS) -> tuple[float, Any]:
    """Median seconds of a few runs, after one that warms up; and the last result."""
    found = run()
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        found = run()
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds)), found


def stochman_solver(manifold: Manifold) -> Callable[[Tensor, Tensor], Callable[[np.ndarray], Tensor]] | None:
    """stochman's default: a cubic of 5 nodes, 150 steps of Adam on 20 points; all curves in one batch."""
    try:
        from stochman.manifold import EmbeddedManifold
    except ImportError:
        return None

    class Embedded(EmbeddedManifold):
        def embed(self, points: Tensor, jacobian: bool = False) -> Tensor:
            return manifold.immersion.value(points.reshape(-1, points.shape[-1])).reshape(
                *points.shape[:-1], -1
            )

        def metric(self, points: Tensor) -> Tensor:
            return manifold.structure.metric(points)

    def solve(a: Tensor, b: Tensor) -> Callable[[np.ndarray], Tensor]:
        curve, _ = Embedded().connecting_geodesic(a, b)
        return lambda t: curve(torch.as_tensor(t, dtype=a.dtype)).detach()

    return solve


def solvers(manifold: Manifold) -> dict[str, Callable[[Tensor, Tensor], Any]]:
    found: dict[str, Callable[[Tensor, Tensor], Any]] = {
        "vael": lambda a, b: manifold.geodesic(a, b, segments=SEGMENTS),
        "vael, straight start alone": lambda a, b: manifold.geodesic(a, b, segments=SEGMENTS, graph=False),
    }
    other = stochman_solver(manifold)
    if other is not None:
        found["stochman 0.3.0, default"] = other
    return found


def share(which: Tensor) -> str:
    return f"{float(which.float().mean()):.1%}"


def compared(manifold: Manifold, n: int, seed: int, bad: float, rounds: int) -> list[dict[str, Any]]:
    a, b = ends(manifold, n, seed)
    if manifold.graph is not None:
        manifold.graph.paths(a, b, SEGMENTS)  # built once for a manifold
    best = manifold.geodesic(a, b, segments=64, tolerance=FINEST)
    results = {
        name: timed(partial(run, a, b), 1 if "stochman" in name else rounds)
        for name, run in solvers(manifold).items()
    }
    lengths = {name: true_length(manifold, curves) for name, (_, curves) in results.items()}
    known = torch.stack([true_length(manifold, best), *lengths.values()]).amin(0)
    return [
        {
            "solver": name,
            "ms each": 1000 * results[name][0] / n,
            f"> {bad:.0%} longer than the best known": share(found > (1 + bad) * known),
            "longest, beside the best known": f"{float((found / known).max() - 1):.2%}",
            "converged": share(results[name][1].converged) if hasattr(results[name][1], "converged") else "",
            "straight line longer by (median)": f"{float(results[name][1].straight_excess.median()):.2%}"
            if hasattr(results[name][1], "straight_excess")
            else "",
        }
        for name, found in lengths.items()
    ]


def speed(models: Path) -> None:
    rows = []
    for latent in LATENTS:
        rows += [
            {"latents": latent, **row}
            for row in compared(manifold_of(models, latent), CURVES, 0, 0.01, ROUNDS)
        ]
    record(
        "geodesics_speed",
        rows,
        [
            f"{CURVES} pairs of digits at once, {SEGMENTS} segments, decoder latents-500-784, Fisher-Rao of "
            f"Bernoullis, float32; median of {ROUNDS} runs (stochman: one).",
            "Best known: the least over all solvers here and 64 segments to a part of 1e-6 of the energy.",
            "Building the graph over the data (once for a manifold) is not counted.",
            "Aims: 3 ms at 2 latents, 30 ms at 8 and 32; none more than 1 % longer than the best known.",
        ],
    )


def on_ring() -> None:
    rows = []
    for seed in range(3):
        function, data = ring(seed)
        manifold = LatentManifold(function, data=data)
        rows += [{"ring": seed, **row} for row in compared(manifold, CURVES, seed, 0.05, 1)]
    record("geodesics_ring", rows, [f"{CURVES} pairs of data points a ring, float64.", "Aim: no bad curve."])


def peak() -> float:
    """Most memory that this process ever held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def pairwise(models: Path) -> None:
    manifold = manifold_of(models, 2)
    assert manifold.data is not None
    before = peak()
    Z = manifold.data[:1000]
    start = time.perf_counter()
    found = manifold.pairwise(Z)
    seconds = time.perf_counter() - start
    most = peak()
    fine = manifold.pairwise(Z[:80], refine=True)
    apart = torch.triu(torch.ones(80, 80, dtype=torch.bool), 1)
    error = (found[:80, :80] / fine - 1)[apart]
    record(
        "geodesics_pairwise",
        [
            {
                "points": 1000,
                "seconds": seconds,
                "median error": f"{float(error.abs().median()):.2%}",
                "95 % of errors within": f"{float(error.abs().quantile(0.95)):.2%}",
                "peak memory, MB": most,
                "before, MB": before,
            }
        ],
        [
            "By the graph of 32 neighbours over 2000 nodes; errors against refined geodesics of 3160 pairs.",
            "Memory of the whole process, with the model and 60000 digits.",
            "Aims: 30 s, median error 2 %, 1 GB.",
        ],
    )


def metric(models: Path) -> None:
    rows = []
    for megabytes in (16, 64, 256):  # a process each: the peak of a process never falls
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            rows.append(pool.apply(metric_within, (models, megabytes)))
    record(
        "geodesics_metric",
        rows,
        [
            "Metric of 100000 points, decoder 2-500-784, float32; each budget in a process of its own.",
            "The growth counts the result (1.6 MB) and what the allocator keeps, beside the process "
            "with its model after 50 points.",
            "Aims: 8 s; memory within the budget.",
        ],
    )


def metric_within(models: Path, megabytes: int) -> dict[str, Any]:
    manifold = vael.load(models / "mnist-2").manifold(memory=megabytes * 2**20)
    z = torch.randn(100_000, 2)
    manifold.structure.metric(z[:50])
    before = peak()
    start = time.perf_counter()
    manifold.structure.metric(z)
    seconds = time.perf_counter() - start
    return {"budget, MB": megabytes, "seconds": seconds, "peak grew by, MB": peak() - before}


def sphere() -> None:
    def chart(z: Tensor) -> Tensor:
        t, p = z[..., 0], z[..., 1]
        return torch.stack([t.sin() * p.cos(), t.sin() * p.sin(), t.cos()], -1)

    a, b = (torch.tensor([x], dtype=torch.float64) for x in ((1.2, 0.0), (0.6, 1.5)))
    exact = 1.227817887617859
    manifold = LatentManifold(chart)
    seconds, found = timed(lambda: manifold.geodesic(a, b, segments=64))
    curvature = float(manifold.curvature(a)[0]) if hasattr(manifold, "curvature") else math.nan
    rows = [
        {
            "library": "vael",
            "distance, s": seconds,
            "error of the distance": abs(float(found.length) - exact),
            "error of the curvature": abs(curvature - 1),
        }
    ]
    with suppress(ImportError):
        rows.append(geomstats_sphere(chart, a, b, exact))
    record("geodesics_sphere", rows, ["Unit sphere in its chart, float64, one pair."])


def geomstats_sphere(chart: Callable[[Tensor], Tensor], a: Tensor, b: Tensor, exact: float) -> dict[str, Any]:
    os.environ["GEOMSTATS_BACKEND"] = "pytorch"
    from geomstats.geometry.base import ImmersedSet
    from geomstats.geometry.euclidean import Euclidean
    from geomstats.geometry.pullback_metric import PullbackMetric

    torch.set_default_dtype(torch.float64)

    class Chart(ImmersedSet):
        def __init__(self) -> None:
            super().__init__(dim=2)

        def immersion(self, point: Tensor) -> Tensor:
            return chart(point)

        def _define_embedding_space(self) -> Any:
            return Euclidean(3)

    space = Chart()
    space.equip_with_metric(PullbackMetric)
    start = time.perf_counter()
    length = float(space.metric.dist(a[0], b[0]))
    seconds = time.perf_counter() - start
    x, y = torch.eye(2)
    curvature = float(space.metric.sectional_curvature(x, y, a[0]))
    return {
        "library": "geomstats 2.8.0, pytorch",
        "distance, s": seconds,
        "error of the distance": abs(length - exact),
        "error of the curvature": abs(curvature - 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("train", "speed", "ring", "pairwise", "metric", "sphere"))
    parser.add_argument("--models", type=Path, default=Path("runs/geodesics"))
    asked = parser.parse_args()
    with torch.no_grad() if asked.what == "metric" else torch.enable_grad():
        {
            "train": lambda: train(asked.models),
            "speed": lambda: speed(asked.models),
            "ring": on_ring,
            "pairwise": lambda: pairwise(asked.models),
            "metric": lambda: metric(asked.models),
            "sphere": sphere,
        }[asked.what]()


if __name__ == "__main__":
    main()
