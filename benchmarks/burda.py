"""Burda's network on dynamically binarised MNIST: negative log-likelihood and active units.

    python benchmarks/burda.py vae  --epochs 2000 --run runs/burda-vae
    python benchmarks/burda.py iwae --epochs 400  --run runs/burda-iwae

784-200-200-50 with tanh, trained on all 60000 digits, measured on all 10000 test digits with 5000
importance samples. A run that was stopped goes on when the same command is given again; the seconds of its
parts are added up. Published (Burda 2016, table 1): VAE 86.76 with 19 active units, IWAE of 50 samples 84.78
with 25, after 3280 epochs at batch 20.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from common import record
from vael import VAE
from vael.datasets import load
from vael.objectives import IWELBO

PUBLISHED = {"vae": (86.76, "19"), "iwae": (84.78, "25")}
SAMPLES = 5000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("model", choices=["vae", "iwae"])
    parser.add_argument("--epochs", type=int, default=2000)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--schedule", default="one-cycle")
    parser.add_argument("--warm-up", type=float, default=0.0, help="part over which k rises from 1 to 50")
    parser.add_argument("--resampled", type=int, help="samples that gradients pass, of 50")
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--test-rows", type=int, default=10000)
    asked = parser.parse_args()
    digits = load("mnist")
    vae = VAE(
        50,
        preset=asked.model,
        objective=IWELBO(50, doubly_reparameterised=True, warm_up=asked.warm_up, resampled=asked.resampled)
        if asked.model == "iwae"
        else None,
        hidden=(200, 200),
        activation="tanh",
        likelihood="bernoulli",
        validation_fraction=0.0,
        max_epochs=asked.epochs,
        patience="never",
        batch_size=asked.batch,
        learning_rate=asked.rate,
        schedule=asked.schedule,
        precision=asked.precision,
        random_state=0,
        verbose=1,
        run=asked.run,
        resume=True,
    ).fit(digits.X)
    start = time.perf_counter()
    nll = -vae.score_samples(digits.X_test[: asked.test_rows], n_samples=SAMPLES)
    scored = time.perf_counter() - start
    active = int((vae.transform(digits.X).var(0) > 0.01).sum())
    published, units = PUBLISHED[asked.model]
    last = vae.history_[-1]
    row = {
        "model": asked.model,
        "epochs": last.epoch,
        "batch": asked.batch,
        "minutes": round(last.seconds / 60, 1),
        "training ELBO or bound": round(last.train_bound, 2),
        "NLL, nats": round(float(nll.mean()), 2),
        "standard error": round(float(nll.std() / np.sqrt(len(nll))), 2),
        "test digits": len(nll),
        "aim": published,
        "reached": bool(nll.mean() <= published),
        "active units": active,
        "published": units,
        "scoring, s": round(scored),
    }
    how = f"rate {asked.rate:g}, {asked.schedule}, {asked.precision}; seed 0; dynamic binarisation"
    if asked.resampled:
        how += f"; gradients through {asked.resampled} samples"
    notes = [f"{SAMPLES} importance samples; {how}"]
    record(f"burda_{asked.model}", [row], notes)


if __name__ == "__main__":
    main()
