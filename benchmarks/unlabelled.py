"""Error on MNIST with 100 labels against the number of unlabelled digits that a VAE was fitted to.

    python benchmarks/unlabelled.py [--sizes N ...] [--draws D] [--fits F] [--latents L] [--updates U]

The classifier sees the 100 labelled digits and no others; the same draws of labels serve every number of
unlabelled digits and the raw pixels, so that gains pair. Each fit has about the same number of updates, and
stops before where the bound of held-out rows no longer rises.
"""

from __future__ import annotations

import argparse
import math

import numpy as np
import torch

from common import record
from vael import VAE
from vael.datasets import load
from vael.evaluation.downstream import unlabelled_curve


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 1000, 10000, 60000])
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--fits", type=int, default=3)
    parser.add_argument("--latents", type=int, default=16)
    parser.add_argument("--updates", type=int, default=4000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--name", default="unlabelled", help="of the file of results")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    digits = load("mnist")

    def make(rows: np.ndarray) -> VAE:
        return VAE(
            asked.latents,
            hidden=(500,),
            likelihood="bernoulli",
            batch_size=min(256, len(rows)),
            max_epochs=max(1, asked.updates // math.ceil(0.9 * len(rows) / 256)),
            patience=max(5, asked.updates // 20 // math.ceil(0.9 * len(rows) / 256)),
            random_state=0,
        ).fit(rows)

    curve = unlabelled_curve(
        make,
        digits.X,
        digits.y,
        digits.X_test,
        digits.y_test,
        sizes=asked.sizes,
        labels=100,
        draws=asked.draws,
        fits=asked.fits,
        methods=("logistic regression", "1-NN"),
    )
    print(curve)
    record(
        asked.name,
        curve.to_rows(),
        model=f"784-500-{asked.latents}",
        labels=curve.labels,
        draws=curve.draws,
        fits=curve.fits,
        per_draw=curve.to_dict()["rows"],
    )


if __name__ == "__main__":
    main()
