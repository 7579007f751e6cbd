"""What bfloat16 costs in nats: the ELBO after ten epochs beside float32's.

    python benchmarks/bfloat16.py [--seeds N]

784-500-20 ReLU on MNIST's greys, Bernoulli, Adam, batch 512. A seed decides weights, order and noise in both
precisions, so the runs pair; the ELBO is that of the last epoch, over all 60000 digits.
"""

from __future__ import annotations

import argparse

import numpy as np

from common import record
from vael import VAE
from vael.datasets import load
from vael.models import Bernoulli

EPOCHS = 10


def bound(X: np.ndarray, precision: str, seed: int) -> tuple[float, float]:
    """ELBO of the last epoch in nats, and seconds an epoch."""
    vae = VAE(
        20,
        hidden=(500,),
        activation="relu",
        likelihood=Bernoulli(binarise=None),
        validation_fraction=0.0,
        max_epochs=EPOCHS,
        patience="never",
        batch_size=512,
        precision=precision,
        random_state=seed,
    ).fit(X)
    last = vae.history_[-1]
    return last.train_bound, last.seconds / EPOCHS


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=5)
    asked = parser.parse_args()
    X = load("mnist").X
    found = {p: [bound(X, p, seed) for seed in range(asked.seeds)] for p in ("float32", "bfloat16")}
    wide, narrow = (np.array([b for b, _ in found[p]]) for p in ("float32", "bfloat16"))
    difference = narrow - wide
    error = difference.std(ddof=1) / np.sqrt(asked.seeds)
    rows = [
        {"seed": seed, "float32, nats": a, "bfloat16, nats": b, "difference": b - a}
        for seed, (a, b) in enumerate(zip(wide, narrow, strict=True))
    ]
    within = "within" if abs(difference.mean()) <= 0.1 else "NOT within"
    notes = [
        f"mean difference {difference.mean():+.3f} +- {error:.3f} nats, {within} 0.1",
        *(f"{p}: {np.mean([s for _, s in runs]):.2f} s an epoch" for p, runs in found.items()),
    ]
    record("bfloat16", rows, notes)


if __name__ == "__main__":
    main()
