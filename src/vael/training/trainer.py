"""The loop: one for every objective."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import Any

import torch
from torch import Generator, Tensor

from ..errors import NonFiniteError
from ..models import LatentVariableModel, Likelihood
from ..objectives import Objective, Terms
from .metrics import EpochMetrics, measure
from .rows import Rows
from .schedules import SCHEDULES
from .settings import TrainingSettings, resolve_device
from .step import Step

__all__ = ["Trainer"]

# Streams of random numbers: each epoch's follow from the seed and its number alone, so a resumed run
# needs no generator state.
TRAINING, VALIDATION, PREPARE = range(3)


def stream(seed: int, kind: int, number: int = 0) -> Generator:
    """Return the generator of one stream, a pure function of its numbers."""
    mixed = (seed * 0x9E3779B97F4A7C15 + kind * 0xBF58476D1CE4E5B9 + number * 0x94D049BB133111EB) % 2**63
    return torch.Generator().manual_seed(mixed)


class Trainer:
    """Trains a model in place by an objective, epoch by epoch.

    Iterate over `epochs()`; stop iterating whenever you like; then call `finish()`, which puts the best
    weights back. `state()` and `restore()` carry everything that a resumed run needs.

    Arguments:
        model: The model; trained in place, on the settings' device.
        objective: What is maximised.
        train: Training rows.
        validation: Rows for early stopping; None: stop on the training bound.
        settings: How to train.
    """

    def __init__(
        self,
        model: LatentVariableModel,
        objective: Objective,
        train: Rows,
        validation: Rows | None,
        settings: TrainingSettings,
    ) -> None:
        self.settings = settings
        self.device = resolve_device(settings.device)
        self.model = model.to(self.device)
        self.objective = objective
        self.train = _on(self._prepared(train, 0, validation=False), self.device)
        self.validation = (
            None
            if validation is None
            else _on(self._prepared(validation, 1, validation=True), self.device)
        )
        self.step = Step(model, objective, settings, len(train), self.device)
        self.epoch = 0
        self.seconds = 0.0
        self.stale = 0
        self.best_value = -math.inf
        self.best_epoch = 0
        self.best: dict[str, Tensor] = {}
        self.history: list[EpochMetrics] = []

    @property
    def converged(self) -> bool:
        """Whether the bound has not improved for `patience` epochs."""
        return self.settings.patience is not None and self.stale >= self.settings.patience

    def epochs(self) -> Iterator[EpochMetrics]:
        """Train, yielding after each epoch, until `max_epochs` or convergence."""
        while self.epoch < self.settings.max_epochs and not self.converged:
            yield self._epoch()

    def finish(self) -> None:
        """Put the best weights back and leave the model ready for use."""
        if self.best:
            self.model.load_state_dict(self.best)
        self.model.eval()

    def _progress(self, batch: int, batches: int) -> float:
        return (self.epoch + batch / batches) / self.settings.max_epochs

    def _epoch(self) -> EpochMetrics:
        settings = self.settings
        generator = stream(settings.seed, TRAINING, self.epoch)
        batches = math.ceil(len(self.train) / settings.batch_size)
        totals = torch.zeros(4, dtype=torch.float64, device=self.device)
        start = time.perf_counter()
        self.model.train()
        for batch, x in enumerate(self.train.shuffled(settings.batch_size, generator)):
            progress = self._progress(batch, batches)
            rate = settings.learning_rate * SCHEDULES[settings.schedule](progress)
            terms = self.step(self._observed(x, generator), generator, progress, rate)
            if not math.isfinite(terms.loss.item()):
                raise NonFiniteError(_diagnosis(terms, self.epoch + 1, batch + 1, settings))
            totals += _sums(terms, len(x))
        elapsed = time.perf_counter() - start
        self.epoch += 1
        self.seconds += elapsed
        loss, bound, log_likelihood, kl = (totals / len(self.train)).tolist()
        measured = self._validate()
        value = bound if measured is None else measured.bound
        rising = self.objective.weight(self._progress(0, 1)) < self.objective.weight(1.0)
        best = self._keep_best(value, rising)
        metrics = EpochMetrics(
            epoch=self.epoch,
            seconds=self.seconds,
            examples_per_second=len(self.train) / elapsed,
            learning_rate=rate,
            beta=self.objective.weight(progress),
            train_loss=loss,
            train_bound=bound,
            train_log_likelihood=log_likelihood,
            train_kl=kl,
            validation_bound=None if measured is None else measured.bound,
            validation_log_likelihood=None if measured is None else measured.log_likelihood,
            validation_kl=None if measured is None else measured.kl,
            active_latents=None if measured is None else measured.active_latents,
            kl_per_latent=None if measured is None else measured.kl_per_latent,
            best=best,
        )
        self.history.append(metrics)
        return metrics
