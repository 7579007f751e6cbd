"""What the competitors share: their options, the clock and the line of JSON that they print.

Each script trains the same model: 784-500-(20, 20) and 20-500-784, ReLU, Bernoulli likelihood on the greys
as they are, Adam at 1e-3, on 60000 digits. Only numpy is needed here, so that a script runs in the
environment of the library that it measures.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

__all__ = ["Options", "digits", "options", "report", "timed"]


@dataclass(frozen=True)
class Options:
    """What a script was asked to do.

    Attributes:
        data: A .npy file with uint8 rows of 784 pixels; None: random bytes of the same shape.
        batch: Rows a step.
        epochs: Epochs timed, after one that is not.
        threads: Threads for computing.
        dtype: ``float32`` or ``bfloat16``.
        compile: Compile the step, where the script can.
        onednn: Let PyTorch take its other library for float32 products (see `training_speed.py`).
    """

    data: Path | None
    batch: int
    epochs: int
    threads: int
    dtype: str
    compile: bool
    onednn: bool


def options(description: str | None) -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, help="uint8 rows of 784 pixels (.npy); random ones if left out")
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--onednn", action="store_true")
    return Options(**vars(parser.parse_args()))


def digits(path: Path | None) -> np.ndarray:
    """Read the rows."""
    if path is None:
        return np.random.default_rng(0).integers(0, 256, (60000, 784), dtype=np.uint8)
    return np.load(path)


def timed(epoch: Callable[[], float], count: int) -> tuple[list[float], list[float]]:
    """Run one epoch untimed, then `count` timed ones: their seconds, and the mean bound of each."""
    epoch()
    seconds: list[float] = []
    bounds: list[float] = []
    for _ in range(count):
        start = time.perf_counter()
        bounds.append(epoch())
        seconds.append(time.perf_counter() - start)
    return seconds, bounds


def report(name: str, chosen: Options, seconds: list[float], bounds: list[float], **versions: str) -> None:
    """Print the result as one line of JSON."""
    result = {
        "name": name,
        "batch": chosen.batch,
        "dtype": chosen.dtype,
        "compile": chosen.compile,
        "onednn": chosen.onednn,
        "threads": chosen.threads,
        "seconds_per_epoch": min(seconds),
        "seconds": seconds,
        "bounds": bounds,
        "versions": {"python": platform.python_version(), **versions},
    }
    print(json.dumps(result))
