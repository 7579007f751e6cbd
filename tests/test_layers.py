"""Rooms import only from rooms below them."""

from __future__ import annotations

from pathlib import Path

from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports


def test_rooms_import_only_from_rooms_below_them() -> None:
    settings = Path(__file__).parents[1] / "pyproject.toml"
    assert lint_imports(config_filename=str(settings), no_cache=True) == EXIT_STATUS_SUCCESS
