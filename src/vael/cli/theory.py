"""`vael theory`: the figures of the theory."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from vael.cli.common import COMMON, Common
from vael.errors import InputError, RunError

__all__ = ["theory"]

_SWITCH = Parameter(negative=(), show_default=False)


def theory(
    *,
    out: Path,
    quick: Annotated[bool, _SWITCH] = False,
    seed: int = 0,
    common: Common = COMMON,
) -> None:
    """Draw the figures of the theory, in light and dark, and a page of them.

    Trains the small models that some of them show: a few minutes on two cores.

    Parameters
    ----------
    out
        Folder for the figures and the page, new or empty.
    quick
        Small models of small digits: to see that it works, not what it can show.
    seed
        Everything random follows from it.
    common
        How the command speaks.
    """
    folder = out.expanduser()
    if seed < 0:
        raise InputError(f"--seed must be 0 or more, got {seed}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RunError(f"{folder} exists already: choose another --out")

    from vael.report.theory_page import theory_figures

    page = theory_figures(folder, quick=quick, seed=seed, say=common.stage)
    common.result(
        {
            "folder": folder,
            "index": page.index.resolve(),
            "figures": page.files,
            "seconds": {"training": page.training, "drawing": page.drawing},
        },
        f"figures: {page.index.resolve()}",
    )
