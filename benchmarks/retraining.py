"""How much distances between the same digits change from one training to the next.

    python benchmarks/retraining.py train --run DIR --seed N [--epochs E]

Trains a model of two latents with an ensemble of four decoders on all 60000 MNIST digits, and saves it in
DIR: one of several trainings that differ by their seed alone (Syrota 2024, arXiv 2408.07507).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from vael import VAE
from vael.datasets import load


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


def main() -> None:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    training = commands.add_parser("train", help="train one model and save it")
    training.add_argument("--run", type=Path, required=True)
    training.add_argument("--seed", type=int, required=True)
    training.add_argument("--epochs", type=int, default=40)
    training.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    vae = train(asked.run, asked.seed, asked.epochs)
    print(
        f"seed {asked.seed}: {vae.n_iter_} epochs in {vae.history_[-1].seconds:.0f} s, bound {vae.bound_:.2f}"
    )


if __name__ == "__main__":
    main()
