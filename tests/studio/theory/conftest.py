from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import Any

import pytest

from vael.studio.asked import Asked
from vael.studio.columns import Reply, pack, unpack
from vael.studio.loaded import Loaded
from vael.studio.services import service


@pytest.fixture(scope="session")
def loaded(digits: Loaded) -> Loaded:
    """Digits with two latents."""
    return digits


def finished(steps: Generator[float, None, Reply]) -> Reply:
    while True:
        try:
            assert 0 <= next(steps) <= 1
        except StopIteration as end:
            return end.value


@pytest.fixture
def ask(loaded: Loaded) -> Callable[..., Reply]:
    """Ask a service as a page does: through a body and back."""

    def go(name: str, fields: Mapping[str, Any], of: Loaded = loaded) -> Reply:
        found = service(f"theory/{name}")(of, Asked(fields))
        return unpack(pack(found if isinstance(found, Reply) else finished(found)))

    return go
