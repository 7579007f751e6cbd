"""Sockets whose client goes away, or that are cancelled, at any moment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from vael.studio.loaded import Loaded
from vael.studio.studio import Studio
from vael.studio.web.app import make_app
from vael.studio.web.security import Guard

HOST = "127.0.0.1:8474"
GUARD = Guard("token", frozenset({HOST}), b"s" * 32)


@pytest.fixture(scope="module")
def studio(digits: Loaded) -> Iterator[Studio]:
    found = Studio(digits)
    yield found
    found.worker.stop()


async def ends_when_cancelled(app: Any, path: str, moments: int) -> bool:
    """Open a socket, let its client go away, cancel so many turns of the event loop later."""
    scope = {
        "type": "websocket",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"token=token",
        "headers": [(b"host", HOST.encode())],
        "subprotocols": [],
        "state": {},
        "extensions": {},
    }
    to_app, received = anyio.create_memory_object_stream[Any](10)
    sending, from_app = anyio.create_memory_object_stream[Any](10)
    ended, cancelled = False, anyio.CancelScope()

    async def run() -> None:
        nonlocal ended
        with cancelled:
            await app(scope, received.receive, sending.send)
        ended = True  # a cancellation that is not the scope's own would have gone past it

    with to_app, received, sending, from_app:
        async with anyio.create_task_group() as group:
            group.start_soon(run)
            await to_app.send({"type": "websocket.connect"})
            assert (await from_app.receive())["type"] == "websocket.accept"
            await to_app.send({"type": "websocket.disconnect", "code": 1000})
            for _ in range(moments):
                await anyio.lowlevel.checkpoint()
            cancelled.cancel()
    return ended


@pytest.mark.parametrize("path", ["/api/decode", "/api/events"])
def test_a_cancellation_passes_through_as_it_came(studio: Studio, path: str):
    app = make_app(studio, GUARD)

    async def every_moment() -> list[bool]:
        return [await ends_when_cancelled(app, path, moments) for moments in range(12)]

    assert all(anyio.run(every_moment))
