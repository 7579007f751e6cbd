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
    common: Common = COMMON,
) -> None:
    """Run the case study on MNIST: three models, what they are good for, and a report.

    Takes a few minutes on two cores.

    Parameters
    ----------
    out
        Folder for the runs and the report, new or empty [./runs/demo-DATE-TIME].
    quick
        Less of everything: to see that it works, not what it can do.
    common
        How the command speaks.
    """
    folder = new_run("demo") if out is None else out.expanduser()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RunError(f"{folder} exists already: choose another --out")

    from vael.report import case_study

    page = case_study(folder, quick=quick, say=common.stage).resolve()
    common.result({"folder": folder, "report": page}, f"report: {page}")
