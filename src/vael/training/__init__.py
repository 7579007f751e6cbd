"""Training: one loop for every objective, checkpoints, exact resume."""

from __future__ import annotations

from vael.training.metrics import EpochMetrics
from vael.training.rows import Rows
from vael.training.settings import TrainingSettings
from vael.training.trainer import Trainer

__all__ = ["EpochMetrics", "Rows", "Trainer", "TrainingSettings"]
