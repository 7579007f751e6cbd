"""What importing and encoding cost.

    python benchmarks/cost.py

`import vael` in fresh processes beside `import torch`; `transform` of 70000 digits beside the encoder's
matrix products alone, in turn in one process.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

import numpy as np
import torch

from common import interleaved, record
from vael import VAE
from vael.datasets import load
from vael.nn.products import fast_products


def import_seconds(statement: str) -> float:
    code = f"import time; t = time.perf_counter(); {statement}; print(time.perf_counter() - t)"
    times = [float(subprocess.check_output([sys.executable, "-c", code])) for _ in range(7)]
    return statistics.median(times)


def products(vae: VAE, X: np.ndarray, chunk: int = 512) -> None:
    """The encoder's matrix products of all rows, nothing else."""
    hidden, output = vae.model_.encoder.net.hidden[0].weight, vae.model_.encoder.net.output.weight
    x = torch.rand(chunk, X.shape[1])
    with torch.inference_mode():
        for _ in range(-(-len(X) // chunk)):
            torch.mm(torch.mm(x, hidden.t()), output.t())


def main() -> None:
    torch_only, both = import_seconds("import torch"), import_seconds("import torch, vael")
    used = import_seconds("import torch; from vael import VAE")
    record(
        "import",
        [
            {"statement": "import torch", "seconds": torch_only, "aim": None},
            {"statement": "import vael, beyond torch", "seconds": both - torch_only, "aim": "0.5"},
            {"statement": "from vael import VAE, beyond torch", "seconds": used - torch_only, "aim": None},
        ],
        ["median of 7 fresh processes"],
    )
    digits = load("mnist")
    X = np.concatenate([digits.X, digits.X_test])
    vae = VAE(20, activation="relu", max_epochs=1, random_state=0).fit(digits.X[:5000])
    start = time.perf_counter()
    vae.transform(X)
    first = time.perf_counter() - start

    def by_onednn() -> None:
        with fast_products(vae.model_, 512):
            products(vae, X)

    seconds = interleaved(
        {"transform": lambda: vae.transform(X), "products": lambda: products(vae, X), "oneDNN": by_onednn}
    )
    best = {name: min(times) for name, times in seconds.items()}
    record(
        "transform",
        [
            {"what": "transform of 70000 digits", "seconds": best["transform"]},
            {"what": "the encoder's matrix products alone, PyTorch's default", "seconds": best["products"]},
            {"what": "the same by oneDNN, as vael multiplies here", "seconds": best["oneDNN"]},
            {"what": "ratio to the default", "seconds": best["transform"] / best["products"]},
            {"what": "ratio to oneDNN (aim: below 1.5)", "seconds": best["transform"] / best["oneDNN"]},
        ],
        [f"784-500-20, float32; minimum of 5 in turn; the first call took {first:.2f} s"],
    )


if __name__ == "__main__":
    main()
