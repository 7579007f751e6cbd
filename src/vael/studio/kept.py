"""What is made once for a run that is shown, and forgotten with it."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import wraps
from threading import RLock
from typing import TypeVar
from weakref import WeakKeyDictionary

from vael.studio.loaded import Loaded

__all__ = ["kept", "kept_in_pieces"]

T = TypeVar("T")


def kept(make: Callable[[Loaded], T]) -> Callable[[Loaded], T]:
    """Make what a function makes of a run once, and keep it as long as the run.

    Threads that want it meanwhile wait for the one that makes it.
    """
    found: WeakKeyDictionary[Loaded, T] = WeakKeyDictionary()
    making = RLock()

    @wraps(make)
    def of(loaded: Loaded) -> T:
        with making:
            if loaded not in found:
                found[loaded] = make(loaded)
            return found[loaded]

    return of


def kept_in_pieces(
    make: Callable[[Loaded], Generator[float, None, T]],
) -> Callable[[Loaded], Generator[float, None, T]]:
    """Make what a generator makes of a run once, piece by piece, and keep it as long as the run.

    Two that ask before it is there both make it: neither waits for a client that may be gone.
    """
    found: WeakKeyDictionary[Loaded, T] = WeakKeyDictionary()

    @wraps(make)
    def of(loaded: Loaded) -> Generator[float, None, T]:
        if loaded not in found:
            found[loaded] = yield from make(loaded)
        return found[loaded]

    return of
