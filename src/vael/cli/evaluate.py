"""`vael evaluate`: measure what a model learned."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter, validators

from vael.cli.common import COMMON, Common
from vael.cli.runs import the_run
from vael.cli.sizes import Seed, Whole
from vael.cli.text import measures_text
from vael.errors import MissingDependencyError

__all__ = ["evaluate"]


def evaluate(
    run: Path | None = None,
    /,
    *,
    samples: Annotated[Whole, Parameter(validator=validators.Number(gte=1))] = 500,
    seed: Seed = 0,
    data: Path | None = None,
    common: Common = COMMON,
) -> None:
    """Measure a run: likelihood, samples, latents, reconstructions, what they are good for.

    The measures are printed, kept in the run's evaluation.json, and written up in its
    report.html.

    Parameters
    ----------
    run
        Folder of the run [the newest under ./runs].
    samples
        Importance samples a row of the estimate of ln p(x).
    seed
        Everything random follows from it.
    data
        Where the run's data are now, if they moved.
    common
        How the command speaks.
    """
    from vael.cli.measuring import EVALUATION, measure, open_run, write_report

    folder = the_run(run)
    common.stage(f"run: {folder}")
    opened = open_run(folder, data)
    measures = measure(opened, samples, seed, common)
    result = {"run": folder, "samples": samples, "seed": seed, "measures": measures.to_dict()}
    common.result(result, measures_text(measures))
    common.stage(f"kept in {folder / EVALUATION}")
    try:
        common.stage(f"report: {write_report(opened, measures)}")
    except MissingDependencyError as error:
        common.stage(f"no report: {error}")
