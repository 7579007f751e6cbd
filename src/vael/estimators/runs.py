"""A fit that is kept in a run folder: opened, resumed exactly or refused, finished."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vael.errors import InputError, RunError
from vael.estimators.base import LatentEstimator
from vael.estimators.persistence import configuration
from vael.estimators.run_data import FACTS as DATA_FACTS
from vael.training import RunFolder, Trainer

__all__ = ["finish_run", "open_run", "resumed_seed"]

_COMPARED = ("estimator", "schema", "model", "objective", "settings", "split", "environment")


def resumed_seed(estimator: LatentEstimator) -> int | None:
    """Return the seed of the run to be resumed, for an estimator that names no random state."""
    if not estimator.resume or estimator.random_state is not None:
        return None
    folder = _folder(estimator)
    return int(folder.read_config()["settings"]["seed"]) if folder.checkpoint.exists() else None


def open_run(estimator: LatentEstimator, flat: np.ndarray, trainer: Trainer) -> RunFolder | None:
    """Make the run folder, or bring the trainer to where the run in it was."""
    if estimator.run is None and not estimator.resume:
        return None
    folder = _folder(estimator)
    config = configuration(estimator, data=_digest(flat))
    if estimator.resume and folder.checkpoint.exists():
        _restore(folder, config, trainer)
        return folder
    if estimator.resume and folder.weights.exists():
        raise RunError(f"{folder.path} holds a saved model without a checkpoint: it cannot be resumed")
    folder.create(overwrite=estimator.resume and folder.unstarted)
    folder.write_config(config)
    return folder


def finish_run(folder: RunFolder, estimator: LatentEstimator) -> None:
    """Write the best weights, the metrics, and what came of training; forget latents of other weights."""
    weights = estimator.model_.state_dict()
    if folder.weights.exists() and not _equal(folder.read_weights(), weights):
        (folder.path / DATA_FACTS).unlink(missing_ok=True)  # where they are, they would be taken for these
    folder.write_weights(weights)
    folder.write_metrics(estimator.history_)
    data = folder.read_config()["data_sha256"]
    folder.write_config(configuration(estimator, data=data, finished=True))


def _equal(found: dict[str, Tensor], weights: dict[str, Tensor]) -> bool:
    return found.keys() == weights.keys() and all(torch.equal(found[k], v.cpu()) for k, v in weights.items())


def _folder(estimator: LatentEstimator) -> RunFolder:
    if estimator.run is None:
        raise InputError("resume=True needs run=..., the folder of the run to go on with")
    return RunFolder(estimator.run)


def _digest(flat: np.ndarray) -> str:
    digest = hashlib.sha256()
    digest.update(f"{flat.dtype.str}{flat.shape}".encode())
    digest.update(np.ascontiguousarray(flat).data.cast("B"))
    return digest.hexdigest()


def _restore(folder: RunFolder, config: dict[str, Any], trainer: Trainer) -> None:
    found = folder.read_config()
    state = folder.read_checkpoint()
    assert state is not None  # the caller saw it
    compiled = bool(found.get("environment", {}).get("compiled", False))
    trainer.step.compile(compiled)
    config["environment"]["compiled"] = compiled  # the run's choice is used again, whatever the rule says now
    _same_run(found, config, trainer, int(state[1]["epoch"]))
    try:
        trainer.restore(*state)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        told = " ".join(str(error).split())
        raise RunError(
            f"{folder.checkpoint} does not fit this model: {told}; use the modules that the run was started "
            "with, or start a new run"
        ) from error


def _same_run(found: dict[str, Any], asked: dict[str, Any], trainer: Trainer, epoch: int) -> None:
    """Refuse to resume a run with other data or settings; more epochs are no others where none depends."""
    if found.get("data_sha256") != asked["data_sha256"]:
        raise RunError("cannot resume: the run was trained on other data (their SHA-256 differ)")
    for key in _COMPARED:
        differing = _differences(found.get(key), asked[key], key)
        if key == "settings" and "settings.max_epochs" in differing:
            _check_longer(trainer, epoch)
            del differing["settings.max_epochs"]
        if differing:
            told = "; ".join(f"{name} is {a!r} in the run, {b!r} here" for name, (a, b) in differing.items())
            raise RunError(f"cannot resume: {told}: use what the run was started with, or start a new run")


def _check_longer(trainer: Trainer, epoch: int) -> None:
    settings, objective = trainer.settings, trainer.objective
    if settings.schedule != "constant":
        raise RunError(
            f"cannot resume with another max_epochs: the schedule {settings.schedule!r} is spread over it; "
            "only a constant one can go on"
        )
    if len({(objective.weight(part / 100), objective.draws(part / 100)) for part in range(101)}) > 1:
        raise RunError("cannot resume with another max_epochs: the objective's warm-up is a part of training")
    if settings.max_epochs < epoch:
        raise RunError(f"cannot resume with max_epochs={settings.max_epochs}: the run has {epoch} already")


def _differences(found: Any, asked: Any, name: str) -> dict[str, tuple[Any, Any]]:
    """Return the leaves in which two JSON values differ, by name."""
    if isinstance(found, dict) and isinstance(asked, dict):
        pairs = [(found.get(k), asked.get(k), f"{name}.{k}") for k in sorted({*found, *asked})]
        return {n: v for a, b, path in pairs for n, v in _differences(a, b, path).items()}
    return {} if found == asked else {name: (found, asked)}
