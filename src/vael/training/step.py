"""One step of training: terms, gradients, Adam."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Generator, Tensor, nn
from torch.optim import Adam

from vael.models import LatentVariableModel
from vael.objectives import Objective, Terms
from vael.training.settings import TrainingSettings

__all__ = ["Step"]


class Step:
    """Updates a model on a batch.

    Arguments:
        model: The model, on its device.
        objective: What is maximised.
        settings: How to train.
        device: Where the model is.
    """

    def __init__(
        self,
        model: LatentVariableModel,
        objective: Objective,
        settings: TrainingSettings,
        device: torch.device,
    ) -> None:
        self.model = model
        self.objective = objective
        self.settings = settings
        self.device = device
        self.parameters = [p for p in model.parameters() if p.requires_grad]
        self.optimiser = Adam(
            self.parameters,
            lr=settings.learning_rate,
            betas=settings.betas,
            eps=settings.epsilon,
            fused=device.type in ("cpu", "cuda", "mps"),
        )

    def __call__(self, x: Tensor, generator: Generator, progress: float, rate: float) -> Terms:
        """Take one step and return the batch's terms before it."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        with self._precision():
            terms = self.objective(self.model, x, generator=generator, progress=progress)
        self.optimiser.zero_grad(set_to_none=True)
        terms.loss.backward()
        if self.settings.clip is not None:
            nn.utils.clip_grad_norm_(self.parameters, self.settings.clip)
        self.optimiser.step()
        return terms

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
