"""Two tiny runs that the tests of the command line share, and a way to call it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from vael.cli import main

QUICK = ("--max-epochs", "2", "--hidden", "16", "--n-components", "2", "--quiet")


@dataclass(frozen=True)
class Said:
    status: int
    out: str
    err: str


@pytest.fixture
def vael(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., Said]:
    """Call the command line in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VAEL_TRACEBACK", raising=False)

    def call(*words: object) -> Said:
        capsys.readouterr()
        status = main([str(word) for word in words])
        said = capsys.readouterr()
        return Said(status, said.out, said.err)

    return call


def _fit(folder: Path, *words: object) -> Path:
    before = os.getcwd()
    os.chdir(folder)
    try:
        assert main(["fit", *map(str, words), "--out", "run", *QUICK]) == 0
    finally:
        os.chdir(before)
    return folder / "run"


@pytest.fixture(scope="session")
def digits_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on digits; not to be written into."""
    return _fit(tmp_path_factory.mktemp("digits"), "digits", "--likelihood", "categorical")


@pytest.fixture(scope="session")
def _table_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("table")
    np.save(folder / "table.npy", np.random.default_rng(0).normal(size=(60, 4)))
    return _fit(folder, "table.npy")


@pytest.fixture
def table_run(_table_run: Path, tmp_path: Path) -> Path:
    """A copy of a run on a table without labels; its data are beside the original."""
    return shutil.copytree(_table_run, tmp_path / "table-run")
