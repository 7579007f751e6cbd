"""The inference gap of a plane of MNIST, split in two for 1000 test digits.

    python benchmarks/decompose.py [ROWS] [RUN]

Without RUN, a folder of a trained model with two latents, one is trained first (25 epochs). "Moved" is how
far ln p(x) goes in the worst of the first 50 digits when the tolerance is made a hundredth; "float64" how far
when the networks compute in double precision.
"""

from __future__ import annotations

import copy
import sys
import time

import numpy as np
import torch

import vael
from common import record
from vael.theory import decompose


def trained(data: vael.datasets.Dataset) -> vael.VAE:
    settings = {"hidden": (500, 250), "likelihood": "bernoulli", "max_epochs": 25, "batch_size": 256}
    return vael.VAE(2, **settings, learning_rate=2e-3, schedule="one-cycle", random_state=0).fit(data.X)


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    data = vael.datasets.load("mnist")
    vae = vael.load(sys.argv[2]) if len(sys.argv) > 2 else trained(data)
    X = data.X_test[:rows]
    start = time.perf_counter()
    found = decompose(vae, X)
    seconds = time.perf_counter() - start

    few = X[:50]
    finer = decompose(vae, few, tolerance=1e-5)
    double = copy.deepcopy(vae.model_).double()
    exact = decompose(double, torch.from_numpy(vae.scored_rows(few)).double())
    residual = found.evidence - found.elbo - found.approximation_gap - found.amortisation_gap
    record(
        "decompose",
        [
            {
                "rows": len(X),
                "seconds": round(seconds, 1),
                **{name: round(value, 3) for name, value in found.mean().items()},
                "worst error of evidence": float(found.evidence_error.max()),
                "worst error of ELBO": float(found.elbo_error.max()),
                "sum is off by": float(np.abs(residual).max()),
                "least gap of the family": float(found.approximation_gap.min()),
                "moved": float(np.abs(finer.evidence - found.evidence[:50]).max()),
                "float64": float(np.abs(exact.evidence - found.evidence[:50]).max()),
            }
        ],
        ["MNIST test digits, two latents, 784-500-250-2, Bernoulli, binarised as score_samples does; nats"],
    )


if __name__ == "__main__":
    main()
