"""The worker: what is urgent comes first, pieces wait behind it, errors and cancellation arrive."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Generator
from typing import Any

import pytest
import torch

from vael.errors import InputError
from vael.studio.worker import Worker


def with_worker(use: Callable[[Worker], Coroutine[Any, Any, None]], threads: int = 1) -> None:
    async def run() -> None:
        worker = Worker(threads)
        try:
            await asyncio.wait_for(use(worker), 10)
        finally:
            worker.stop()

    asyncio.run(run())


def pieces(done: list[str], name: str, n: int) -> Generator[float, None, str]:
    for i in range(n):
        done.append(f"{name}{i}")
        yield (i + 1) / n
    return name


@pytest.mark.parametrize("threads", [1, 2])
def test_all_work_is_done_in_one_thread_with_the_torch_threads_that_it_chose(threads: int):
    async def use(worker: Worker) -> None:
        def where() -> tuple[str, int]:
            return threading.current_thread().name, torch.get_num_threads()

        def steps() -> Generator[float, None, tuple[str, int]]:
            yield 0.5
            return where()

        told = {await worker.urgent(where), await worker.run(where), await worker.run(steps)}
        assert told == {("vael-studio-model", threads)}

    with_worker(use, threads)


def test_urgent_work_comes_before_the_pieces_that_wait_and_these_take_turns():
    async def use(worker: Worker) -> None:
        done: list[str] = []
        free = threading.Event()
        held = asyncio.ensure_future(worker.run(lambda: free.wait(5)))
        await asyncio.sleep(0.05)  # the thread is held: what follows is in the queue before any of it runs
        waiting = [
            asyncio.ensure_future(worker.run(lambda: pieces(done, "a", 3))),
            asyncio.ensure_future(worker.run(lambda: pieces(done, "b", 3))),
            asyncio.ensure_future(worker.urgent(lambda: done.append("urgent"))),
        ]
        await asyncio.sleep(0)
        free.set()
        assert (await asyncio.gather(*waiting))[:2] == ["a", "b"]
        await held
        assert done == ["urgent", "a0", "b0", "a1", "b1", "a2", "b2"]

    with_worker(use)


def test_an_urgent_call_waits_for_one_piece_only():
    async def use(worker: Worker) -> None:
        at, go = threading.Event(), threading.Event()
        done: list[str] = []

        def long() -> Generator[float, None, None]:
            at.set()
            go.wait(5)
            yield 0.5
            done.append("second piece")

        slow = asyncio.ensure_future(worker.run(long))
        await asyncio.to_thread(at.wait, 5)
        quick = asyncio.ensure_future(worker.urgent(lambda: done.append("urgent")))
        await asyncio.sleep(0)
        go.set()
        await asyncio.gather(slow, quick)
        assert done == ["urgent", "second piece"]

    with_worker(use)


def test_what_nobody_awaits_any_more_is_not_gone_on_with():
    async def use(worker: Worker) -> None:
        closed, begun = threading.Event(), threading.Event()

        def endless() -> Generator[float, None, None]:
            try:
                while True:
                    begun.set()
                    yield 0.5
            finally:
                closed.set()

        task = asyncio.ensure_future(worker.run(endless))
        assert await asyncio.to_thread(begun.wait, 5)
        task.cancel()
        assert await asyncio.to_thread(closed.wait, 5)
        assert await worker.run(lambda: 7) == 7

    with_worker(use)


def test_errors_reach_whoever_awaits_and_the_thread_goes_on():
    async def use(worker: Worker) -> None:
        def fails() -> Generator[float, None, None]:
            yield 0.5
            raise InputError("no such row")

        with pytest.raises(ZeroDivisionError):
            await worker.urgent(lambda: 1 // 0)
        with pytest.raises(InputError, match="no such row"):
            await worker.run(fails)
        assert await worker.run(lambda: 7) == 7

    with_worker(use)


def test_progress_is_told_in_the_event_loop():
    async def use(worker: Worker) -> None:
        told: list[tuple[float, bool]] = []
        here = threading.current_thread()
        await worker.run(
            lambda: pieces([], "a", 4), lambda share: told.append((share, threading.current_thread() is here))
        )
        assert told == [(0.25, True), (0.5, True), (0.75, True), (1.0, True)]

    with_worker(use)


def test_what_waits_is_cancelled_when_the_worker_stops():
    async def run() -> None:
        worker = Worker()
        at, go = threading.Event(), threading.Event()

        def held() -> None:
            at.set()
            go.wait(5)

        first = asyncio.ensure_future(worker.run(held))
        await asyncio.to_thread(at.wait, 5)
        second = asyncio.ensure_future(worker.run(lambda: 7))
        await asyncio.sleep(0)
        stopping = asyncio.to_thread(worker.stop)
        ended = asyncio.ensure_future(stopping)
        await asyncio.sleep(0.05)
        go.set()
        await ended
        await first
        with pytest.raises(asyncio.CancelledError):
            await second
        with pytest.raises(RuntimeError, match="stopping"):
            await worker.run(lambda: 7)

    asyncio.run(asyncio.wait_for(run(), 10))
