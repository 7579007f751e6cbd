"""What `fit` does once its choices are made: rows split, a model built, trained and told about."""

from __future__ import annotations

import copy
import warnings
from contextlib import nullcontext
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import torch

from vael.errors import InputError, VaelWarning
from vael.estimators.base import LatentEstimator
from vael.estimators.composition import Composition
from vael.estimators.door import try_parts
from vael.estimators.schema import Schema
from vael.models import Decoder, DecoderEnsemble
from vael.training import EpochMetrics, Progress, Rows, RunFolder, Trainer

__all__ = ["CHECKPOINT_SECONDS", "Split", "forget", "make_trainer", "train"]

CHECKPOINT_SECONDS = 5.0  # training time between checkpoints; it changes nothing but what a kill costs


@dataclass(frozen=True)
class Split:
    """Row numbers to train on and to validate on, each in order."""

    train: np.ndarray
    validation: np.ndarray

    @classmethod
    def of(cls, n: int, fraction: float, seed: int) -> Split:
        """Hold out a random part of n rows: at least one if any, never all."""
        if not (isinstance(fraction, Real) and 0 <= fraction < 1):
            raise InputError(f"validation_fraction must be a number in [0, 1), got {fraction!r}")
        held = max(round(n * fraction), 1 if fraction > 0 else 0)
        order = np.random.default_rng(seed).permutation(n)
        held = min(held, n - 1)
        return cls(np.sort(order[held:]), np.sort(order[:held]))


def forget(estimator: LatentEstimator) -> None:
    """Remove what an earlier fit left, but for what describes the input."""
    for name in [k for k in vars(estimator) if k.endswith("_") and not k.startswith("_")]:
        if name not in ("n_features_in_", "feature_names_in_"):
            delattr(estimator, name)


def make_trainer(
    estimator: LatentEstimator, flat: np.ndarray, split: Split, composition: Composition
) -> Trainer:
    """Build the model, with weights that follow from the seed, and its trainer."""
    rows = _model_rows(estimator.schema_, flat[split.train])
    held = _model_rows(estimator.schema_, flat[split.validation]) if len(split.validation) else None
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(estimator.seed_)
        model = composition.build()
    if isinstance(model.decoder, (Decoder, DecoderEnsemble)):
        model.decoder.start(rows.mean())
    jacobian = estimator.schema_.scaling.log_jacobian
    trainer = Trainer(model, estimator.objective_, rows, held, estimator.settings_, jacobian)
    estimator.chosen_ = trainer.chosen
    try_parts(estimator, trainer)
    return trainer


def _model_rows(schema: Schema, values: np.ndarray) -> Rows:
    """Bytes stay bytes until they are used; anything else is brought to the model's scale in float64."""
    if values.dtype.name in ("uint8", "bool"):
        raw = torch.from_numpy(values.astype(np.uint8, copy=False))
        return Rows.of(raw, schema.scaling.offset, schema.scaling.scale)
    return Rows(torch.from_numpy(schema.scaling.to_model(values)))


def train(estimator: LatentEstimator, trainer: Trainer, folder: RunFolder | None, X: Any, y: Any) -> None:
    """Run the loop; tell callbacks, the screen and the run folder; leave the estimator fitted."""
    context = estimator._init_callback_context(max_subtasks=trainer.settings.max_epochs)  # pyright: ignore[reportPrivateUsage]
    context.call_on_fit_task_begin(estimator=estimator, X=X, y=y)
    estimator.history_ = trainer.history
    stopped = "max_epochs"
    try:
        if _loop(estimator, trainer, folder, context, X, y):
            stopped = "callback"
    except KeyboardInterrupt:
        if not trainer.best:
            raise
        stopped = "interrupted"  # maybe in mid-epoch: the last checkpoint stays, for exact resume
        warnings.warn(
            f"interrupted in epoch {trainer.epoch + 1}: the best weights so far, of epoch "
            f"{trainer.best_epoch}, are kept",
            VaelWarning,
            stacklevel=4,
        )
    else:
        if folder is not None:
            folder.write_checkpoint(*trainer.state(), trainer.history)
    trainer.finish()
    outcome = _outcome(trainer, "converged" if trainer.converged else stopped)
    for name, value in outcome.items():
        setattr(estimator, name, value)
    context.call_on_fit_task_end(estimator=estimator, X=X, y=y, reconstruction_attributes=dict)


def _loop(
    estimator: LatentEstimator, trainer: Trainer, folder: RunFolder | None, context: Any, X: Any, y: Any
) -> bool:
    """Train epoch by epoch; whether a callback asked to stop."""
    progress = Progress(trainer.settings.max_epochs) if estimator.verbose else None
    written = trainer.seconds if trainer.epoch else -CHECKPOINT_SECONDS  # the first epoch is always kept
    with progress or nullcontext():
        for metrics in trainer.epochs():
            if progress is not None:
                progress.show(metrics)
            if folder is not None and trainer.seconds - written >= CHECKPOINT_SECONDS:
                written = trainer.seconds
                folder.write_checkpoint(*trainer.state(), trainer.history)
            epoch = context.subcontext(task_name="epoch")
            epoch.call_on_fit_task_begin(estimator=estimator, X=X, y=y)
            if epoch.call_on_fit_task_end(
                estimator=estimator, X=X, y=y, reconstruction_attributes=lambda: _as_fitted(trainer)
            ):
                return True
    return False


def _outcome(trainer: Trainer, stopped: str) -> dict[str, Any]:
    history: list[EpochMetrics] = list(trainer.history)
    return {
        "history_": history,
        "n_iter_": trainer.epoch,
        "best_epoch_": trainer.best_epoch,
        "bound_": trainer.best_value,
        "stopped_": stopped,
    }


def _as_fitted(trainer: Trainer) -> dict[str, Any]:
    """What makes a fitted estimator of one in training, as if it stopped now; training goes on apart."""
    return {"model_": copy.deepcopy(trainer.model).eval(), **_outcome(trainer, "unfinished")}
