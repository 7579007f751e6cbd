"""Work that cannot be cut: it runs beside the worker, which goes on with what is urgent."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Generator
from typing import Any

import pytest
import torch

from vael.errors import InputError
from vael.studio.apart import apart
from vael.studio.kept import kept
from vael.studio.loaded import Loaded
from vael.studio.worker import Worker


def finished(steps: Generator[float, None, Any]) -> Any:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def test_the_worker_goes_on_while_a_call_runs_apart():
    free = threading.Event()
    told: list[float] = []

    async def run() -> None:
        worker = Worker()
        try:
            long = asyncio.ensure_future(worker.run(lambda: apart(lambda: free.wait(10), 0.25), told.append))
            for number in range(20):
                assert await asyncio.wait_for(worker.urgent(lambda n=number: n), 5) == number
                assert await asyncio.wait_for(worker.run(lambda n=number: -n), 5) == -number
            assert not long.done()
            free.set()
            assert await asyncio.wait_for(long, 5)
        finally:
            free.set()
            worker.stop()

    asyncio.run(run())
    assert set(told) == {0.25}


def test_a_call_apart_has_a_thread_and_one_torch_thread_of_its_own():
    name, threads = finished(apart(lambda: (threading.current_thread().name, torch.get_num_threads())))
    assert (name, threads) == ("vael-studio-apart", 1)


def test_errors_apart_are_raised_where_the_result_is_wanted():
    def wrong() -> None:
        raise InputError("move one of them")

    with pytest.raises(InputError, match="move one"):
        finished(apart(wrong))


def test_what_is_kept_is_made_once_however_many_threads_want_it(digits: Loaded):
    made: list[object] = []
    begun, go = threading.Event(), threading.Event()

    @kept
    def slow(_: Loaded) -> object:
        begun.set()
        go.wait(10)
        made.append(object())
        return made[-1]

    waiting = [apart(lambda: slow(digits)) for _ in range(3)]
    for steps in waiting:
        next(steps)
    assert begun.wait(5)
    go.set()
    assert [finished(steps) for steps in waiting] == made * 3
    assert len(made) == 1
