"""One step of training: terms, gradients, Adam."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.optim import Adam

from vael.models import LatentVariableModel
from vael.objectives import Objective, Terms
from vael.training.compiling import compiles
from vael.training.settings import TrainingSettings

__all__ = ["Step"]


class Step:
    """Updates a model on a batch.

    Arguments:
        model: The model, on its device.
        objective: What is maximised.
        settings: How to train.
        rows: Training rows.
        device: Where the model is.
    """

    def __init__(
        self,
        model: LatentVariableModel,
        objective: Objective,
        settings: TrainingSettings,
        rows: int,
        device: torch.device,
    ) -> None:
        self.model = model
        self.objective = objective
        self.settings = settings
        self.device = device
        self.batch = min(settings.batch_size, rows)
        self._compiled: Callable[..., Any] | None = None
        work = rows * settings.max_epochs * objective.draws(1.0)
        steady = all(f(0.0) == f(1.0) for f in (objective.weight, objective.draws))
        self.compile(compiles(settings.compile, model, work, steady=steady, device=device))
        self.parameters = [p for p in model.parameters() if p.requires_grad]
        self.optimiser = Adam(
            self.parameters,
            lr=settings.learning_rate,
            betas=settings.betas,
            eps=settings.epsilon,
            fused=device.type in ("cpu", "cuda", "mps"),
        )

    @property
    def compiled(self) -> bool:
        """Whether full batches go through a compiled objective."""
        return self._compiled is not None

    def compile(self, wanted: bool) -> None:
        """Compile the objective, or leave it as it is."""
        self._compiled = torch.compile(self.objective) if wanted else None

    def __call__(self, x: Tensor, generator: Generator, progress: float, rate: float) -> Terms:
        """Take one step and return the batch's terms before it."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        with self._precision():
            terms = self._terms(x, generator, progress)
        self.optimiser.zero_grad(set_to_none=True)
        terms.loss.backward()
        if self.settings.clip is not None:
            nn.utils.clip_grad_norm_(self.parameters, self.settings.clip)
        self.optimiser.step()
        return terms

    def _terms(self, x: Tensor, generator: Generator, progress: float) -> Terms:
        """Call the objective, compiled for full batches.

        Explicit generators break a compiled graph: inside one the noise comes from the global generator,
        which the trainer has seeded for the epoch.
        """
        if self._compiled is None or len(x) != self.batch:
            return self.objective(self.model, x, generator=generator, progress=progress)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what the compiler says of its own parts at its first call
            return self._compiled(self.model, x, generator=None)

    def state(self) -> dict[str, Tensor]:
        """Return Adam's moments and step counts by parameter number."""
        saved = self.optimiser.state_dict()["state"]
        return {f"{i}.{k}": torch.as_tensor(v) for i, s in saved.items() for k, v in s.items()}

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Put back what `state()` returned."""
        state: dict[int, dict[str, Tensor]] = {}
        for name, tensor in tensors.items():
            number, key = name.split(".")
            state.setdefault(int(number), {})[key] = tensor.clone()
        groups = self.optimiser.state_dict()["param_groups"]
        self.optimiser.load_state_dict({"state": state, "param_groups": groups})

    def _precision(self) -> AbstractContextManager[object]:
        if self.settings.precision == "bfloat16":
            return torch.autocast(self.device.type, dtype=torch.bfloat16)
        return nullcontext()
