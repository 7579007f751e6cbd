"""Few labels on MNIST: the library's latents against raw pixels and PCA of the same size.

    python benchmarks/few_labels.py [--latents N] [--epochs E] [--draws D]

Labelled digits are drawn class-balanced from the 60000 training digits, the same draws for every
representation. Transductive pipelines see the unlabelled digits (training and test) but no test label.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

from sklearn.decomposition import PCA

from common import record
from vael import VAE
from vael.datasets import load
from vael.evaluation import PairedDifference, compare_representations, probe


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--latents", type=int, default=16)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--hidden", type=int, nargs="+", default=[500])
    asked = parser.parse_args()
    digits = load("mnist")
    start = time.perf_counter()
    vae = VAE(
        asked.latents,
        hidden=asked.hidden,
        likelihood="bernoulli",
        max_epochs=asked.epochs,
        patience="never",
        batch_size=256,
        schedule="one-cycle",
        random_state=0,
        verbose=1,
    ).fit(digits.X)
    trained = time.perf_counter() - start
    pixels = tuple((X / 255).astype("float32") for X in (digits.X, digits.X_test))
    pca = PCA(asked.latents, random_state=0, svd_solver="randomized").fit(pixels[0])
    representations = {
        "latents": (vae.transform(digits.X), vae.transform(digits.X_test)),
        "raw pixels": pixels,
        f"PCA of {asked.latents}": tuple(pca.transform(X) for X in pixels),
    }
    labels = digits.y, digits.y_test
    model = "-".join(map(str, [784, *asked.hidden, asked.latents]))
    facts = {"model": model, "train_seconds": round(trained)}
    table = compare_representations(representations, *labels, labels=(100, None), draws=asked.draws)
    print(table)
    record("few_labels", table.to_rows(), **facts)
    record("few_labels_paired", [_row(d) for d in table.differences], **facts)
    everyone = probe(
        *representations["latents"][:1],
        digits.y,
        representations["latents"][1],
        digits.y_test,
        labels=(10, 100, 1000),
        draws=asked.draws,
        unlabelled=None,
        methods=("Poisson learning", "label spreading", "Laplace learning"),
    )
    print(everyone)
    record("few_labels_transductive", everyone.to_rows(), **facts)


def _row(difference: PairedDifference) -> dict[str, Any]:
    return {
        "method": difference.method,
        "labels": difference.labels,
        "against": difference.other,
        "mean, points": round(100 * difference.mean, 2),
        "standard error": round(100 * (difference.standard_error or 0.0), 2),
        "not worse": difference.not_worse,
    }


if __name__ == "__main__":
    main()
