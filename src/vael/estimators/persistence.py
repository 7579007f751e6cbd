"""Saving a fitted estimator as a run folder, and loading it: JSON and safetensors, no pickle."""

from __future__ import annotations

import copy
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from vael.errors import RunError
from vael.estimators.autoencoder import Autoencoder
from vael.estimators.base import LatentEstimator
from vael.estimators.schema import Schema
from vael.estimators.vae import VAE
from vael.models import LatentVariableModel
from vael.specification import build, describe, externals
from vael.training import RunFolder, TrainingSettings

__all__ = ["ESTIMATORS", "configuration", "load", "save"]

ESTIMATORS: dict[str, type[LatentEstimator]] = {"VAE": VAE, "Autoencoder": Autoencoder}
_SLOTS = ("prior", "encoder", "decoder")
_FACTS = (
    "n_components_",
    "n_features_in_",
    "likelihood_",
    "n_iter_",
    "best_epoch_",
    "bound_",
    "stopped_",
    "seed_",
)


def configuration(
    estimator: LatentEstimator, *, data: str | None = None, finished: bool = False
) -> dict[str, Any]:
    """Everything but weights and metrics that rebuilds a fitted estimator, for JSON."""
    model = estimator.model_
    facts = {name: getattr(estimator, name) for name in _FACTS} if finished else {}
    names = getattr(estimator, "feature_names_in_", None)
    return {
        "vael": version("vael"),
        "estimator": type(estimator).__name__,
        "parameters": {k: _plain(v, k) for k, v in estimator.get_params(deep=False).items()},
        "model": {slot: describe(getattr(model, slot), slot=slot) for slot in _SLOTS},
        "objective": describe(estimator.objective_),
        "settings": _settings(estimator.settings_),
        "schema": estimator.schema_.to_dict(),
        "feature_names": None if names is None else [str(name) for name in names],
        "environment": environment(estimator),
        "data_sha256": data,
        "split": {"train": estimator.n_train_, "validation": estimator.n_validation_},
        "finished": finished,
        "facts": facts,
    }


def environment(estimator: LatentEstimator) -> dict[str, Any]:
    """What else decides the exact bytes of the weights."""
    return {
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "processor": platform.machine(),
        "device": str(next((p.device for p in estimator.model_.parameters()), "cpu")),
        **estimator.chosen_,
    }


def _settings(settings: TrainingSettings) -> dict[str, Any]:
    return {k: list(v) if isinstance(v, tuple) else v for k, v in vars(settings).items()}


def _plain(value: Any, name: str) -> Any:
    """A parameter for JSON; what is no plain value is written as a specification."""
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, np.floating):
        return float(value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, np.random.RandomState):
        return None
    return describe(value, slot=name)


def save(estimator: LatentEstimator, path: str | Path, *, overwrite: bool = False) -> None:
    """Write a fitted estimator as a run folder."""
    folder = RunFolder(path)
    folder.create(overwrite=overwrite)
    folder.write_weights(estimator.model_.state_dict())
    folder.write_metrics(estimator.history_)
    folder.write_config(configuration(estimator, finished=True))


def load(path: str | Path, **modules: nn.Module) -> Any:
    """Load what `save` or a run wrote: a fitted `VAE` or `Autoencoder`. Executes nothing of the folder's.

    Parameters
    ----------
    path : str or Path
        The run folder.
    **modules : torch.nn.Module
        ``prior``, ``encoder`` or ``decoder``: modules of your own that the model was fitted with.

    Returns
    -------
    estimator : VAE or Autoencoder
        Fitted, on the CPU.

    Raises
    ------
    RunError
        If the folder is no run, is of another format version, was not finished, or lacks a module.
    """
    folder = RunFolder(path)
    config = folder.read_config()
    unknown = set(modules) - set(_SLOTS)
    if unknown:
        raise RunError(f"load takes modules as {', '.join(_SLOTS)}, not {', '.join(sorted(unknown))}")
    if not (config.get("finished") and folder.weights.exists()):
        raise RunError(f"{path} was not finished: go on with it by resume=True (vael fit ... --resume)")
    try:
        with torch.random.fork_rng(devices=[]):  # new networks draw weights, which are replaced
            estimator = _estimator(config, modules)
        model = estimator.model_
        model.load_state_dict(folder.read_weights())
        estimator.history_ = folder.read_metrics()[: estimator.n_iter_]
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        if isinstance(error, RunError):
            raise
        told = " ".join(str(error).split())
        raise RunError(f"{path} is damaged or not a run of this version: {told}") from error
    model.eval()
    return estimator


def _estimator(config: dict[str, Any], modules: dict[str, nn.Module]) -> LatentEstimator:
    name = config["estimator"]
    if name not in ESTIMATORS:
        raise RunError(f"unknown estimator {name!r}: this run was written by another version of vael")
    parameters = {k: _parameter(k, v, modules) for k, v in config["parameters"].items()}
    estimator = ESTIMATORS[name](**parameters)
    own = {slot: copy.deepcopy(module) for slot, module in modules.items()}  # those given stay as they are
    for slot in modules:
        if slot not in externals(config["model"][slot]):
            raise RunError(f"this model's {slot} holds no module of yours: leave {slot}= out")
    slots = {slot: build(config["model"][slot], modules=own) for slot in _SLOTS}
    estimator.model_ = LatentVariableModel(**slots)
    estimator.schema_ = Schema.from_dict(config["schema"])
    estimator.objective_ = build(config["objective"])
    settings: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in config["settings"].items()
    }
    estimator.settings_ = TrainingSettings(**settings)
    estimator.n_train_, estimator.n_validation_ = (config["split"][k] for k in ("train", "validation"))
    estimator.chosen_ = {k: config["environment"][k] for k in ("compiled", "products")}
    estimator.image_shape_ = estimator.schema_.image_shape
    for fact, value in config["facts"].items():
        setattr(estimator, fact, value)
    if config["feature_names"] is not None:
        estimator.feature_names_in_ = np.array(config["feature_names"], dtype=object)
    return estimator


def _parameter(name: str, value: Any, modules: dict[str, nn.Module]) -> Any:
    if isinstance(value, dict) and "external" in value:
        return modules.get(name)
    return build(value)
