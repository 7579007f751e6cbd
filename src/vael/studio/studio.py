"""What the server holds: the run that is shown, the worker, and the pages that listen."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

from vael.errors import InputError
from vael.studio.apart import apart
from vael.studio.asked import Asked
from vael.studio.columns import Reply, pack
from vael.studio.facts import facts
from vael.studio.loaded import Loaded
from vael.studio.point_decoder import PointDecoder
from vael.studio.services import SERVICES, Service, service
from vael.studio.training import Training
from vael.studio.worker import Worker

__all__ = ["Studio"]

LISTENERS_BEHIND = 100  # messages that a page may be behind before it is told no more


class Studio:
    """One run, shown to any number of pages."""

    def __init__(self, loaded: Loaded, training: Training | None = None, threads: int = 1) -> None:
        self.worker = Worker(threads)
        self.show(loaded)
        self._listeners: set[asyncio.Queue[dict[str, Any] | bytes]] = set()
        self._services: dict[str, Service] = {}
        self._loading: asyncio.Task[None] | None = None
        self.training = training or Training()
        self.training.attach(self.tell, self._fitted, self._moved)

    def show(self, loaded: Loaded) -> None:
        """Show a run in place of the one that is shown."""
        self.loaded, self.decoder = loaded, PointDecoder(loaded)

    def _fitted(self, folder: Path) -> None:
        """Show a run that was just fitted, and tell the pages."""
        before = self._loading

        async def show() -> None:
            if before is not None:
                await asyncio.gather(before, return_exceptions=True)
            await self._open(folder)

        self._loading = asyncio.create_task(show())

    def _moved(self, folder: Path) -> None:
        """Show a snapshot of a fit in place of the one before, unless that is still being opened."""
        if self._loading is not None and not self._loading.done():
            return
        shown = self.loaded.folder

        async def show() -> None:
            await self._open(folder)
            if shown.parent.parent == folder.parent.parent:
                shutil.rmtree(shown.parent, ignore_errors=True)

        self._loading = asyncio.create_task(show())

    async def _open(self, folder: Path) -> None:
        before = self.loaded

        def load() -> tuple[Loaded, PointDecoder]:
            loaded = before.other_model(folder)
            return loaded, PointDecoder(loaded)

        self.loaded, self.decoder = await self.worker.run(lambda: apart(load))
        self.tell({"kind": "run", "id": self.loaded.id})

    async def close(self) -> None:
        """End the fit that is under way, which keeps its best, and the worker."""
        await self.training.close()
        self.worker.stop()

    async def facts(self) -> dict[str, Any]:
        """What pages must know of the run."""
        loaded = self.loaded
        return await self.worker.run(lambda: facts(loaded))

    async def answer(self, name: str, fields: object) -> bytes:
        """Call a service, and return its reply as a body. Raises `InputError` for what was asked wrongly."""
        if name not in SERVICES:
            raise InputError(f"there is no service {name!r}")
        loaded, asked = self.loaded, Asked(fields)
        return await self.worker.run(lambda: self._replied(name, loaded, asked))

    def _replied(self, name: str, loaded: Loaded, asked: Asked) -> Generator[float, None, bytes]:
        if name not in self._services:  # what it imports may take half a second
            self._services[name] = yield from apart(lambda: service(name))
        return (yield from _packed(self._services[name](loaded, asked)))

    async def call(self, work: Callable[[Loaded], Reply | Generator[float, None, Reply]]) -> bytes:
        """Do other work on the run, and return its reply as a body."""
        loaded = self.loaded
        return await self.worker.run(lambda: _packed(work(loaded)))

    def tell(self, message: dict[str, Any] | bytes) -> None:
        """Send a message to every page that listens; called in the event loop."""
        for listener in self._listeners:
            if listener.qsize() < LISTENERS_BEHIND:
                listener.put_nowait(message)

    def listen(self) -> asyncio.Queue[dict[str, Any] | bytes]:
        """Begin to listen."""
        listener: asyncio.Queue[dict[str, Any] | bytes] = asyncio.Queue()
        for message in self.training.so_far():
            listener.put_nowait(message)
        self._listeners.add(listener)
        return listener

    def forget(self, listener: asyncio.Queue[dict[str, Any] | bytes]) -> None:
        """Listen no longer."""
        self._listeners.discard(listener)


def _packed(found: Reply | Generator[float, None, Reply]) -> Generator[float, None, bytes]:
    return pack(found if isinstance(found, Reply) else (yield from found))
