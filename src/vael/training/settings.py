"""How to train: one frozen object, stored with the run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Literal

import torch

from vael.errors import InputError
from vael.training.schedules import SCHEDULES

__all__ = ["TrainingSettings", "resolve_device"]


@dataclass(frozen=True)
class TrainingSettings:
    """Settings of the training loop.

    Attributes:
        max_epochs: Passes over the training rows at most.
        batch_size: Rows a step; the whole set if it is smaller.
        learning_rate: Peak step size of Adam.
        schedule: Name of the learning-rate schedule, over `max_epochs`.
        patience: Epochs without a better validation bound after which training stops; None: never.
        precision: ``"float32"`` or ``"bfloat16"`` (weights and sums stay float32).
        compile: Compile the step; ``"auto"`` decides by the size of the work.
        device: ``"cpu"``, ``"cuda"``, ``"mps"`` or ``"auto"``.
        seed: Everything random follows from it.
        betas: Adam's decay rates.
        epsilon: Adam's epsilon.
        clip: Largest norm of the gradient; None: not clipped.
        tolerance: Without validation rows: nats of the training bound that count as better.
    """

    max_epochs: int = 100
    batch_size: int = 128
    learning_rate: float = 1e-3
    schedule: str = "constant"
    patience: int | None = 10
    precision: Literal["float32", "bfloat16"] = "float32"
    compile: bool | Literal["auto"] = "auto"
    device: str = "auto"
    seed: int = 0
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8
    clip: float | None = None
    tolerance: float = 1e-4

    def __post_init__(self) -> None:
        for name in ("max_epochs", "batch_size"):
            if not _whole(getattr(self, name)):
                raise InputError(f"{name} must be a whole number >= 1, got {getattr(self, name)!r}")
        if not (isinstance(self.learning_rate, Real) and 0 < self.learning_rate < math.inf):
            raise InputError(f"learning_rate must be a number > 0, got {self.learning_rate!r}")
        if self.patience is not None and not _whole(self.patience):
            raise InputError(f"patience must be a whole number of epochs >= 1, got {self.patience!r}")
        if self.schedule not in SCHEDULES:
            raise InputError(f"unknown schedule {self.schedule!r}: choose one of {', '.join(SCHEDULES)}")
        if self.precision not in ("float32", "bfloat16"):
            raise InputError(f"precision must be float32 or bfloat16, got {self.precision!r}")
        if self.compile not in (True, False, "auto"):
            raise InputError(f"compile must be True, False or 'auto', got {self.compile!r}")


def _whole(value: object) -> bool:
    return isinstance(value, Integral) and int(value) >= 1


def resolve_device(name: str) -> torch.device:
    """Return the device of a name; ``"auto"``: CUDA, else MPS, else the CPU."""
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise InputError(
            f"device {name!r} cannot be used here: choose 'auto', 'cpu', 'cuda' or 'mps'"
        ) from error
    return device
