"""`vael demo`: the case study on MNIST."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from vael.cli.common import COMMON, Common
from vael.cli.runs import new_run
from vael.errors import RunError

__all__ = ["demo"]

_SWITCH = Parameter(negative=(), show_default=False)


def demo(
    *,
    out: Path | None = None,
    quick: Annotated[bool, _SWITCH] = False,
    resume: Annotated[bool, _SWITCH] = False,
    common: Common = COMMON,
) -> None:
    """Run the case study on MNIST: three models, what they are good for, and a report.

    Takes a few minutes on two cores.

    Parameters
    ----------
    out
        Folder for the runs and the report, new or empty [./runs/demo-DATE-TIME].
    quick
        Less of everything, on small digits: to see that it works, not what it can do.
    resume
        Go on with the study in --out, which was broken off.
    common
        How the command speaks.
    """
    folder = new_run("demo") if out is None else out.expanduser()
    if resume and (out is None or not folder.is_dir()):
        raise RunError("--resume goes on with a study: name its folder by --out")
    if not resume and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RunError(f"{folder} exists already: choose another --out, or go on with the study by --resume")

    from vael.report import case_study

    try:
        page = case_study(folder, quick=quick, say=common.stage, verbose=0 if common.quiet else 1).resolve()
    except KeyboardInterrupt:
        common.stage(f"go on by: vael demo --out {folder} --resume{' --quick' if quick else ''}")
        raise
    common.result({"folder": folder, "report": page}, f"report: {page}")
    common.stage(f"next: vael studio {folder / 'plane'}")
