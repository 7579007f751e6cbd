"""The loop: one for every objective."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import Generator, Tensor

from vael.distributions import fork
from vael.errors import NonFiniteError
from vael.models import LatentVariableModel, Likelihood
from vael.nn.products import fast_products, uses_onednn
from vael.objectives import Objective, Terms
from vael.training.metrics import EpochMetrics, Measured, measure
from vael.training.rows import Rows
from vael.training.schedules import SCHEDULES
from vael.training.settings import TrainingSettings, resolve_device
from vael.training.step import Step

__all__ = ["Trainer"]

# Streams of random numbers: each epoch's follow from the seed and its number alone, so a resumed run
# needs no generator state.
TRAINING, VALIDATION, PREPARE = range(3)


def stream(seed: int, kind: int, number: int = 0, device: torch.device | str = "cpu") -> Generator:
    """Return the generator of one stream, a pure function of its numbers."""
    mixed = (seed * 0x9E3779B97F4A7C15 + kind * 0xBF58476D1CE4E5B9 + number * 0x94D049BB133111EB) % 2**63
    return torch.Generator(device).manual_seed(mixed)


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
        log_jacobian: Nats that make a log-density of a row on the model's scale one of the data as given;
            added to the bounds and log-likelihoods that are recorded, and not to the loss.
    """

    def __init__(
        self,
        model: LatentVariableModel,
        objective: Objective,
        train: Rows,
        validation: Rows | None,
        settings: TrainingSettings,
        log_jacobian: float = 0.0,
    ) -> None:
        self.settings = settings
        self.log_jacobian = log_jacobian
        self.device = resolve_device(settings.device)
        self.model = model.to(self.device)
        self.objective = objective
        self.likelihood = _likelihood(model)
        self.train = self._prepared(train, 0).to(self.device)
        self.validation = None if validation is None else self._prepared(validation, 1).to(self.device)
        self.step = Step(model, objective, settings, len(train), self.device)
        self.together = min(settings.batch_size, len(train)) * objective.draws(1.0)
        self.epoch = 0
        self.seconds = 0.0
        self.stale = 0
        self.reference = -math.inf
        self.best_value = -math.inf
        self.best_epoch = 0
        self.best: dict[str, Tensor] = {}
        self.history: list[EpochMetrics] = []

    @property
    def chosen(self) -> dict[str, Any]:
        """What was chosen by a rule, and decides the exact bytes of the weights."""
        onednn = uses_onednn(self.model, self.together)
        return {"compiled": self.step.compiled, "products": "oneDNN" if onednn else "default"}

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
        generator = stream(settings.seed, TRAINING, self.epoch, self.device)
        batches = math.ceil(len(self.train) / settings.batch_size)
        totals = torch.zeros(4, dtype=torch.float64, device=self.device)
        start = time.perf_counter()
        progress, rate = 0.0, 0.0
        self.model.train()
        with (
            fast_products(self.model, self.together),
            fork(generator),
        ):  # fork: for dropout and the like in a user's module
            for batch, x in enumerate(self.train.shuffled(settings.batch_size, generator)):
                progress = self._progress(batch, batches)
                rate = settings.learning_rate * SCHEDULES[settings.schedule](progress)
                observed = self.likelihood.observe(x, generator) if self.likelihood else x
                terms = self.step(observed, generator, progress, rate)
                if not math.isfinite(terms.loss.item()):
                    raise NonFiniteError(_diagnosis(terms, self.epoch + 1, batch + 1, settings))
                totals += _sums(terms, len(x))
        elapsed = time.perf_counter() - start
        self.epoch += 1
        self.seconds += elapsed
        loss, bound, log_likelihood, kl = (totals / len(self.train)).tolist()
        bound, log_likelihood = bound + self.log_jacobian, log_likelihood + self.log_jacobian
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

    def _validate(self) -> Measured | None:
        """Measure on the validation rows, with the same noise at every epoch."""
        if self.validation is None:
            return None
        self.model.eval()
        generator = stream(self.settings.seed, VALIDATION, 0, self.device)
        with fast_products(self.model, self.together):
            found = measure(self.model, self.objective, self.validation, generator)
        given = self.log_jacobian
        found = replace(found, bound=found.bound + given, log_likelihood=found.log_likelihood + given)
        if not math.isfinite(found.bound):
            raise NonFiniteError(
                f"the validation bound is not finite after epoch {self.epoch}: some held-out row has no "
                f"probability; try a learning_rate below {self.settings.learning_rate:g}, or look for "
                f"outliers"
            )
        return found

    def _keep_best(self, value: float, rising: bool) -> bool:
        """Remember the weights if the bound is better; count the epochs in which it is not.

        Without validation rows the newest weights are kept: a training bound is noisy, and its best value
        is the luckiest, not the best. While a warm-up is rising, epochs are not counted: the loss is not yet
        the one that was asked for.
        """
        better = self.validation is None or value > self.best_value
        if better:
            self.best = {k: v.detach().clone() for k, v in self.model.state_dict().items()}
            self.best_value, self.best_epoch = value, self.epoch
        margin = self.settings.tolerance if self.validation is None else 0.0
        if rising or value > self.reference + margin:
            self.reference = max(value, self.reference)
            self.stale = 0
        else:
            self.stale += 1
        return better

    def _prepared(self, rows: Rows, number: int) -> Rows:
        """Make rows ready once, where the likelihood wants that: always for validation."""
        likelihood = self.likelihood
        if likelihood is None:
            return rows
        generator = stream(self.settings.seed, PREPARE, number)
        if number == 0 and not likelihood.prepares_training:
            return rows
        prepared = [likelihood.prepare(x, generator) for x in rows.chunks(8192)]
        return Rows(torch.cat(prepared))

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return all that a resumed run needs: tensors by name, and facts for JSON."""
        tensors = {f"model.{k}": v for k, v in self.model.state_dict().items()}
        tensors |= {f"best.{k}": v for k, v in self.best.items()}
        tensors |= {f"adam.{k}": v for k, v in self.step.state().items()}
        facts = {
            "epoch": self.epoch,
            "seconds": self.seconds,
            "stale": self.stale,
            "best_value": self.best_value if math.isfinite(self.best_value) else None,
            "best_epoch": self.best_epoch,
            "reference": self.reference if math.isfinite(self.reference) else None,
            "history": [metrics.to_dict() for metrics in self.history],
        }
        return tensors, facts

    def restore(self, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
        """Go on from where `state()` was taken."""

        def named(prefix: str) -> dict[str, Tensor]:
            own = (k for k in tensors if k.startswith(prefix))
            return {k.removeprefix(prefix): tensors[k].to(self.device) for k in own}

        self.model.load_state_dict(named("model."))
        self.best = named("best.")
        self.step.restore(named("adam."))
        self.epoch = facts["epoch"]
        self.seconds = facts["seconds"]
        self.stale = facts["stale"]
        self.best_epoch = facts["best_epoch"]
        self.best_value = -math.inf if facts["best_value"] is None else facts["best_value"]
        self.reference = -math.inf if facts["reference"] is None else facts["reference"]
        self.history = [EpochMetrics(**row) for row in facts["history"]]


def _likelihood(model: LatentVariableModel) -> Likelihood | None:
    """The decoder's likelihood, where it has one of vael's."""
    likelihood = getattr(model.decoder, "likelihood", None)
    return likelihood if isinstance(likelihood, Likelihood) else None


def _sums(terms: Terms, n: int) -> Tensor:
    """Sums over the batch, so that an average over an epoch weighs rows and not batches."""
    parts = (terms.bound, terms.log_likelihood, terms.kl)
    return torch.stack([terms.loss.detach() * n, *(t.sum() for t in parts)]).double()


def _diagnosis(terms: Terms, epoch: int, batch: int, settings: TrainingSettings) -> str:
    """Say where a loss stopped being finite, which term broke, and what to try."""
    named = {"log-likelihood": terms.log_likelihood, "KL": terms.kl, "bound": terms.bound}
    broken = [name for name, term in named.items() if not torch.isfinite(term).all()]
    rows = int((~torch.isfinite(terms.bound)).sum())
    return (
        f"the loss is not finite at epoch {epoch}, batch {batch}: {' and '.join(broken) or 'loss'} "
        f"broke on {rows} of {len(terms.bound)} rows; try a learning_rate below "
        f"{settings.learning_rate:g}, or data without outliers and on a smaller scale"
    )
