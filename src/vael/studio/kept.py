"""What is made once for a run that is shown, and forgotten with it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar
from weakref import WeakKeyDictionary

from vael.studio.loaded import Loaded

__all__ = ["kept"]

T = TypeVar("T")


def kept(make: Callable[[Loaded], T]) -> Callable[[Loaded], T]:
    """Make what a function makes of a run once, and keep it as long as the run; for the worker alone."""
    found: WeakKeyDictionary[Loaded, T] = WeakKeyDictionary()

    @wraps(make)
    def of(loaded: Loaded) -> T:
        if loaded not in found:
            found[loaded] = make(loaded)
        return found[loaded]

    return of
