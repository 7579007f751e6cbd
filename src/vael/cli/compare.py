"""`vael compare`: models side by side on the same data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter, validators

from vael.cli.common import COMMON, Common
from vael.cli.outputs import check_output
from vael.cli.sizes import Seed, Whole
from vael.errors import InputError

__all__ = ["compare"]


def compare(
    *runs: Annotated[Path, Parameter(name="RUN RUN")],
    samples: Annotated[Whole, Parameter(validator=validators.Number(gte=2))] = 500,
    rows: Annotated[Whole, Parameter(validator=validators.Number(gte=1))] = 1000,
    seed: Seed = 0,
    data: Path | None = None,
    out: Path | None = None,
    overwrite: Annotated[bool, Parameter(negative=(), show_default=False)] = False,
    common: Common = COMMON,
) -> None:
    """Measure runs of the same data on the same rows, with intervals and paired differences to the first.

    Parameters
    ----------
    runs
        Folders of two runs or more; differences are to the first.
    samples
        Importance samples a row of the estimate of ln p(x).
    rows
        Held-out rows at most, drawn at random.
    seed
        Everything random follows from it.
    data
        Where the runs' data are now, if they moved.
    out
        Page to write: .html.
    overwrite
        Replace the page if it is there.
    common
        How the command speaks.
    """
    import vael
    from vael.cli.measuring import open_run
    from vael.estimators.run_data import read
    from vael.report import compare_runs, comparison_report, write

    if len(runs) < 2:
        raise InputError("compare needs the folders of two runs or more")
    if out is not None:
        check_output(out, (".html",), overwrite=overwrite)
    names = names_of(runs)
    first = open_run(runs[0].expanduser(), data)
    opened: dict[str, Any] = {names[0]: (first.estimator, first.run_data)}
    for name, run in zip(names[1:], runs[1:], strict=True):
        opened[name] = (vael.load(run.expanduser()), read(run.expanduser()))
    compared = compare_runs(
        opened,
        first.dataset,
        samples=samples,
        rows=rows,
        random_state=seed,
        progress=lambda part: common.stage(f"measuring: {part}"),
    )
    result = {"runs": dict(zip(names, runs, strict=True)), "out": out, **compared.found.to_dict()}
    if out is not None:
        write(comparison_report(compared), out, overwrite=overwrite)
    common.result(result, f"{compared.held_out} of {first.dataset.name}\n\n{compared.found}")
    if out is not None:
        common.stage(f"report: {out.resolve()}")


def names_of(runs: Sequence[Path]) -> list[str]:
    """Name runs by the last parts of their paths, as many as tell them apart."""
    places = [run.expanduser().resolve() for run in runs]
    for place, run in zip(places, runs, strict=True):
        if places.count(place) > 1:
            raise InputError(f"{run} is named twice: compare different runs")
    for depth in range(1, max(len(place.parts) for place in places) + 1):
        names = ["/".join(place.parts[-depth:]) for place in places]
        if len(set(names)) == len(names):
            return names
    return [str(place) for place in places]
