"""What `import vael` loads: heavy parts wait until they are used."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

HEAVY = (
    "IPython",
    "PIL",
    "cyclopts",
    "jinja2",
    "matplotlib",
    "pandas",
    "plotly",
    "polars",
    "pooch",
    "pyarrow",
    "rich",
    "sklearn",
)
CORE = "vael.models, vael.nn, vael.objectives, vael.distributions, vael.specification"


@pytest.mark.parametrize("modules", ["vael", CORE])
def test_heavy_packages_are_not_loaded(modules: str) -> None:
    script = f"import sys, {modules}; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=True
    ).stdout.split()
    assert sorted(set(HEAVY) & set(loaded)) == []


def test_public_names_exist() -> None:
    """What `__all__` promises is there, lazily or not."""
    import vael

    for name in getattr(vael, "__all__", ()):
        assert getattr(vael, name) is not None


@pytest.mark.parametrize(
    "room", ["evaluation", "estimators", "models", "nn", "objectives", "plots", "theory"]
)
def test_what_a_room_names_is_there(room: str) -> None:
    module = import_module(f"vael.{room}")
    assert [name for name in module.__all__ if not hasattr(module, name)] == []
