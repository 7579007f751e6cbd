"""`vael studio`."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest

from vael.cli.main import main
from vael.cli.runs import flattest, newest


@pytest.fixture(scope="session")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one run under ./runs; not to be written into."""
    folder = tmp_path_factory.mktemp("studio")
    np.save(folder / "table.npy", np.random.default_rng(0).normal(size=(60, 4)))
    words = ("--max-epochs", "2", "--hidden", "8", "--n-components", "2", "--quiet")
    assert main(["fit", str(folder / "table.npy"), "--out", str(folder / "runs" / "one"), *words]) == 0
    return folder


def started(folder: Path, *words: str) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "vael.cli", "studio", "--no-open", "--port", "0", *words],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1", "XDG_STATE_HOME": str(folder / "state")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("studio: http://127.0.0.1:"), process.communicate()
    return process, line.removeprefix("studio: ").strip()


@pytest.mark.slow
def test_the_newest_run_is_shown_and_ctrl_c_ends_it(shown: Path) -> None:
    process, address = started(shown)
    try:
        place, _, token = address.partition("?token=")
        facts = httpx2.get(f"{place}api/facts", headers={"Authorization": f"token {token}"})
        assert facts.json()["run"]["name"] == "one"
        assert facts.json()["data"]["rows"] == 60
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 0
    assert "the studio has ended" in out
    assert "Traceback" not in err


def test_of_a_study_the_run_with_two_latents_is_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, latents in (("large", 20), ("plane", 2), ("space", 3)):
        run = tmp_path / "runs" / "demo" / name
        run.mkdir(parents=True)
        (run / "config.json").write_text(json.dumps({"parameters": {"n_components": latents}}))
        (run / "model.safetensors").write_bytes(b"")
    os.utime(tmp_path / "runs" / "demo" / "large" / "config.json", (2e9, 2e9))
    assert newest() == Path("runs/demo/large")
    assert flattest(None) == Path("runs/demo/plane")
    assert flattest("runs/demo/large") == Path("runs/demo/large")
    shutil.rmtree(tmp_path / "runs" / "demo" / "plane")
    assert flattest(None) == Path("runs/demo/large")


def test_a_taken_port_is_told(vael: Callable[..., Any], shown: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = vael("studio", shown / "runs" / "one", "--no-open", "--port", port)
    assert said.status != 0
    assert f"127.0.0.1:{port}" in said.err
    assert "--port" in said.err
    assert "Traceback" not in said.err


def test_a_folder_that_is_no_run_is_told(vael: Callable[..., Any], tmp_path: Path) -> None:
    said = vael("studio", tmp_path, "--no-open", "--port", 0)
    assert said.status != 0
    assert str(tmp_path) in said.err


def test_without_the_extra_it_says_what_to_install(
    vael: Callable[..., Any], shown: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    said = vael("studio", shown / "runs" / "one", "--no-open", "--port", 0)
    assert said.status != 0
    assert "pip install vael[studio]" in said.err


def test_data_that_are_gone_are_told(vael: Callable[..., Any], shown: Path, tmp_path: Path) -> None:
    said = vael("studio", shown / "runs" / "one", "--no-open", "--port", 0, "--data", tmp_path / "none.npy")
    assert said.status != 0
    assert "none.npy" in said.err
