"""The case study: three models of handwritten digits, what they are good for, and a report."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from vael.datasets import Dataset, load
from vael.errors import RunError
from vael.estimators import VAE
from vael.estimators import load as load_run
from vael.estimators.run_data import record
from vael.report.choices import clock
from vael.report.machine import peak_memory
from vael.report.measures import measure_run
from vael.report.records import RunMeasures
from vael.report.render import render
from vael.report.study_page import DRAWING, PEAK, TOTAL, study_report
from vael.report.study_sections import StudiedModel
from vael.training.files import write_bytes, write_json

__all__ = ["MODELS", "ModelPlan", "case_study"]


@dataclass(frozen=True)
class ModelPlan:
    """One model of the study.

    Attributes
    ----------
    name : of its run folder
    purpose : what it is fitted for
    latents, hidden, epochs, batch_size, learning_rate : of the `VAE`
    applications : whether it is probed with few labels, and its samples and neighbourhoods are measured
    """

    name: str
    purpose: str
    latents: int
    hidden: tuple[int, ...]
    epochs: int
    batch_size: int = 256
    learning_rate: float = 2e-3
    applications: bool = False


MODELS = (
    ModelPlan("plane", "for the map", 2, (500, 250), 20),
    ModelPlan("space", "for the map in space", 3, (500, 250), 20),
    ModelPlan("large", "for features and likelihood", 20, (500,), 50, learning_rate=3e-3, applications=True),
)
QUICK = MappingProxyType({"plane": (64, 40), "space": (64, 40), "large": (128, 40)})  # widths, epochs


@dataclass(frozen=True)
class _Size:
    """What `quick` changes."""

    data: str
    samples: int
    rows: int
    draws: int
    most_train: int
    most_test: int
    most_samples: int


_FULL = _Size(
    "mnist", samples=500, rows=1000, draws=3, most_train=10_000, most_test=5_000, most_samples=2_000
)
_SMALL = _Size("digits", samples=100, rows=200, draws=2, most_train=1_000, most_test=500, most_samples=200)


def case_study(
    folder: str | Path,
    *,
    quick: bool = False,
    seed: int = 0,
    say: Callable[[str], None] = lambda line: None,
    verbose: int = 0,
) -> Path:
    """Fit three VAEs to MNIST, measure them, and write the report of it.

    Each model is a run folder inside `folder`. A study that was broken off goes on where it was: models that
    are done are loaded, one that is not is resumed.

    Parameters
    ----------
    folder : str or Path
        Where the runs, ``measures.json`` and ``report.html`` go.
    quick : bool, default=False
        Use scikit-learn's small digits and small models: to see that it works, in half a minute.
    seed : int, default=0
        Everything random follows from it.
    say : callable, default: says nothing
        Is told what happens, a line at a time.
    verbose : int, default=0
        The estimators' own progress display.

    Returns
    -------
    Path
        The report.

    Raises
    ------
    KeyboardInterrupt
        Again, once the model that was being fitted is safe in its folder.
    """
    start = time.perf_counter()
    place = Path(folder)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"cannot make {place}: {error.strerror or error}; choose another folder") from error
    size = _SMALL if quick else _FULL
    dataset = load(size.data)
    say(f"{size.data}: {len(dataset.X)} images, {_test_rows(dataset)} for testing")
    plans = [_small(plan) for plan in MODELS] if quick else list(MODELS)
    estimators = {plan.name: _fit(plan, place / plan.name, dataset, seed, say, verbose) for plan in plans}
    fitted = time.perf_counter() - start
    studied: list[StudiedModel] = []
    for plan in plans:
        say(f"measuring {plan.name}")
        measures = measure_run(
            estimators[plan.name],
            dataset,
            samples=size.samples,
            random_state=seed,
            rows=size.rows,
            draws=size.draws,
            most_train=size.most_train,
            most_test=size.most_test,
            applications=plan.applications,
            distribution=plan.applications,
            geometry=False,
            most_samples=size.most_samples,
        )
        studied.append(StudiedModel(plan.name, plan.purpose, estimators[plan.name], measures))
    measured = time.perf_counter() - start - fitted
    write_json(place / "measures.json", _record(studied, seed))
    say("drawing the report")
    seconds: Mapping[str, float] = {"fitting": fitted, "measuring": measured}
    page = render(study_report(studied, dataset, seed=seed, seconds=seconds))
    total, peak = time.perf_counter() - start, peak_memory()
    known = {
        TOTAL: clock(total),
        DRAWING: clock(total - fitted - measured),
        PEAK: "–" if peak is None else f"{peak / 1e9:.2f} GB",
    }
    for mark, text in known.items():
        page = page.replace(mark, text)
    path = place / "report.html"
    write_bytes(path, page.encode())
    say(f"done in {known[TOTAL]}, peak memory {known[PEAK]}")
    return path


def _fit(
    plan: ModelPlan, run: Path, dataset: Dataset, seed: int, say: Callable[[str], None], verbose: int
) -> VAE:
    """Fit a model into its run folder, or load the one that is there."""
    if (run / "model.safetensors").exists():
        done = load_run(run)
        if done.stopped_ != "interrupted":
            say(f"{plan.name}: found in {run}")
            return done
    say(f"{plan.name}: fitting {plan.latents} latents {plan.purpose}, {plan.epochs} epochs")
    estimator = VAE(
        n_components=plan.latents,
        hidden=plan.hidden,
        likelihood="bernoulli",
        image_shape=dataset.image_shape,
        max_epochs=plan.epochs,
        batch_size=plan.batch_size,
        learning_rate=plan.learning_rate,
        schedule="one-cycle",
        patience="never",  # the schedule ends training
        random_state=seed,
        verbose=verbose,
        run=run,
        resume=run.exists(),
    ).fit(dataset.X)
    record(run, estimator, dataset, dataset.name)
    if estimator.stopped_ == "interrupted":
        raise KeyboardInterrupt
    say(f"{plan.name}: ELBO {estimator.bound_:.1f} nats, {clock(estimator.history_[-1].seconds)}")
    return estimator


def _small(plan: ModelPlan) -> ModelPlan:
    width, epochs = QUICK[plan.name]
    return replace(plan, latents=min(plan.latents, 8), hidden=(width,), epochs=epochs, batch_size=64)


def _test_rows(dataset: Dataset) -> str:
    return "some held out" if dataset.X_test is None else f"{len(dataset.X_test)}"


def _record(studied: list[StudiedModel], seed: int) -> dict[str, object]:
    models: dict[str, RunMeasures] = {model.name: model.measures for model in studied}
    return {"seed": seed, "models": {name: measures.to_dict() for name, measures in models.items()}}
