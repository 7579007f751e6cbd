"""`vael studio`: walk through a run's latent space in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter, validators

from vael.cli.common import COMMON, Common
from vael.cli.runs import flattest

__all__ = ["studio"]

_SWITCH = Parameter(negative=(), show_default=False)


def studio(
    run: Path | None = None,
    /,
    *,
    host: str = "127.0.0.1",
    port: Annotated[int | None, Parameter(validator=validators.Number(gte=0, lte=65535))] = None,
    no_open: Annotated[bool, _SWITCH] = False,
    data: Path | None = None,
    common: Common = COMMON,
) -> None:
    """Walk through the latent space of a run, in the browser.

    Prints an address with a token in it, and opens it. Whoever has the address can
    see the run's data; nobody else can. Ctrl-C ends it.

    Parameters
    ----------
    run
        Folder of the run [the newest under ./runs; of a study's runs the one with two latents].
    host
        Address to listen at; 0.0.0.0 lets other machines in, who need the token too.
    port
        [the first free one from 8474].
    no_open
        Print the address only.
    data
        Where the run's data are now, if they moved.
    common
        How the command speaks.
    """
    folder = flattest(run)
    common.stage(f"run: {folder}")

    from vael.studio.server import Place, serve

    place = Place(host, port, open_browser=not no_open)
    serve(folder, place, moved=data, say=lambda line: print(line, flush=True))
