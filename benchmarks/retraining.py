"""How much distances between the same digits change from one training to the next.

    python benchmarks/retraining.py train --run DIR --seed N [--epochs E]
    python benchmarks/retraining.py measure --runs DIR DIR ...

Trains a model of two latents with an ensemble of four decoders on all 60000 MNIST digits, and saves it in
DIR: one of several trainings that differ by their seed alone (Syrota 2024, arXiv 2408.07507).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch

import vael
from common import record
from vael import VAE
from vael.datasets import load
from vael.geometry import LatentManifold
from vael.geometry.diagnosis import Quantity, Variation, stability
from vael.models import Decoder


def train(run: Path, seed: int, epochs: int) -> VAE:
    """Train one model, and save it."""
    digits = load("mnist")
    vae = VAE(
        n_components=2,
        hidden=(256, 128),
        activation="silu",
        likelihood="bernoulli",
        n_decoders=4,
        ensemble="full",
        validation_fraction=0.0,
        max_epochs=epochs,
        batch_size=256,
        schedule="cosine",
        patience="never",
        compile=False,
        random_state=seed,
    ).fit(digits.X)
    vae.save(run, overwrite=True)
    return vae


def measure(runs: list[Path], pairs: int) -> None:
    """Coefficients of variation of distances over trainings: the ensembles', one decoder's, the map's."""
    digits = load("mnist")
    X = digits.X_test[:5000]
    trained = [vael.load(run) for run in runs]
    codes = [vae.transform(X) for vae in trained]
    rows = []
    for name, manifolds in (
        ("ensemble of 4", [vae.manifold(X) for vae in trained]),
        ("its first decoder alone", [_first(vae, z) for vae, z in zip(trained, codes)]),
    ):
        found = stability(manifolds, codes, pairs=pairs)
        print(found)
        for variation in found.variations:
            rows.append({"metric": name, **_row(variation)})
    record(
        "retraining",
        rows,
        [
            f"{len(runs)} trainings that differ by their seed, {pairs} pairs of test digits, 2 latents.",
            "Coefficient of variation over the trainings, mean over the pairs. Scale-free: each training's "
            "distances divided by their mean.",
            "Interval: bootstrap over the pairs, the trainings as they are.",
        ],
    )


def _first(vae: VAE, z: np.ndarray) -> LatentManifold:
    ensemble = vae.model_.decoder
    decoder = Decoder(ensemble.nets[0], ensemble.likelihood)
    return LatentManifold(decoder.requires_grad_(False), latent=2, data=z)


def _row(variation: Variation) -> dict[str, Any]:
    def shown(found: Quantity) -> str:
        spread = "" if found.spread is None else f" ± {found.spread:.2f}"
        return "not defined" if found.value is None else f"{found.value:.2f}{spread} %"

    ends = (variation.low, variation.high)
    return {
        "distances": variation.scale,
        "geodesic": shown(variation.geodesic),
        "Euclidean": shown(variation.euclidean),
        "Euclidean less geodesic": shown(variation.difference),
        "95 %": "" if None in ends else f"{variation.low:.2f} to {variation.high:.2f}",
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    training = commands.add_parser("train", help="train one model and save it")
    training.add_argument("--run", type=Path, required=True)
    training.add_argument("--seed", type=int, required=True)
    training.add_argument("--epochs", type=int, default=40)
    training.add_argument("--threads", type=int, default=1)
    measuring = commands.add_parser("measure", help="compare trainings")
    measuring.add_argument("--runs", type=Path, nargs="+", required=True)
    measuring.add_argument("--pairs", type=int, default=500)
    asked = parser.parse_args()
    if asked.command == "measure":
        measure(asked.runs, asked.pairs)
        return
    torch.set_num_threads(asked.threads)
    vae = train(asked.run, asked.seed, asked.epochs)
    print(
        f"seed {asked.seed}: {vae.n_iter_} epochs in {vae.history_[-1].seconds:.0f} s, bound {vae.bound_:.2f}"
    )


if __name__ == "__main__":
    main()
