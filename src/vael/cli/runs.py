"""Run folders: which one is meant, where a new one goes, and how an old one makes room."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from vael.errors import RunError

__all__ = ["RUNS", "flattest", "is_run", "new_run", "newest", "replaced", "the_run"]

RUNS = Path("runs")
CONFIG, WEIGHTS = "config.json", "model.safetensors"


def is_run(place: str | Path) -> bool:
    """Whether a folder holds a run, finished or not."""
    return (Path(place) / CONFIG).is_file()


def newest(*, finished: bool = True) -> Path:
    """Return the run under ./runs that was written last."""
    folders = [file.parent for depth in ("*", "*/*") for file in RUNS.glob(f"{depth}/{CONFIG}")]
    runs = [run for run in folders if not finished or (run / WEIGHTS).is_file()]
    if not runs:
        kind = "no finished run" if finished and folders else "no run"
        raise RunError(f"{kind} under ./{RUNS}: name the folder of one, or make one by vael fit digits")
    return max(runs, key=lambda run: (run / CONFIG).stat().st_mtime_ns)


def the_run(given: str | Path | None) -> Path:
    """Return the run that is meant: the one given, or the newest."""
    return newest() if given is None else Path(given).expanduser()


def flattest(given: str | Path | None) -> Path:
    """Return the run that is meant; of the newest study's runs, the first with two latents."""
    run = the_run(given)
    if given is not None or run.parent.parent != RUNS:
        return run
    siblings = sorted(file.parent for file in run.parent.glob(f"*/{CONFIG}"))
    finished = (each for each in siblings if (each / WEIGHTS).is_file())
    return next((each for each in finished if _latents(each) == 2), run)


def _latents(run: Path) -> object:
    try:
        return json.loads((run / CONFIG).read_text())["parameters"]["n_components"]
    except (OSError, ValueError, KeyError, TypeError):  # damaged: whoever opens it will say so
        return None


def new_run(name: str) -> Path:
    """Return ./runs/NAME-DATE-TIME, which is not there yet."""
    stem = f"{name}-{datetime.now():%Y%m%d-%H%M%S}"
    places = (RUNS / (stem if n == 1 else f"{stem}-{n}") for n in range(1, 1000))
    return next(place for place in places if not place.exists())


@contextmanager
def replaced(run: Path, *, overwrite: bool) -> Generator[None]:
    """Move a run that is overwritten aside; it comes back unless the work within succeeds.

    Raises `RunError` for a folder with files in it that is no run: nothing else is ever removed.
    """
    aside = run.with_name(f".{run.name}.replaced")
    if overwrite and run.is_dir() and any(run.iterdir()):
        if not is_run(run):
            raise RunError(f"{run} holds files but no run: it is not overwritten; choose another folder")
        try:
            if aside.exists():  # a replacement was killed: what it left goes, what it replaced stays
                shutil.rmtree(run)
            else:
                os.replace(run, aside)
        except OSError as error:
            raise RunError(f"cannot replace {run}: {error.strerror or error}") from error
    try:
        yield
    except BaseException:
        if overwrite and aside.exists():
            shutil.rmtree(run, ignore_errors=True)
            os.replace(aside, run)
        raise
    shutil.rmtree(aside, ignore_errors=True)
