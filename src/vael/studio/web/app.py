"""The addresses of the studio."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from vael.errors import VaelError
from vael.studio.asked import Asked
from vael.studio.services import SERVICES
from vael.studio.studio import Studio
from vael.studio.training import spec_of
from vael.studio.web.bodies import MOST_FILE, Refused, read_body, read_fields
from vael.studio.web.files import Page, page_folder
from vael.studio.web.security import Gate, Guard
from vael.studio.web.sockets import decode_socket, event_socket

__all__ = ["make_app"]

log = logging.getLogger("vael.studio")

BODY = "application/octet-stream"
CLIENT_CLOSED = 499


def make_app(studio: Studio, guard: Guard) -> Starlette:
    """Put the studio on the web for those whom a guard knows."""
    page = Page(page_folder())

    async def file(request: Request) -> Response:
        name = request.path_params.get("name", "") or "index.html"
        found = page.answer(request, name)
        return found or JSONResponse({"error": "there is no such page"}, 404)

    async def facts(request: Request) -> Response:
        return JSONResponse(await studio.facts())

    async def service(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in SERVICES:
            return JSONResponse({"error": "there is no such service"}, 404)
        body = await _while_connected(request, studio.answer(name, await read_fields(request)))
        return Response(body, media_type=BODY)

    async def encode_file(request: Request) -> Response:
        from vael.studio.services.encoding_file import answer_file  # imports scikit-learn

        name = request.query_params.get("name", "")[-200:]
        content = await read_body(request, MOST_FILE)
        return Response(await studio.call(lambda loaded: answer_file(loaded, content, name)), media_type=BODY)

    async def export(request: Request) -> Response:
        from vael.studio.services.exporting import page as exported

        view, loaded = request.query_params.get("view", "")[:2000], studio.loaded
        text = await studio.worker.run(lambda: exported(loaded, view))
        name = "".join(c if c.isalnum() or c in "-_" else "-" for c in loaded.folder.resolve().name)
        return Response(
            text,
            media_type="text/html",
            headers={"Content-Disposition": f'attachment; filename="{name}.html"'},
        )

    async def train(request: Request) -> Response:
        spec = spec_of(studio.loaded, Asked(await read_fields(request)))
        await studio.training.start(spec)
        return JSONResponse({"run": Path(spec["run"]).name})

    async def stop_training(request: Request) -> Response:
        await read_fields(request)
        studio.training.stop()
        return JSONResponse({})

    async def decode(socket: WebSocket) -> None:
        await decode_socket(socket, studio)

    async def events(socket: WebSocket) -> None:
        await event_socket(socket, studio)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        yield
        await studio.close()

    return Starlette(
        routes=[
            Route("/", file),
            Route("/api/facts", _told(facts)),
            Route("/api/export", _told(export)),
            Route("/api/encode-file", _told(encode_file), methods=["POST"]),
            Route("/api/train", _told(train), methods=["POST"]),
            Route("/api/train-stop", _told(stop_training), methods=["POST"]),
            Route("/api/{name:path}", _told(service), methods=["POST"]),
            WebSocketRoute("/api/decode", decode),
            WebSocketRoute("/api/events", events),
            Route("/{name:path}", file),
        ],
        middleware=[Middleware(Gate, guard=guard)],
        lifespan=lifespan,
    )


Handler = Callable[[Request], Awaitable[Response]]


def _told(handler: Handler) -> Handler:
    """Answer errors by one line: ours as they are, others without their inside, which the log has."""

    async def handle(request: Request) -> Response:
        try:
            return await handler(request)
        except Refused as refused:
            return JSONResponse({"error": refused.line}, refused.status)
        except VaelError as error:
            return JSONResponse({"error": " ".join(str(error).split())}, 422)
        except ClientDisconnect:
            return Response(status_code=CLIENT_CLOSED)
        except asyncio.CancelledError:
            return JSONResponse({"error": "the studio is stopping"}, 503)
        except Exception:
            log.exception("%s failed", request.url.path)
            return JSONResponse({"error": "something went wrong in the studio: its terminal says what"}, 500)

    return handle


async def _while_connected(request: Request, work: Awaitable[bytes]) -> bytes:
    """Wait for work, and give it up when whoever asked is gone."""
    doing = asyncio.ensure_future(work)
    try:
        while True:
            done, _ = await asyncio.wait((doing,), timeout=0.5)
            if done:
                return doing.result()
            if await request.is_disconnected():
                raise ClientDisconnect
    finally:
        doing.cancel()
