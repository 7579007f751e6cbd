"""`vael report`: one page about a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter, validators

from vael.cli.common import COMMON, Common
from vael.cli.runs import the_run
from vael.cli.sizes import Seed, Whole

__all__ = ["report"]


def report(
    run: Path | None = None,
    /,
    *,
    samples: Annotated[Whole | None, Parameter(validator=validators.Number(gte=1))] = None,
    seed: Seed | None = None,
    data: Path | None = None,
    common: Common = COMMON,
) -> None:
    """Write a page about a run: report.html in its folder, one file that needs no network.

    What vael evaluate measured is taken from the run; what is missing is measured
    first.

    Parameters
    ----------
    run
        Folder of the run [the newest under ./runs].
    samples
        Importance samples a row of the estimate of ln p(x) [those of vael evaluate, or 500].
    seed
        Everything random follows from it [that of vael evaluate, or 0].
    data
        Where the run's data are now, if they moved.
    common
        How the command speaks.
    """
    from vael.cli.measuring import kept_measures, measure, open_run, write_report

    folder = the_run(run)
    common.stage(f"run: {folder}")
    opened = open_run(folder, data)
    measures = kept_measures(opened, samples, seed)
    if measures is None:
        measures = measure(opened, 500 if samples is None else samples, seed or 0, common)
    place = write_report(opened, measures)
    common.result({"run": folder, "report": place}, f"report: {place}")
