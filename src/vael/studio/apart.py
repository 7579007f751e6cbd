"""Work that cannot be cut into pieces, beside the worker's thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import suppress
from typing import TypeVar

import torch

__all__ = ["apart"]

T = TypeVar("T")

WAIT = 0.002  # seconds that a piece of waiting takes: as long as a decode may wait for it


def apart(call: Callable[[], T], done: float = 0.0) -> Generator[float, None, T]:
    """Run a call that may take seconds in a thread of its own, and wait for it in pieces.

    The thread is not ended with the generator: what it keeps, `kept`, is there for whoever asks next.

    Arguments:
        call: What to run; draws from no global generator.
        done: Which part of the whole is done, told while it runs.
    """
    future: Future[T] = Future()

    def run() -> None:
        torch.set_num_threads(1)  # a fresh thread would start a pool of torch's own
        try:
            future.set_result(call())
        except Exception as error:  # raised again where the result is wanted
            future.set_exception(error)

    # No daemon: torch aborts the process when its thread is cut off while the interpreter ends.
    threading.Thread(target=run, name="vael-studio-apart").start()
    while not future.done():
        with suppress(TimeoutError):
            future.exception(WAIT)
        yield done
    return future.result()
