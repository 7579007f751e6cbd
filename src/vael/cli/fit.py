"""`vael fit`: train a model on a data set and keep the run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Group, Parameter

from vael.cli.common import COMMON, Common
from vael.cli.options import FitOptions
from vael.cli.runs import is_run, new_run, newest, replaced
from vael.cli.sizes import Shape
from vael.errors import RunError

__all__ = ["fit"]

_DATA = Parameter(group=Group("Data", sort_key=1))
_RUN = Parameter(group=Group("Run", sort_key=2), negative=(), show_default=False)
_PRESET = FitOptions()


def fit(
    source: Annotated[str, _DATA],
    /,
    *,
    label: Annotated[str | None, _DATA] = None,
    image_shape: Annotated[Shape | None, _DATA] = None,
    out: Annotated[Path | None, _RUN] = None,
    resume: Annotated[bool, _RUN] = False,
    overwrite: Annotated[bool, _RUN] = False,
    studio: Annotated[bool, _RUN] = False,
    config: Annotated[Path | None, _RUN] = None,
    options: FitOptions = _PRESET,
    common: Common = COMMON,
) -> None:
    """Learn the distribution of a data set.

    The run folder keeps the model, its metrics, checkpoints, and where the data
    are. Ctrl-C ends training early and keeps the best weights so far; a run that
    was killed goes on by --resume.

    Parameters
    ----------
    source
        A data set's name (see vael datasets), or a file or folder: .csv, .parquet, .npy, .npz, IDX, images.
    label
        Column of a table, key of an .npz, or file, that holds labels; they are kept, not trained on.
    image_shape
        28x28 or 32x32x3, where rows are flattened images.
    out
        Folder of the run [./runs/NAME-DATE-TIME].
    resume
        Go on with the run in --out (the newest, if left out), with its own options.
    overwrite
        Replace the run in --out, once the new one is done.
    studio
        Open the studio in the browser while it trains; Ctrl-C ends both and keeps the best so far.
    config
        TOML file of options; those on the command line come first.
    options
        Model and training.
    common
        How the command speaks.
    """
    from vael.datasets import load
    from vael.estimators.run_data import record

    if studio and (resume or overwrite):
        raise RunError("--studio watches a new fit: leave --resume and --overwrite out")
    run = _folder(source, out, resume=resume, overwrite=overwrite)
    dataset = load(source, label=label, image_shape=image_shape)
    common.stage(f"{dataset.name}: {_rows(dataset)}")
    if resume and is_run(run):
        from vael.training import RunFolder

        options = options.completed(RunFolder(run).read_config())
    estimator = options.estimator(
        run=run,
        resume=resume,
        image_shape=dataset.image_shape,
        verbose=0 if common.quiet else 1,
    )
    if studio:
        _watch(estimator, run, source, label, image_shape, common)
        return
    with replaced(run, overwrite=overwrite):
        estimator.fit(dataset.X)
        record(run, estimator, dataset, source, label=label, image_shape=image_shape)
    result = _result(run, dataset, estimator)
    common.result(result, _told(result))
    common.stage(f"next: vael report {run}")


def _watch(
    estimator: Any, run: Path, source: str, label: str | None, image_shape: Any, common: Common
) -> None:
    """Fit in a process of its own and show it in the browser."""
    from vael.studio.server import serve_fit

    given = {k: v for k, v in estimator.get_params(deep=False).items() if k not in ("run", "image_shape")}
    spec = {
        "estimator": type(estimator).__name__,
        "parameters": given,
        "source": source,
        "label": label,
        "image_shape": image_shape,
        "run": str(run),
    }
    serve_fit(spec, say=lambda line: print(line, flush=True))
    if (run / "model.safetensors").exists():
        common.result({"run": run}, f"run         {run}")


def _folder(source: str, out: Path | None, *, resume: bool, overwrite: bool) -> Path:
    """Choose the run's folder; refuse one in use before any work is done."""
    if resume and overwrite:
        raise RunError("--resume goes on with a run, --overwrite replaces it: give one of them")
    if out is None:
        return newest(finished=False) if resume else new_run(Path(source).stem or "run")
    run = out.expanduser()
    if not resume and not overwrite and run.is_dir() and any(run.iterdir()):
        raise RunError(
            f"{run} exists already: choose another --out, go on with it by --resume, or replace it by "
            "--overwrite"
        )
    return run


def _rows(dataset: Any) -> str:
    shape = dataset.image_shape
    kind = f"{dataset.X.shape[1]} features" if shape is None else f"{' x '.join(map(str, shape))} images"
    tests = "" if dataset.X_test is None else f" and {len(dataset.X_test)} test rows"
    return f"{len(dataset.X)} rows{tests} of {kind}"


def _result(run: Path, dataset: Any, estimator: Any) -> dict[str, Any]:
    last = estimator.history_[-1]
    return {
        "run": run,
        "data": dataset.name,
        "rows": len(dataset.X),
        "features": dataset.X.shape[1],
        "preset": getattr(estimator, "preset", "autoencoder"),
        "n_components": estimator.n_components_,
        "likelihood": estimator.likelihood_,
        "likelihood_from": _origin(estimator),
        "epochs": estimator.n_iter_,
        "best_epoch": estimator.best_epoch_,
        "stopped": estimator.stopped_,
        "bound": estimator.bound_,
        "bound_of": "validation rows" if len(estimator.validation_rows_) else "training rows",
        "active_latents": estimator.history_[estimator.best_epoch_ - 1].active_latents,
        "seconds": last.seconds,
        "seed": estimator.random_state,
    }


def _origin(estimator: Any) -> str:
    """Tell who named the likelihood: the "user", the "preset", or what was seen in the "data"."""
    from vael.estimators import PRESETS

    if estimator.likelihood != "auto":
        return "user"
    return "data" if PRESETS[getattr(estimator, "preset", "autoencoder")].likelihood == "auto" else "preset"


def _told(result: dict[str, Any]) -> str:
    origin = {"data": " (chosen from the data)", "preset": " (the preset's)", "user": ""}
    chosen = origin[result["likelihood_from"]]
    active = result["active_latents"]
    used = "" if active is None else f", {active} of {result['n_components']} latents active"
    return "\n".join(
        (
            f"likelihood  {result['likelihood']}{chosen}",
            f"training    {result['epochs']} epochs in {result['seconds']:.1f} s, "
            f"stopped: {result['stopped']}",
            f"bound       {result['bound']:.2f} nats a row on {result['bound_of']}, "
            f"epoch {result['best_epoch']}{used}",
            f"run         {result['run']}",
        )
    )
