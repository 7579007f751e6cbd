"""Opens a run in the browser."""

from __future__ import annotations

import errno
import logging
import secrets
import socket
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from vael.errors import InputError, MissingDependencyError

__all__ = ["serve"]

FIRST_PORT, PORTS = 8474, 50


def serve(
    folder: Path,
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    moved: Path | None = None,
    open_browser: bool = True,
    say: Callable[[str], None] = lambda line: None,
    token: str | None = None,
) -> None:
    """Show a run in the browser until the process is interrupted.

    Arguments:
        folder: The run's folder.
        host: Address to listen at; another than 127.0.0.1 lets other machines in, who need the token too.
        port: None: the first free one from 8474.
        moved: Where the run's data are now, if they moved.
        open_browser: Open the address in the browser.
        say: Told in one line where the studio is, and when it ends.
        token: What the address holds; None: random.
    """
    try:
        import uvicorn

        from vael.studio.web.app import make_app
    except ImportError as error:
        raise MissingDependencyError(
            "the studio needs a server: install it with `pip install vael[studio]`"
        ) from error
    from vael.studio.loaded import Loaded
    from vael.studio.studio import Studio
    from vael.studio.web.security import Guard, cookie_secret

    listening = _listen(host, port)
    port = listening.getsockname()[1]
    studio = Studio(Loaded.open(folder, moved))
    token = secrets.token_urlsafe(24) if token is None else token
    names = {host, "localhost", "127.0.0.1", "[::1]"} if host not in ("0.0.0.0", "::") else _every_name()
    guard = Guard(token, frozenset(f"{name.lower()}:{port}" for name in names), cookie_secret())
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    address = f"http://{shown}:{port}/?token={token}"
    config = uvicorn.Config(
        make_app(studio, guard),
        log_level="warning",
        access_log=False,
        ws="websockets-sansio",
        ws_max_size=2**17,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=3,
        server_header=False,
    )
    logging.getLogger("vael.studio").setLevel(logging.ERROR)
    say(f"studio: {address}")
    say("Ctrl-C ends it")
    if open_browser:
        webbrowser.open(address)
    with suppress(KeyboardInterrupt), listening:
        uvicorn.Server(config).run(sockets=[listening])
    say("the studio has ended")


def _listen(host: str, port: int | None) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    tried = range(FIRST_PORT, FIRST_PORT + PORTS) if port is None else (port,)
    for place in tried:
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, place))
            listening.listen(128)
            listening.set_inheritable(True)
        except OSError as error:
            listening.close()
            if port is not None or error.errno != errno.EADDRINUSE:
                raise InputError(
                    f"cannot listen at {host}:{place}: {error.strerror or error}; choose another --host or "
                    "--port"
                ) from error
            continue
        return listening
    raise InputError(
        f"ports {FIRST_PORT} to {FIRST_PORT + PORTS - 1} are all taken: name a free one by --port"
    )


def _every_name() -> set[str]:
    """Names by which other machines may know this one."""
    name = socket.gethostname()
    found = {"localhost", "127.0.0.1", "[::1]", name, socket.getfqdn()}
    with suppress(OSError):
        found |= {str(info[4][0]) for info in socket.getaddrinfo(name, None)}
    return found
