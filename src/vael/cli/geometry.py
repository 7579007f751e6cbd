"""`vael geometry`: whether geometry matters in a latent space, and distances survive a retraining."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter, validators

from vael.cli.common import COMMON, Common
from vael.cli.compare import names_of
from vael.cli.geometry_text import geometry_text, stability_text
from vael.cli.runs import the_run
from vael.cli.sizes import Seed, Whole
from vael.errors import InputError, MissingDependencyError

__all__ = ["geometry"]

FILE, PAGE = "geometry.json", "geometry.html"


def geometry(
    *runs: Annotated[Path, Parameter(name="RUN")],
    pairs: Annotated[Whole | None, Parameter(validator=validators.Number(gte=2))] = None,
    uncertainty: Literal["radial"] | None = None,
    seed: Seed = 0,
    data: Path | None = None,
    common: Common = COMMON,
) -> None:
    """Say whether geometry matters in a run's latent space: how far straight lines and distances mislead.

    The verdict and its numbers are printed, kept in the run's geometry.json, and
    written up with pictures in its geometry.html; report.html stays as it is. Of
    several runs of the same data, distances are also compared over the trainings;
    the page is then in the first run's folder.

    Parameters
    ----------
    runs
        Folders of one run or several [the newest under ./runs].
    pairs
        Pairs of codes that are joined by geodesics [200, fewer where decoding is dear].
    uncertainty
        Take in how unsure the decoder is where no data are: radial, fitted to what it misses.
    seed
        Everything random follows from it.
    data
        Where the runs' data are now, if they moved.
    common
        How the command speaks.
    """
    from vael.cli.measuring import open_run

    folders = [the_run(run) for run in runs] or [the_run(None)]
    names = names_of(folders) if len(folders) > 1 else [folders[0].name]
    common.stage(f"run{'s' * (len(folders) > 1)}: {', '.join(map(str, folders))}")
    first = open_run(folders[0], data)
    opened = [first, *_others(folders[1:], first)]
    measured: list[Any] = []
    for one, name in zip(opened, names, strict=True):
        common.stage(f"measuring: {name}")
        measured.append(_measured(one, first.dataset, pairs, uncertainty, seed))
    stable = None
    if len(opened) > 1:
        common.stage("measuring: distances over the trainings")
        stable = _stable(opened, first, pairs, uncertainty, seed)
    _keep(opened, measured, stable)
    result = {
        "runs": dict(zip(names, folders, strict=True)),
        "geometry": {name: found.to_dict() for name, found in zip(names, measured, strict=True)},
        "stability": None if stable is None else stable.to_dict(),
    }
    common.result(result, _text(dict(zip(names, measured, strict=True)), stable))
    kept = ", ".join(str(folder / FILE) for folder in folders)
    common.stage(f"kept in {kept}")
    try:
        common.stage(f"page: {_write_page(first, measured[0], stable, names)}")
    except MissingDependencyError as error:
        common.stage(f"no page: {error}")


def _others(folders: Sequence[Path], first: Any) -> list[Any]:
    """Open runs that must be of the first one's data."""
    import vael
    from vael.cli.measuring import Opened
    from vael.estimators.run_data import read

    opened: list[Any] = []
    for folder in folders:
        run_data = read(folder)
        if run_data.sha256 != first.run_data.sha256 or run_data.sha256_test != first.run_data.sha256_test:
            raise InputError(
                f"{folder} is a run of {run_data.name} and {first.folder} of {first.run_data.name}, or their "
                "rows differ: distances are compared over trainings of the same data"
            )
        opened.append(Opened(folder, vael.load(folder), run_data, first.dataset))
    return opened


def _measured(one: Any, dataset: Any, pairs: int | None, uncertainty: str | None, seed: int) -> Any:
    from vael.report import measure_geometry

    found = measure_geometry(
        one.estimator, dataset, one.run_data, pairs=pairs, uncertainty=uncertainty, random_state=seed
    )
    if isinstance(found, str):
        raise InputError(f"{one.folder}: {found}")
    return found


def _stable(opened: Sequence[Any], first: Any, pairs: int | None, uncertainty: str | None, seed: int) -> Any:
    from vael.report import measure_stability

    return measure_stability(
        [one.estimator for one in opened],
        first.dataset,
        first.run_data,
        pairs=pairs,
        uncertainty=uncertainty,
        random_state=seed,
    )


def _keep(opened: Sequence[Any], measured: Sequence[Any], stable: Any) -> None:
    from vael.cli.measuring import weights_of
    from vael.training.files import write_json

    for place, (one, found) in enumerate(zip(opened, measured, strict=True)):
        record = {"weights_sha256": weights_of(one.folder), "geometry": found.to_dict()}
        if not place and stable is not None:
            record |= {"runs": [str(each.folder) for each in opened], "stability": stable.to_dict()}
        write_json(one.folder / FILE, record)


def _text(measured: Mapping[str, Any], stable: Any) -> str:
    text = geometry_text(measured)
    return text if stable is None else f"{text}\n\n{stability_text(stable)}"


def _write_page(first: Any, found: Any, stable: Any, names: Sequence[str]) -> Path:
    from vael.report import geometry_report, write

    page = geometry_report(first.estimator, first.dataset, found, first.run_data, stable=stable, names=names)
    return write(page, first.folder / PAGE, overwrite=True).resolve()
