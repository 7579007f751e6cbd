"""Quality of pythae 0.1.2 and vael: the same networks, data, epochs, batches and rate, one evaluation.

Each training is a process of its own, which reports its time and memory; the comparison of
`vael.evaluation` then judges the models on the test digits, pythae's through three functions
(`competitors/pythae_adapter.py`). Run it with a Python that has both (`requirements-competitors.txt`):

    venv-pythae/bin/python benchmarks/pythae_quality.py
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

import vael
from common import record
from vael.datasets import load
from vael.evaluation.comparison import Comparison, compare

FOLDER = Path(__file__).parent / "competitors"
PYTHAE, VAEL, OWN = "pythae 0.1.2", "vael", "vael, its own schedule"
SHOWN = ("ln p(x)", "ELBO", "reconstruction error", "active units", "1-NN accuracy", "5-NN accuracy")
NOTES = (
    "784-500-20 ReLU, Bernoulli on greys binarised anew for each batch, Adam at 1e-3, batch 100; the weights "
    "of the best epoch by training loss. The third row: SiLU, vael's own schedule, batch and held-out tenth.",
    "Intervals are 95 %; differences are to pythae, paired by digit; each digit is binarised once for all.",
    "ln p(x) is by importance sampling with the same noise for all; peak memory is of the training process, "
    "PyTorch included.",
)


def train(script: str, data: Path, out: Path, asked: argparse.Namespace, *flags: str) -> dict[str, Any]:
    """Train in a process of its own; what it reports."""
    options: dict[str, Any] = {"--data": data, "--out": out, "--epochs": asked.epochs, "--batch": asked.batch}
    options |= {"--seed": asked.seed, "--threads": asked.threads}
    words = [str(word) for pair in options.items() for word in pair]
    command = [sys.executable, str(FOLDER / f"{script}.py"), *words, *flags]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{script} failed: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout.splitlines()[-1])


def pythae_model(weights: Path) -> Any:
    """Load pythae's model for the comparison."""
    sys.path.insert(0, str(FOLDER))
    from pythae_adapter import foreign
    from pythae_train import untrained

    model = untrained()
    with np.load(weights) as arrays:
        model.load_state_dict({name: torch.from_numpy(arrays[name]) for name in arrays.files})
    return foreign(model)


def rows(found: Comparison, costs: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """One row a model: what it cost, then values and differences with their intervals."""
    table: list[dict[str, Any]] = []
    for model in found.models:
        cost = costs[model]
        row: dict[str, Any] = {"model": model, "training, s": round(cost["seconds"], 1)}
        row["peak memory, MB"] = round(cost["bytes"] / 1e6)
        for name in SHOWN:
            own = found.measure(name, model)
            row[name] = f"{own.value:.5g} [{own.low:.5g}, {own.high:.5g}]"
        if model != found.models[0]:
            for name in ("ln p(x)", "ELBO"):
                apart = found.difference(name, model)
                row[f"{name} - pythae's"] = f"{apart.mean:+.3f} [{apart.low:+.3f}, {apart.high:+.3f}]"
        table.append(row)
    return table


def main() -> None:
    """Train, judge, print and record."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--samples", type=int, default=500, help="importance samples a digit")
    parser.add_argument("--rows", type=int, default=10000, help="test digits")
    parser.add_argument("--name", default="pythae_quality", help="of the file in results/")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    digits = load("mnist")
    assert digits.X_test is not None
    assert digits.y_test is not None
    costs: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        data = folder / "digits.npy"
        np.save(data, digits.X)
        costs[PYTHAE] = train("pythae_train", data, folder / "pythae.npz", asked)
        costs[VAEL] = train("vael_train", data, folder / "vael", asked)
        costs[OWN] = train("vael_train", data, folder / "own", asked, "--defaults")
        models = {
            PYTHAE: pythae_model(folder / "pythae.npz"),
            VAEL: vael.load(folder / "vael"),
            OWN: vael.load(folder / "own"),
        }
    start = time.perf_counter()
    found = compare(
        models,
        digits.X_test[: asked.rows],
        X_train=digits.X,
        y_test=digits.y_test[: asked.rows],
        y_train=digits.y,
        samples=asked.samples,
        random_state=asked.seed,
        progress=lambda part: print(part, file=sys.stderr),
    )
    print(found, "\n")
    record(
        asked.name,
        rows(found, costs),
        NOTES,
        settings=vars(asked),
        costs=costs,
        judging_seconds=time.perf_counter() - start,
        comparison=found.to_dict(),
    )


if __name__ == "__main__":
    main()
