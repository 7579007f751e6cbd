"""What is made once for a run that is shown, and forgotten with it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from threading import RLock
from typing import TypeVar
from weakref import WeakKeyDictionary

from vael.studio.loaded import Loaded

__all__ = ["kept"]

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
