"""What generated MNIST digits are worth: train on them and test on real ones; add them to 100 labels.

    python benchmarks/synthetic.py [--per-class N] [--added N] [--draws D] [--epochs E] [--latents L]

Train on synthetic, test on real: one VAE a class, fitted to all its digits, beside as many real digits.
Augmentation of 100 labels, two ways: a VAE a class fitted to its 10 labelled digits; and one VAE fitted to
all digits without labels, with a Gaussian a class over the latents of its labelled digits.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from common import record
from vael import VAE
from vael.datasets import load
from vael.evaluation.downstream import SyntheticTable, synthetic_use


@dataclass(frozen=True)
class Means:
    """Samples of a VAE as pictures show them: the mean of p(x|z) at z from the prior."""

    vae: VAE

    def sample(self, n: int, *, random_state: int) -> np.ndarray:
        return self.vae.sample(n, mean=True, random_state=random_state)


@dataclass(frozen=True)
class LatentGaussian:
    """A Gaussian over the latents of few rows of a class: the mean of p(x|z) at its draws.

    The covariance is that of the deviations from the class's mean, shrunk halfway to the identity's shape: 10
    rows do not hold a covariance of 16 latents.
    """

    vae: VAE
    mean: np.ndarray
    covariance: np.ndarray

    @classmethod
    def fit(cls, vae: VAE, rows: np.ndarray) -> LatentGaussian:
        Z = vae.transform(rows)
        spread = np.cov(Z, rowvar=False)
        ball = np.eye(Z.shape[1]) * np.trace(spread) / Z.shape[1]
        return cls(vae, Z.mean(axis=0), 0.5 * spread + 0.5 * ball)

    def sample(self, n: int, *, random_state: int) -> np.ndarray:
        rng = np.random.default_rng(random_state)
        return self.vae.inverse_transform(rng.multivariate_normal(self.mean, self.covariance, size=n))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--per-class", type=int, default=500)
    parser.add_argument("--added", type=int, default=50)
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--shared-epochs", type=int, default=10)
    parser.add_argument("--latents", type=int, default=16)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--name", default="synthetic", help="of the file of results")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    digits = load("mnist")

    def fitted(rows: np.ndarray, epochs: int) -> VAE:
        return VAE(
            asked.latents,
            hidden=(500,),
            likelihood="bernoulli",
            max_epochs=epochs,
            batch_size=min(256, len(rows)),
            patience="never",
            validation_fraction=0.0,
            random_state=0,
        ).fit(rows)

    whole_classes: dict[bytes, Means] = {}

    def of_class(rows: np.ndarray) -> Means:
        """Fit once, for both tables."""
        key = rows.tobytes()
        if key not in whole_classes:
            whole_classes[key] = Means(fitted(rows, asked.epochs))
        return whole_classes[key]

    shared = fitted(digits.X, asked.shared_epochs)
    generators_of_few: dict[str, Callable[[np.ndarray], Means | LatentGaussian]] = {
        "a VAE a class, of its labelled digits": lambda rows: Means(fitted(rows, 200)),
        "latents of a VAE of all digits": lambda rows: LatentGaussian.fit(shared, rows),
    }
    tables = {
        name: synthetic_use(
            of_class,
            "logistic regression",
            digits.X,
            digits.y,
            digits.X_test,
            digits.y_test,
            per_class=asked.per_class,
            labels=100,
            added=asked.added,
            make_generator_of_few=of_few,
            draws=asked.draws,
        )
        for name, of_few in generators_of_few.items()
    }
    for name, table in tables.items():
        print(f"\nGenerators of few: {name}\n{table}")
    record(
        asked.name,
        _rows(tables),
        model=f"784-500-{asked.latents}",
        classifier="logistic regression",
        tables={name: table.to_dict() for name, table in tables.items()},
    )


def _rows(tables: dict[str, SyntheticTable]) -> list[dict[str, object]]:
    return [
        {"generators of few": name if "few" in row["trained on"] else "", **row}
        for i, (name, table) in enumerate(tables.items())
        for row in table.to_rows()
        if i == 0 or "few" in row["trained on"]
    ]


if __name__ == "__main__":
    main()
