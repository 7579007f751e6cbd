"""Real processes that are killed or interrupted; started by test_runs.py, which reads what this prints.

The parent imports vael once and forks, so that a kill comes while its child trains and not while it imports.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import random
import signal
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch

import vael
from vael.estimators import fitting

EPOCHS = 60
fork = multiprocessing.get_context("fork")


def data() -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.normal(size=(400, 2)) @ rng.normal(size=(2, 8)) + 0.3 * rng.normal(size=(400, 8))


def estimator(run: Path | None, **given: Any) -> vael.VAE:
    settings: dict[str, Any] = {
        "n_components": 2,
        "hidden": 16,
        "batch_size": 32,
        "max_epochs": EPOCHS,
        "patience": None,
        "objective": vael.objectives.ELBO(warm_up=0.5),
        "schedule": "cosine",
        "random_state": 0,
        "device": "cpu",
    }
    return vael.VAE(**(settings | {"run": run, "resume": run is not None} | given))


def digest(vae: vael.VAE) -> str:
    sha = hashlib.sha256()
    for tensor in vae.model_.state_dict().values():
        sha.update(tensor.numpy().tobytes())
    return sha.hexdigest()


def fit(run: Path | None, result: Path, often: float, settings: dict[str, Any]) -> None:
    """Body of a child."""
    fitting.CHECKPOINT_SECONDS = often
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        vae = estimator(run, **settings).fit(data())
    fitted = {
        "digest": digest(vae),
        "stopped": vae.stopped_,
        "epochs": vae.n_iter_,
        "best_epoch": vae.best_epoch_,
        "bound": vae.bound_,
        "told": [str(w.message) for w in told],
    }
    result.write_text(json.dumps(fitted))


def start(run: Path | None, result: Path, often: float = 0.0, **settings: Any) -> Any:
    child = fork.Process(target=fit, args=(run, result, often, settings))
    child.start()
    return child


def until(condition: Any, child: Any) -> None:
    end = time.monotonic() + 120
    while not condition() and child.is_alive() and time.monotonic() < end:
        time.sleep(0.001)


def kills(place: Path, rounds: int) -> dict[str, Any]:
    """Kill at random moments, resume, and compare with a run that nobody touched."""
    chance = random.Random(0)
    run, killed, seen = place / "killed", 0, []
    while True:
        child = start(run, place / "killed.json")
        if killed == rounds:
            break
        checkpoint = run / "checkpoints" / "last.safetensors"
        before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
        if killed:  # the first is killed wherever it happens to be
            until(lambda: checkpoint.exists() and checkpoint.stat().st_mtime_ns != before, child)  # noqa: B023
        time.sleep(chance.random() * 0.08)
        if not child.is_alive():
            break
        os.kill(child.pid, signal.SIGKILL)
        child.join()
        killed += 1
        lines = (run / "metrics.jsonl").read_text().splitlines() if (run / "metrics.jsonl").exists() else []
        seen.append(len(lines))
    child.join()
    whole = start(place / "whole", place / "whole.json", often=1e9)
    whole.join()
    return {
        "kills": killed,
        "epochs_seen": seen,
        "killed": json.loads((place / "killed.json").read_text()),
        "whole": json.loads((place / "whole.json").read_text()),
    }


def interrupt(place: Path) -> dict[str, Any]:
    """Send a real SIGINT in mid-training; then resume to the end."""
    run = place / "interrupted"
    child = start(run, place / "first.json", max_epochs=20000, objective=None, schedule=None)
    until((run / "checkpoints" / "last.safetensors").exists, child)
    time.sleep(0.15)
    os.kill(child.pid, signal.SIGINT)
    child.join()
    first = json.loads((place / "first.json").read_text())
    loaded = digest(vael.load(run))
    epochs = first["epochs"] + 5
    again = start(run, place / "second.json", max_epochs=epochs, objective=None, schedule=None)
    again.join()
    plain = start(None, place / "third.json", max_epochs=epochs, objective=None, schedule=None)
    plain.join()
    second, third = (json.loads((place / f"{name}.json").read_text()) for name in ("second", "third"))
    return {"first": first, "loaded": loaded, "resumed": second, "plain": third}


if __name__ == "__main__":
    torch.set_num_threads(1)
    place = Path(sys.argv[1])
    print(json.dumps({"kills": kills(place, rounds=int(sys.argv[2])), "interrupt": interrupt(place)}))
