"""The one thread that runs models: what a cursor waits for first, all else in pieces behind it."""

from __future__ import annotations

import asyncio
import itertools
import queue
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from types import GeneratorType
from typing import Any, TypeVar

import torch

__all__ = ["Worker"]

T = TypeVar("T")

URGENT, ORDINARY, LAST = 0, 1, 2


@dataclass(order=True)
class _Job:
    priority: int
    turn: int
    call: Callable[[], Any] = field(compare=False)
    future: asyncio.Future[Any] | None = field(compare=False)
    progress: Callable[[float], None] | None = field(compare=False, default=None)
    steps: Generator[float, None, Any] | None = field(compare=False, default=None)


class Worker:
    """One thread for all model work; its results are awaited from one event loop.

    A fresh thread of a pool makes a pool of torch's own, which turned a decode of 0.07 ms into 16: here the
    one thread says itself how many threads torch may use, once.

    Arguments:
        threads: For torch, within this thread. One is quickest for single points, and leaves the other cores
            to the event loop and the browser.
    """

    def __init__(self, threads: int = 1) -> None:
        self._threads = threads
        self._jobs: queue.PriorityQueue[_Job] = queue.PriorityQueue()
        self._turns = itertools.count()
        self._stopped = False
        self._thread = threading.Thread(target=self._work, name="vael-studio-model", daemon=True)
        self._thread.start()

    async def urgent(self, call: Callable[[], T]) -> T:
        """Run a short piece of work before all that is not urgent; urgent ones take turns."""
        return await self._put(URGENT, call, None)

    async def run(
        self,
        call: Callable[[], T | Generator[float, None, T]],
        progress: Callable[[float], None] | None = None,
    ) -> T:
        """Run work; where `call` returns a generator, piece by piece, urgent work in between.

        Where the task that awaits is cancelled, no further piece is run.

        Arguments:
            call: Returns the result, or a generator that yields how much is done and returns the result.
            progress: Told in the event loop how much is done, from 0 to 1.
        """
        return await self._put(ORDINARY, call, progress)

    def stop(self) -> None:
        """End the thread after the piece of work it is at; what waits is cancelled."""
        self._stopped = True
        self._jobs.put(_Job(-1, next(self._turns), lambda: None, None))
        self._thread.join(timeout=10)

    async def _put(self, priority: int, call: Callable[[], Any], progress: Any) -> Any:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if self._stopped:
            raise RuntimeError("the studio is stopping")
        self._jobs.put(_Job(priority, next(self._turns), call, future, progress))
        return await future

    def _work(self) -> None:
        torch.set_num_threads(self._threads)
        while True:
            job = self._jobs.get()
            if self._stopped:
                break
            self._one(job)
        while job.future is not None or not self._jobs.empty():
            if job.future is not None:
                _tell(job.future, job.future.cancel)
            if self._jobs.empty():
                break
            job = self._jobs.get()

    def _one(self, job: _Job) -> None:
        future = job.future
        if future is None or future.cancelled():
            if job.steps is not None:
                job.steps.close()
            return
        try:
            if job.steps is None:
                result = job.call()
                if not isinstance(result, GeneratorType):
                    _tell(future, _settle, future, result)
                    return
                job.steps = result
            else:
                done = next(job.steps)
                if job.progress is not None:
                    _tell(future, job.progress, done)
        except StopIteration as end:
            _tell(future, _settle, future, end.value)
            return
        except Exception as error:  # told to whoever awaits it
            _tell(future, _fail, future, error)
            return
        job.turn = next(self._turns)  # behind others of its kind: they take turns
        self._jobs.put(job)


def _tell(future: asyncio.Future[Any], call: Callable[..., Any], *arguments: Any) -> None:
    loop = future.get_loop()
    if not loop.is_closed():
        loop.call_soon_threadsafe(call, *arguments)


def _settle(future: asyncio.Future[Any], result: Any) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[Any], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
