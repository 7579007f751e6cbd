"""Seconds an epoch: vael beside pythae, hand-written loops, JAX and the matrix products alone.

Each candidate is a script of `competitors/` in a process of its own. They run in turn, round after round, so
that a drift of the machine meets all alike, and the fastest epoch of each counts. pythae and JAX have
environments of their own (`requirements-competitors.txt`); without one its rows are left out:

    python benchmarks/training_speed.py --pythae venv-pythae/bin/python --jax venv-jax/bin/python
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from common import record
from vael.datasets import load

FOLDER = Path(__file__).parent / "competitors"
PRODUCTS = "(e) matrix products"
NOTES = (
    "Greys as they are, no binarisation, no validation: the same work for all.",
    "Ratios are to the matrix products of the same type and batch, and to pythae in float32.",
    "(e) and the hand-written loops take PyTorch's default library for float32 products, which is MKL; "
    "the rows that name oneDNN switch to it, as vael does by itself where oneDNN stays in float32.",
)


@dataclass(frozen=True)
class Candidate:
    """A script with its options.

    Attributes:
        name: As the table calls it.
        script: File name without its ending.
        dtype: Type of the products.
        flags: More options.
        python: Interpreter to run it with.
    """

    name: str
    script: str
    dtype: str = "float32"
    flags: tuple[str, ...] = ()
    python: str = sys.executable


def candidates(pythae: str | None, jax: str | None) -> list[Candidate]:
    """List who runs."""
    chosen = [
        Candidate(PRODUCTS, "matrix_products"),
        Candidate("(e) matrix products of oneDNN", "matrix_products", flags=("--onednn",)),
        Candidate("vael", "vael_fit"),
        Candidate("(b) DataLoader loop", "dataloader_loop"),
        Candidate("(c) in-memory loop", "in_memory_loop"),
        Candidate("(c) with oneDNN", "in_memory_loop", flags=("--onednn",)),
        Candidate("(c) compiled", "in_memory_loop", flags=("--compile",)),
        Candidate(PRODUCTS, "matrix_products", "bfloat16"),
        Candidate("vael", "vael_fit", "bfloat16"),
        Candidate("(c) in-memory loop", "in_memory_loop", "bfloat16"),
    ]
    if pythae is not None:
        chosen.append(Candidate("(a) pythae", "pythae_vae", python=pythae))
    if jax is not None:
        chosen.append(Candidate("(d) JAX lax.scan", "jax_scan", python=jax))
    return chosen


def seconds(candidate: Candidate, batch: int, data: Path, epochs: int, threads: int) -> float:
    """Run one candidate once; its fastest epoch."""
    script = FOLDER / f"{candidate.script}.py"
    asked = {"--data": data, "--batch": batch, "--epochs": epochs, "--threads": threads}
    options = [str(part) for pair in asked.items() for part in pair]
    command = [candidate.python, str(script), *options, "--dtype", candidate.dtype, *candidate.flags]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{candidate.name} failed: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout.splitlines()[-1])["seconds_per_epoch"]


def rows(measured: dict[tuple[Candidate, int], float]) -> list[dict[str, Any]]:
    """One row a measurement, with its ratios."""
    by_name = {(c.name, c.dtype, batch): value for (c, batch), value in measured.items()}
    table: list[dict[str, Any]] = []
    for (candidate, batch), value in measured.items():
        pythae = by_name.get(("(a) pythae", "float32", batch))
        table.append(
            {
                "batch": batch,
                "dtype": candidate.dtype,
                "candidate": candidate.name,
                "seconds an epoch": value,
                "x products": value / by_name[PRODUCTS, candidate.dtype, batch],
                "pythae takes x": None if pythae is None else pythae / value,
            }
        )
    return table


def main() -> None:
    """Measure, print and record."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pythae", help="a Python with pythae")
    parser.add_argument("--jax", help="a Python with JAX")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=3, help="epochs a run, of which the fastest counts")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, nargs="+", default=[100, 512])
    asked = parser.parse_args()
    measured: dict[tuple[Candidate, int], float] = {}
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "digits.npy"
        np.save(data, load("mnist").X)
        for _ in range(asked.rounds):
            for batch in asked.batch:
                for candidate in candidates(asked.pythae, asked.jax):
                    value = seconds(candidate, batch, data, asked.epochs, asked.threads)
                    key = (candidate, batch)
                    measured[key] = min(value, measured.get(key, value))
    record("training_speed", rows(measured), NOTES, rounds=asked.rounds, epochs=asked.epochs)


if __name__ == "__main__":
    main()
