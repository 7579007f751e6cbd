"""What the studio does with a run, one file each: a loaded run and a request in, a reply out. No web in here.

A service that takes long is a generator: it yields how much is done, from 0 to 1, between pieces of at most
some 20 ms of work, so that a decode under somebody's cursor never waits longer; it returns its reply.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from importlib import import_module
from typing import TypeAlias

from vael.studio.asked import Asked
from vael.studio.columns import Reply
from vael.studio.loaded import Loaded

__all__ = ["SERVICES", "Service", "service"]

Service: TypeAlias = Callable[[Loaded, Asked], Reply | Generator[float, None, Reply]]

SERVICES: Mapping[str, str] = {
    "points": "points",
    "values": "values",
    "rows": "rows",
    "decode": "decoding",
    "background": "background",
    "paths": "paths",
    "selection": "selection",
    "encode": "encoding",
    "sample": "sampling",
    "theory/boxes": "theory.boxes",
    "theory/joint": "theory.joint",
    "theory/kl": "theory.divergence",
    "theory/elbo": "theory.bound",
    "theory/gradients": "theory.gradients",
    "theory/kl-term": "theory.kl_term",
    "theory/digit": "theory.digit",
    "theory/guess": "theory.guess",
}
"""Modules of this room by the name that a page calls them by, POST /api/NAME; each has an `answer`."""


def service(name: str) -> Service:
    """Load a service when it is first asked for."""
    answer: Service = import_module(f"vael.studio.services.{SERVICES[name]}").answer
    return answer
