"""A run folder: everything that a run is, in files that execute nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from torch import Tensor

from vael.errors import RunError
from vael.training.files import read_json, read_tensors, write_bytes, write_json, write_tensors
from vael.training.metrics import EpochMetrics

__all__ = ["FORMAT", "RunFolder"]

FORMAT = 1


class RunFolder:
    """Reads and writes ``config.json``, ``model.safetensors``, ``metrics.jsonl`` and ``checkpoints/``.

    Arguments:
        path: The folder.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    @property
    def config(self) -> Path:
        """Settings, choices and what came of them."""
        return self.path / "config.json"

    @property
    def weights(self) -> Path:
        """The best weights, written when training ends."""
        return self.path / "model.safetensors"

    @property
    def metrics(self) -> Path:
        """One line an epoch."""
        return self.path / "metrics.jsonl"

    @property
    def checkpoint(self) -> Path:
        """The newest state of training."""
        return self.path / "checkpoints" / "last.safetensors"

    @property
    def unstarted(self) -> bool:
        """Whether the folder holds what a run killed before its first checkpoint leaves, and no more."""
        own = {self.config.name, self.metrics.name, self.checkpoint.parent.name}
        if not self.path.is_dir() or self.checkpoint.exists():
            return False
        return all(f.name in own or f.name.endswith(".tmp") for f in self.path.iterdir())

    def create(self, *, overwrite: bool = False) -> None:
        """Make the folder, which must be new or empty unless `overwrite`."""
        try:
            if self.path.exists() and not self.path.is_dir():
                raise RunError(f"{self.path} is a file: choose another folder for the run")
            if not overwrite and self.path.exists() and any(self.path.iterdir()):
                raise RunError(f"{self.path} exists already: choose another folder, or resume the run in it")
            self.checkpoint.parent.mkdir(parents=True, exist_ok=True)
            probe = self.path / ".probe.tmp"
            probe.touch()
            probe.unlink()
        except RunError:
            raise
        except OSError as error:
            raise RunError(
                f"cannot write into {self.path}: {error.strerror or error}; choose another folder"
            ) from error

    def write_config(self, config: dict[str, Any]) -> None:
        """Write the configuration, with the format's version."""
        write_json(self.config, {"format": FORMAT, **config})

    def read_config(self) -> dict[str, Any]:
        """Read the configuration, of this version's format only."""
        if not self.path.is_dir():
            raise RunError(f"{self.path} is no folder: give the folder of a run")
        config = read_json(self.config)
        found = config.get("format") if isinstance(config, dict) else None
        if found != FORMAT:
            raise RunError(
                f"{self.path} has run format {found}, this vael reads format {FORMAT}: use the vael "
                f"that wrote it ({config.get('vael', 'unknown') if isinstance(config, dict) else 'unknown'})"
            )
        return config

    def write_weights(self, weights: dict[str, Tensor]) -> None:
        """Write the model's weights."""
        write_tensors(self.weights, weights)

    def read_weights(self) -> dict[str, Tensor]:
        """Read the model's weights."""
        return read_tensors(self.weights)[0]

    def write_checkpoint(
        self, tensors: dict[str, Tensor], facts: dict[str, Any], history: list[EpochMetrics]
    ) -> None:
        """Write a state of training and the metrics up to it."""
        self.checkpoint.parent.mkdir(exist_ok=True)
        write_tensors(self.checkpoint, tensors, facts)
        self.write_metrics(history)

    def read_checkpoint(self) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        """Read the newest state of training; None where there is none yet."""
        return read_tensors(self.checkpoint) if self.checkpoint.exists() else None

    def write_metrics(self, history: list[EpochMetrics]) -> None:
        """Write one line an epoch."""
        lines = (json.dumps(m.to_dict(), allow_nan=False) for m in history)
        write_bytes(self.metrics, ("\n".join(lines) + "\n").encode() if history else b"")

    def read_metrics(self) -> list[EpochMetrics]:
        """Read what `write_metrics` wrote; empty where nothing was."""
        if not self.metrics.exists():
            return []
        try:
            lines = self.metrics.read_text().splitlines()
            return [EpochMetrics(**json.loads(line)) for line in lines if line]
        except (OSError, ValueError, TypeError) as error:
            raise RunError(f"cannot read {self.metrics}: {error}") from error
