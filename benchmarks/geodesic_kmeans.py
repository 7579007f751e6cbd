"""k-means on geodesic distances beside Euclidean k-means, on MNIST digits in two latents.

    python benchmarks/geodesic_kmeans.py --runs DIR... [--rows N] [--points P] [--seed S]

Each run is a training by ``benchmarks/retraining.py``: two latents, an ensemble of decoders, no label seen.
The rows are test digits. Accuracy is the share of digits that are right when the ten clusters are named after
the ten digits in the best way. Three clusterings: k-means of the coordinates; k-medoids of the coordinates,
by the code of the third with a flat manifold, which tells how much of the difference is the algorithm's; and
k-medoids of geodesic distances.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

import vael
from common import record
from vael.datasets import load
from vael.evaluation.downstream.clustering import clustering_accuracy
from vael.geometry import GeodesicKMeans, LatentManifold

METHODS = ("k-means", "k-medoids, flat", "k-medoids, geodesic")
DIGITS = 10


def cluster(run: Path, X: np.ndarray, y: np.ndarray, points: int, seed: int) -> dict[str, Any]:
    """Cluster the digits of one training in the three ways."""
    vae = vael.load(run)
    Z = vae.transform(X)
    flat, curved = LatentManifold(lambda z: z), vae.manifold(X)
    ways = (
        KMeans(DIGITS, n_init=10, random_state=seed),
        GeodesicKMeans(flat, DIGITS, max_points=points, random_state=seed),
        GeodesicKMeans(curved, DIGITS, max_points=points, random_state=seed),
    )
    found: dict[str, Any] = {"training": run.name}
    for name, way in zip(METHODS, ways, strict=True):
        start = time.perf_counter()
        labels = way.fit_predict(Z)
        found[name] = clustering_accuracy(y, labels)
        found[f"{name}: Rand"] = float(adjusted_rand_score(y, labels))
        found[f"{name}: s"] = round(time.perf_counter() - start, 1)
    return found


def summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Means over the trainings, standard errors, and the same of differences within a training."""
    scores = {name: np.array([row[name] for row in rows]) for name in METHODS}
    scores |= {f"geodesic - {other}": scores[METHODS[2]] - scores[other] for other in METHODS[:2]}
    return [
        {
            "clustering": name,
            "accuracy": float(values.mean()),
            "standard error": float(values.std(ddof=1) / len(values) ** 0.5) if len(values) > 1 else None,
        }
        for name, values in scores.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=Path, nargs="+", required=True)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--points", type=int, default=2000, help="nodes of the graph at most")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    digits = load("mnist")
    X, y = digits.X_test[: asked.rows], digits.y_test[: asked.rows]
    trainings = [cluster(run, X, y, asked.points, asked.seed) for run in asked.runs]
    notes = [
        f"{len(X)} test digits, {len(asked.runs)} trainings of 2 latents with an ensemble of 4 decoders",
        f"distances by a graph over {asked.points} digits; 10 seedings each; accuracy by the best naming",
        "standard errors are over trainings; differences are within a training",
    ]
    record("geodesic_kmeans", summary(trainings), notes, trainings=trainings)


if __name__ == "__main__":
    main()
