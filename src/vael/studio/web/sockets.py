"""Two sockets: decoding under the cursor, where the newest point wins, and messages to the pages."""

from __future__ import annotations

import asyncio
import struct
from contextlib import suppress
from functools import partial

import numpy as np
from starlette.websockets import WebSocket, WebSocketDisconnect

from vael.errors import VaelError
from vael.studio.columns import jsonable
from vael.studio.studio import Studio

__all__ = ["MOST_FRAME", "decode_socket", "event_socket"]

MOST_FRAME = 2**16
UNSUPPORTED, TOO_BIG = 1003, 1009


async def decode_socket(socket: WebSocket, studio: Studio) -> None:
    """Answer the newest point that a page has sent; `studio/PROTOCOL.md` has the frames.

    Each page has at most one point in the worker's queue, so that pages take turns.
    """
    await socket.accept()
    newest: list[bytes] = []
    came = asyncio.Event()

    async def answer() -> None:
        while True:
            await came.wait()
            came.clear()
            frame = newest.pop()
            newest.clear()
            z = np.frombuffer(frame, dtype="<f4", offset=4)
            found = await studio.worker.urgent(partial(studio.decoder, z))
            head = frame[:4] + struct.pack("<fBxxx", found.distance, found.far)
            await socket.send_bytes(head + found.row.astype(found.row.dtype.newbyteorder("<")).tobytes())

    answering = asyncio.create_task(answer())
    reading = asyncio.create_task(_read_points(socket, studio, newest, came))
    try:
        await asyncio.wait((answering, reading), return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _end(answering, reading)
    for task in (answering, reading):
        error = None if task.cancelled() else task.exception()
        if isinstance(error, VaelError):
            with suppress(RuntimeError):
                await socket.close(UNSUPPORTED, str(error)[:120])


async def _read_points(socket: WebSocket, studio: Studio, newest: list[bytes], came: asyncio.Event) -> None:
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        frame = message.get("bytes")
        if frame is None:
            await socket.close(UNSUPPORTED, "a point is a binary frame")
            return
        if len(frame) > MOST_FRAME:
            await socket.close(TOO_BIG, "a frame is one point")
            return
        if len(frame) != 4 + 4 * studio.loaded.coordinates:
            await socket.close(UNSUPPORTED, f"a point is a number and {studio.loaded.coordinates} float32")
            return
        newest[:] = [frame]
        came.set()


async def event_socket(socket: WebSocket, studio: Studio) -> None:
    """Send messages to a page until it goes away."""
    await socket.accept()
    listener = studio.listen()

    async def send() -> None:
        while True:
            message = await listener.get()
            if isinstance(message, bytes):
                await socket.send_bytes(message)
            else:
                await socket.send_json(jsonable(message))

    sending = asyncio.create_task(send())
    try:
        with suppress(WebSocketDisconnect):
            while (await socket.receive())["type"] != "websocket.disconnect":
                pass
    finally:
        studio.forget(listener)
        await _end(sending)
        if not sending.cancelled():
            sending.exception()  # the page went away while it was told something


async def _end(*tasks: asyncio.Task[None]) -> None:
    """End tasks and wait for them; a gather would pass a cancellation on without its reason."""
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
