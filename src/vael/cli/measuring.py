"""What `vael evaluate` and `vael report` share: the measures of a run, kept in ``evaluation.json``."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vael.cli.common import Common

__all__ = ["EVALUATION", "Opened", "kept_measures", "measure", "open_run", "weights_of", "write_report"]

EVALUATION = "evaluation.json"


@dataclass(frozen=True)
class Opened:
    """A run with its data at hand."""

    folder: Path
    estimator: Any
    run_data: Any
    dataset: Any


def open_run(folder: Path, moved: Path | None) -> Opened:
    """Load a run's model and its data, from where they moved if they did."""
    import vael
    from vael.estimators.run_data import read

    estimator = vael.load(folder)
    run_data = read(folder)
    return Opened(folder, estimator, run_data, run_data.dataset(moved))


def measure(opened: Opened, samples: int, seed: int, common: Common) -> Any:
    """Measure a run, keep the measures in its folder, and return them."""
    from vael.report import measure_run
    from vael.training.files import write_json

    measures = measure_run(
        opened.estimator,
        opened.dataset,
        opened.run_data,
        samples=samples,
        random_state=seed,
        progress=lambda part: common.stage(f"measuring: {part}"),
    )
    kept = {"weights_sha256": weights_of(opened.folder), "samples": samples, "seed": seed}
    write_json(opened.folder / EVALUATION, {**kept, "measures": measures.to_dict()})
    return measures


def kept_measures(opened: Opened, samples: int | None, seed: int | None) -> Any:
    """Return the measures that a run keeps, or None where they are of other weights or settings."""
    from vael.errors import RunError
    from vael.report import RunMeasures
    from vael.training.files import read_json

    if not (opened.folder / EVALUATION).exists():
        return None
    try:
        kept = read_json(opened.folder / EVALUATION)
        same = kept["weights_sha256"] == weights_of(opened.folder)
        asked = samples in (None, kept["samples"]) and seed in (None, kept["seed"])
        return RunMeasures.from_dict(kept["measures"]) if same and asked else None
    except (RunError, KeyError, TypeError, ValueError):  # of another version: measured anew
        return None


def write_report(opened: Opened, measures: Any) -> Path:
    """Write a run's report.html anew, and say where it is."""
    from vael.report import run_report, write

    page = run_report(opened.estimator, opened.dataset, measures, opened.run_data)
    return write(page, opened.folder / "report.html", overwrite=True).resolve()


def weights_of(folder: Path) -> str:
    """Return the SHA-256 of a run's weights, by which kept measures are known to be theirs."""
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
