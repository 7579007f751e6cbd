"""Annealed importance sampling on Burda's network: its time, its tightness at equal cost, its certificate.

    python benchmarks/ais.py [RUN] [--epochs 50] [--rows 100] [--temperatures 1000] [--chains 16]

RUN is a folder of a trained model, such as benchmarks/burda.py leaves; without it 784-200-200-50 with tanh is
trained for `--epochs` on dynamically binarised MNIST. Three questions, on the first `--rows` test digits:

1. How long does annealing from the encoder take? The aim: 100 digits, 16 chains, 1000 temperatures in 300 s.
2. At equal cost, which gives the highest ln p(x): importance sampling, annealing from the encoder, or from
   the prior? Cost is counted in passes through the decoder, a gradient being two: one there, one back. All
   but the jackknife are lower bounds in the mean, so the highest is the tightest.
3. How far apart are the bounds from both sides, on rows that the model makes itself?
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch

import vael
from common import record
from vael.datasets import load
from vael.evaluation.likelihood import AIS, ImportanceSampling, LikelihoodEstimate, bdmc, log_likelihood

AIM = 300.0  # seconds, for 100 digits
SEED = 0


def trained(epochs: int) -> vael.VAE:
    return vael.VAE(
        50,
        hidden=(200, 200),
        activation="tanh",
        likelihood="bernoulli",
        validation_fraction=0.0,
        max_epochs=epochs,
        patience="never",
        batch_size=200,
        learning_rate=2e-3,
        schedule="one-cycle",
        random_state=SEED,
        device="cpu",
    ).fit(load("mnist").X)


def estimated(vae: vael.VAE, X: np.ndarray, method: Any, passes: int, name: str) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", vael.VaelWarning)  # the effective sample size stands in the table
        found: LikelihoodEstimate = log_likelihood(vae, X, method, random_state=SEED)
    return {
        "estimate": name,
        "rows": len(X),
        "ln p(x), nats": round(found.mean, 3),
        "± over noise": round(found.mean_sampling_error, 3),
        "median ESS": round(float(np.median(found.effective_sample_size)), 1),
        "of": found.samples,
        "rows trusted": f"{100 * found.trusted.mean():.0f} %",
        "decoder passes a row": passes,
        "seconds": round(found.seconds, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("run", nargs="?")
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--rows", type=int, default=100)
    parser.add_argument("--temperatures", type=int, default=1000)
    parser.add_argument("--chains", type=int, default=16)
    parser.add_argument("--leapfrog", type=int, nargs="+", default=[2, 1, 5])
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)  # fewer than are free: threads that wait for a busy core cost much
    vae = vael.load(asked.run) if asked.run else trained(asked.epochs)
    X = load("mnist").X_test[: asked.rows]

    rows: list[dict[str, Any]] = []
    first, *others = asked.leapfrog
    walks = {
        start: AIS(asked.temperatures, asked.chains, start, leapfrog=first) for start in ("encoder", "prior")
    }
    passes = 2 * walks["encoder"].gradients
    for start, method in walks.items():
        rows.append(estimated(vae, X, method, passes, f"AIS from the {start}, {first} leapfrog steps"))
    for leapfrog in others:  # as many passes, spent on longer trajectories in place of more temperatures
        temperatures = max(3, round(asked.temperatures * first / leapfrog))
        method = AIS(temperatures, asked.chains, leapfrog=leapfrog)
        name = f"AIS from the encoder, {temperatures} temperatures, {leapfrog} leapfrog steps"
        rows.append(estimated(vae, X, method, 2 * method.gradients, name))
    rows.append(
        estimated(vae, X, ImportanceSampling(5000), 5000, "importance sampling, as published papers do")
    )
    equal = estimated(vae, X, ImportanceSampling(passes), passes, "importance sampling at equal cost")
    debiased = ImportanceSampling(passes, jackknife=1)
    rows += [equal, estimated(vae, X, debiased, passes, "the same, jackknife of order 1")]

    bounds: list[dict[str, Any]] = []
    for start, method in walks.items():
        found = bdmc(vae, asked.rows, method, random_state=SEED)
        bounds.append(
            {
                "start": start,
                "rows": len(found.lower),
                "lower, nats": round(found.mean_lower, 3),
                "upper": round(found.mean_upper, 3),
                "gap": round(found.mean_gap, 3),
                "± over rows": round(found.mean_gap_standard_error, 3),
                "largest gap": round(float(found.gap.max()), 2),
                "seconds": round(found.seconds, 1),
            }
        )

    annealed = rows[0]
    whole = (asked.rows, asked.temperatures, asked.chains) == (100, 1000, 16)
    gain = annealed["ln p(x), nats"] - equal["ln p(x), nats"]
    network = Path(asked.run).name if asked.run else f"{asked.epochs} epochs"
    notes = [
        f"MNIST test digits, binarised as score_samples does; {network}; seed {SEED}; "
        f"{asked.chains} chains, {asked.temperatures} temperatures unless said; tuning is counted",
        f"at equal cost annealing from the encoder gives {gain:+.3f} nats against importance sampling",
        *(
            f"bounds from both sides, from the {b['start']}: {b['lower, nats']} to {b['upper']}"
            for b in bounds
        ),
    ]
    reached = bool(annealed["seconds"] <= AIM) if whole else None
    record("ais", rows, notes, bounds=bounds, aim_seconds=AIM, reached=reached)


if __name__ == "__main__":
    main()
