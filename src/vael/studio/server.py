"""Opens a run in the browser, or a model while it trains."""

from __future__ import annotations

import asyncio
import errno
import logging
import secrets
import signal
import socket
import sys
import tempfile
import webbrowser
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from vael.errors import InputError, MissingDependencyError

__all__ = ["Place", "serve", "serve_fit"]

FIRST_PORT, PORTS = 8474, 50
SWITCH = 0.0005  # seconds that other threads may keep a decode from running, 0.005 in Python
EVERYWHERE = ("0.0.0.0", "::")

Say = Callable[[str], None]


@dataclass(frozen=True)
class Place:
    """Where the studio is.

    Attributes:
        host: Address to listen at; another than 127.0.0.1 lets other machines in, who need the token too.
        port: None: the first free one from 8474.
        open_browser: Open the address in the browser.
    """

    host: str = "127.0.0.1"
    port: int | None = None
    open_browser: bool = True


HERE = Place()


def serve(folder: Path, place: Place = HERE, *, moved: Path | None = None, say: Say = print) -> None:
    """Show a run in the browser until the process is interrupted.

    Arguments:
        folder: The run's folder.
        place: Where.
        moved: Where the run's data are now, if they moved.
        say: Told in one line where the studio is, and when it ends.
    """
    _need_server()
    from vael.studio.loaded import Loaded
    from vael.studio.studio import Studio

    with _listen(place) as listening:
        loaded = Loaded.open(folder, moved)

        asyncio.run(_run(Studio(loaded), listening, place, say))
    say("the studio has ended")


def serve_fit(spec: dict[str, Any], place: Place = HERE, *, say: Say = print) -> None:
    """Fit a model in a process of its own and show it in the browser from its first epoch on.

    Training that is under way when the studio ends is ended too, and keeps its best weights so far. Raises
    `InputError` where training fails before its first epoch is done.

    Arguments:
        spec: What is fitted; see `vael.studio.fitting`.
        place: Where.
        say: Told in one line where the studio is, and when it ends.
    """
    _need_server()
    from vael.studio.loaded import Loaded
    from vael.studio.studio import Studio
    from vael.studio.training import Training

    with _listen(place) as listening, tempfile.TemporaryDirectory(prefix="vael-studio-") as folder:

        async def run() -> None:
            training = Training()
            await training.start({**spec, "snapshots": folder})
            say("training: the studio opens when the first epoch is done")
            await training.snapshot.wait()
            if training.newest is None:
                raise InputError(training.error or "training ended before its first epoch")
            await _run(Studio(Loaded.open(training.newest), training), listening, place, say)

        asyncio.run(run())
    say("the studio has ended")


def _need_server() -> None:
    try:
        import_module("uvicorn")
        import_module("vael.studio.web.app")
    except ImportError as error:
        raise MissingDependencyError(
            "the studio needs a server: install it with `pip install vael[studio]`"
        ) from error


async def _run(studio: Any, listening: socket.socket, place: Place, say: Say) -> None:
    import uvicorn

    class Server(uvicorn.Server):
        """Ends when it is told to: an impatient second Ctrl-C must not cut off what is being kept."""

        @contextmanager
        def capture_signals(self) -> Generator[None]:
            loop = asyncio.get_running_loop()
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, self.end)
            yield

        def end(self) -> None:
            self.should_exit = True

    from vael.studio.web.app import make_app
    from vael.studio.web.security import Guard, cookie_secret

    port = listening.getsockname()[1]
    token = secrets.token_urlsafe(24)
    guard = Guard(token, _hosts(place.host, port), cookie_secret())
    config = uvicorn.Config(
        make_app(studio, guard),
        log_level="warning",
        access_log=False,
        ws="websockets-sansio",
        ws_max_size=2**17,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=3,
        server_header=False,
        lifespan="off",
    )
    sys.setswitchinterval(SWITCH)
    logging.getLogger("vael.studio").setLevel(logging.ERROR)
    address = f"http://{_shown(place.host)}:{port}/?token={token}"
    say(f"studio: {address}")
    say("Ctrl-C ends it")
    if place.open_browser:
        webbrowser.open(address)
    try:
        await Server(config).serve(sockets=[listening])
    finally:
        await studio.close()


def _listen(place: Place) -> socket.socket:
    host, port = place.host, place.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    tried = range(FIRST_PORT, FIRST_PORT + PORTS) if port is None else (port,)
    for number in tried:
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, number))
            listening.listen(128)
        except OSError as error:
            listening.close()
            if port is not None or error.errno != errno.EADDRINUSE:
                raise InputError(
                    f"cannot listen at {host}:{number}: {error.strerror or error}; choose another --host or "
                    "--port"
                ) from error
            continue
        return listening
    raise InputError(
        f"ports {FIRST_PORT} to {FIRST_PORT + PORTS - 1} are all taken: name a free one by --port"
    )


def _shown(host: str) -> str:
    """The name of a host in an address of this machine."""
    if host in EVERYWHERE:
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _hosts(host: str, port: int) -> frozenset[str]:
    """What the Host header may say; browsers leave port 80 out."""
    names = {name.lower() for name in _names(host)}
    return frozenset({f"{name}:{port}" for name in names} | (names if port == 80 else set()))


def _names(host: str) -> set[str]:
    """Names by which the server may be asked for: of this machine, or all by which others may know it."""
    found = {"localhost", "127.0.0.1", "[::1]", _shown(host)}
    if host not in EVERYWHERE:
        return found
    name = socket.gethostname()
    found |= {name, socket.getfqdn()}
    with suppress(OSError):
        found |= {_shown(str(info[4][0])) for info in socket.getaddrinfo(name, None)}
    return found
