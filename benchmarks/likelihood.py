"""The likelihood of all MNIST test digits: seconds, memory, and what bfloat16 costs.

    python benchmarks/likelihood.py --run runs/burda-vae
    python benchmarks/likelihood.py --run runs/burda-vae --rows 1000 --samples 500

5000 importance samples of each of 10000 digits under Burda's network, in float32 and in bfloat16, beside the
decoder's matrix products alone in the same dtype. Without --run the network is trained for one epoch: the
times are the same, the errors are not those of a trained model.
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

import vael
from common import record
from vael import VAE
from vael.datasets import load
from vael.evaluation.likelihood import ImportanceSampling, log_likelihood
from vael.nn.products import fast_products

TILE = 1024


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--run", type=Path)
    parser.add_argument("--rows", type=int, default=10000)
    parser.add_argument("--samples", type=int, default=5000)
    asked = parser.parse_args()
    digits = load("mnist")
    vae = trained(digits.X) if asked.run is None else vael.load(asked.run)
    X = digits.X_test[: asked.rows]
    log_likelihood(vae, X[:64], ImportanceSampling(64))
    rows, estimates = [], {}
    for precision in ("float32", "bfloat16"):
        alone = products(vae, asked.rows * asked.samples, precision)  # and again after: the machine drifts
        before = peak()
        start = time.perf_counter()
        found = log_likelihood(vae, X, ImportanceSampling(asked.samples, precision=precision), random_state=0)
        seconds = time.perf_counter() - start
        estimates[precision] = found
        alone = (alone + products(vae, asked.rows * asked.samples, precision)) / 2
        rows.append(
            {
                "precision": precision,
                "seconds": round(seconds, 1),
                "products alone, s": round(alone, 1),
                "ratio": round(seconds / alone, 2),
                "memory above the start, MB": round((peak() - before) / 2**20),
                "ln p(x), nats": round(found.mean, 4),
                "rows trusted, %": round(100 * float(found.trusted.mean()), 1),
            }
        )
    difference = estimates["bfloat16"].estimate - estimates["float32"].estimate
    noise = float(difference.std(ddof=1) / np.sqrt(len(difference)))
    rows[1]["minus float32, nats"] = f"{difference.mean():+.4f} +- {noise:.4f}"
    network = asked.run.name if asked.run else "a net of one epoch"
    notes = [
        f"{asked.samples} samples of each of {len(X)} test digits, {network}",
        f"aims at 10000 x 5000: 180 s, 1000 MB, ratio 1.5, error below 0.02 nats; threads: "
        f"{torch.get_num_threads()}",
        f"largest difference of a row: {np.abs(difference).max():.3f} nats",
    ]
    record("likelihood", rows, notes)


def products(vae: VAE, points: int, precision: str) -> float:
    """Seconds of the decoder's matrix products for so many points, from a hundredth of them."""
    net = vae.model_.decoder.net
    layers = [m for m in net.modules() if isinstance(m, torch.nn.Linear)]
    dtype = getattr(torch, precision)
    pairs = [(layer.weight.to(dtype), layer.bias.to(dtype)) for layer in layers]
    z = torch.randn(TILE, pairs[0][0].shape[1]).to(dtype)
    tiles = max(20, points // TILE // 100)
    with torch.inference_mode(), fast_products(vae.model_, TILE):
        for _warm_up_first in range(2):
            start = time.perf_counter()
            for _ in range(tiles):
                h = z
                for weight, bias in pairs:
                    h = functional.linear(h, weight, bias)
            seconds = time.perf_counter() - start
    return seconds * points / (tiles * TILE)


def peak() -> int:
    """Bytes that the process held at most."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def trained(X: np.ndarray) -> VAE:
    return VAE(
        50, hidden=(200, 200), activation="tanh", likelihood="bernoulli", max_epochs=1, random_state=0
    ).fit(X)


if __name__ == "__main__":
    main()
