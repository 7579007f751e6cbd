"""Fits a model in a process of its own, ``python -m vael.studio.fitting``, and tells how it goes.

What to fit comes as JSON on the standard input; each message goes out as a body with its length before it,
four bytes, little-endian. An interrupt (SIGINT) ends training and keeps the best weights so far, as in
`vael fit`.
"""

from __future__ import annotations

import json
import math
import os
import signal
import sys
import time
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from vael.datasets import Dataset, load
from vael.datasets.shades import value_range
from vael.errors import VaelError
from vael.estimators import VAE, Autoencoder
from vael.estimators.run_data import record
from vael.studio.columns import Reply, pack

__all__ = ["WATCHED", "main", "send"]

WATCHED, SHOWN = 2_000, 8
SNAPSHOT_SECONDS, SNAPSHOT_SHARE = 10.0, 10.0  # between snapshots: at least, and in units of what one takes
NICENESS = 5  # what is under somebody's cursor comes first


def send(out: BinaryIO, kind: str, arrays: dict[str, np.ndarray] | None = None, **facts: Any) -> None:
    """Write one message."""
    body = pack(Reply({"kind": kind, **facts}, arrays or {}))
    out.write(len(body).to_bytes(4, "little") + body)
    out.flush()


class Watcher:
    """Sends each epoch's metrics, where some fixed rows lie, and what a few of them come back as."""

    def __init__(self, out: BinaryIO, dataset: Dataset, spec: dict[str, Any]) -> None:
        self.out, self.dataset, self.spec = out, dataset, spec
        rng = np.random.default_rng(0)
        self.rows = np.sort(rng.permutation(len(dataset.X))[:WATCHED])
        self.few = np.sort(rng.permutation(len(dataset.X))[:SHOWN])
        self.limits = value_range(dataset.X) if dataset.image_shape else None
        self.taken, self.last, self.cost = 0, -math.inf, 0.0  # snapshots, when, and what one takes

    def setup(self, estimator: Any, context: Any) -> None:
        """Nothing to set up."""

    def teardown(self, estimator: Any, context: Any) -> None:
        """Nothing to clear away."""

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Nothing to begin."""

    def on_fit_task_end(self, estimator: Any, context: Any, *, fitted_estimator: Any = None) -> bool:
        """Tell of an epoch."""
        if context.task_name != "epoch":
            return False
        X = self.dataset.X
        arrays = {
            "latents": np.asarray(fitted_estimator.transform(X[self.rows]), np.float32),
            "rows": self._seen(X[self.few]),
            "reconstructions": self._seen(fitted_estimator.reconstruct(X[self.few])),
        }
        if self.dataset.y is not None:
            _, codes = np.unique(self.dataset.y, return_inverse=True)
            arrays["labels"] = (codes[self.rows] % 250).astype(np.uint8)
        send(self.out, "epoch", arrays, metrics=asdict(estimator.history_[-1]))
        if "snapshots" in self.spec:
            self._snapshot(fitted_estimator)
        return False

    def _snapshot(self, fitted_estimator: Any) -> None:
        """Keep the model as it is now as a run that can be shown; not so often that training suffers."""
        start = time.monotonic()
        if start - self.last < max(SNAPSHOT_SECONDS, SNAPSHOT_SHARE * self.cost):
            return
        folder = Path(self.spec["snapshots"]) / str(self.taken) / Path(self.spec["run"]).name
        folder.parent.mkdir(parents=True)
        _keep(self.spec, folder, fitted_estimator, self.dataset)
        send(self.out, "snapshot", run=str(folder))
        self.taken, self.last = self.taken + 1, time.monotonic()
        self.cost = self.last - start

    def _seen(self, rows: np.ndarray) -> np.ndarray:
        flat = rows.reshape(len(rows), -1).astype(np.float32)
        if self.limits is None:
            return flat
        low, high = self.limits
        return np.rint(np.clip((flat - low) * (255 / (high - low)), 0, 255)).astype(np.uint8)


def _keep(spec: dict[str, Any], folder: Path, estimator: Any, dataset: Dataset) -> None:
    estimator.save(folder)
    record(folder, estimator, dataset, spec["source"], **_reading(spec))


def _reading(spec: dict[str, Any]) -> dict[str, Any]:
    shape = spec.get("image_shape")
    return {"label": spec.get("label"), "image_shape": None if shape is None else tuple(shape)}


def _fit(spec: dict[str, Any], out: BinaryIO) -> None:
    dataset = load(spec.get("place") or spec["source"], **_reading(spec))
    kind = {"VAE": VAE, "Autoencoder": Autoencoder}[spec["estimator"]]
    estimator: Any = kind(**spec["parameters"])
    run = Path(spec["run"])
    estimator.set_params(run=run, image_shape=dataset.image_shape)
    estimator.set_callbacks(Watcher(out, dataset, spec))
    send(out, "begun", run=run.name, max_epochs=estimator._preset().max_epochs)
    estimator.fit(dataset.X)
    record(run, estimator, dataset, spec["source"], **_reading(spec))
    send(
        out,
        "done",
        run=str(run),
        stopped=estimator.stopped_,
        bound=estimator.bound_,
        best_epoch=estimator.best_epoch_,
    )


def _interrupted(*_: object) -> None:
    """Interrupt once: the studio and the terminal may both ask, and what is kept must be kept whole."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise KeyboardInterrupt


def main() -> int:
    """Fit what the standard input says."""
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    sys.stdout = sys.stderr  # whatever is printed is no message
    os.nice(NICENESS)
    signal.signal(signal.SIGINT, _interrupted)
    spec = json.load(sys.stdin)
    warnings.simplefilter("ignore")
    try:
        _fit(spec, out)
    except KeyboardInterrupt:
        send(out, "failed", error="stopped before the first epoch was done: there is nothing to keep")
    except VaelError as error:
        send(out, "failed", error=" ".join(str(error).split()))
    except Exception as error:
        send(out, "failed", error=f"training failed: {type(error).__name__}: {' '.join(str(error).split())}")
        raise
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
