from __future__ import annotations

from collections.abc import Callable, Mapping
from types import GeneratorType
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


@pytest.fixture
def ask(loaded: Loaded) -> Callable[..., Reply]:
    """Ask a service as a page does: through a body and back."""

    def go(name: str, fields: Mapping[str, Any], of: Loaded = loaded) -> Reply:
        found = service(f"theory/{name}")(of, Asked(fields))
        if isinstance(found, GeneratorType):
            while True:
                try:
                    assert 0 <= next(found) <= 1
                except StopIteration as end:
                    found = end.value
                    break
        return unpack(pack(found))

    return go
