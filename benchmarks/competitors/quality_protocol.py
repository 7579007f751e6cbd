"""What the two trainings of `pythae_quality.py` share: their options, and the line of JSON that they print.

Each trains 784-500-(20, 20) and 20-500-784, ReLU, Bernoulli, Adam at a constant 1e-3, on all training
digits, greys made 0 or 1 by coins drawn anew for each batch, and keeps the weights of its best epoch by
training loss.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Training", "measured", "training"]


@dataclass(frozen=True)
class Training:
    """What a script was asked to do.

    Attributes:
        data: A .npy file with uint8 rows of 784 pixels.
        out: Where the weights go.
        epochs: Epochs.
        batch: Rows a step.
        seed: Of weights and noise.
        threads: Threads for computing.
        defaults: Whether vael takes its own schedule, rate and held-out rows.
    """

    data: Path
    out: Path
    epochs: int
    batch: int
    seed: int
    threads: int
    defaults: bool


def training(description: str | None) -> Training:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--defaults", action="store_true")
    return Training(**vars(parser.parse_args()))


def measured(fit: Callable[[], None]) -> None:
    """Run a training and print its seconds, and the most memory that the process took before and in all."""
    before = _peak()
    start = time.perf_counter()
    fit()
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "bytes_before": before, "bytes": _peak()}))


def _peak() -> int:
    """Most bytes that this process held; ru_maxrss would count those of the process that started it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
