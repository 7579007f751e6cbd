"""Training: one loop for every objective, checkpoints, exact resume."""

from __future__ import annotations

from vael.training.metrics import EpochMetrics
from vael.training.progress import Progress
from vael.training.rows import Rows
from vael.training.run_folder import RunFolder
from vael.training.settings import TrainingSettings
from vael.training.trainer import Trainer

__all__ = ["EpochMetrics", "Progress", "Rows", "RunFolder", "Trainer", "TrainingSettings"]
