"""Real processes that are killed or interrupted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

# A shell that runs its children in the background makes them deaf to Ctrl-C.
SCRIPT = (
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from vael.cli import main; sys.exit(main())"
)
FIT = ("fit", "digits", "--likelihood", "categorical", "--n-components", "3", "--hidden", "64", "--json")
LONG = ("--max-epochs", "25", "--batch-size", "32", "--patience", "1000")


def _start(folder: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *words],
        cwd=folder,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _epochs(process: subprocess.Popen[str], count: int) -> None:
    """Wait until a process has told of an epoch."""
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith(f"epoch {count}/"):
            return
    raise AssertionError("the process ended before that epoch")


def test_a_killed_run_resumes_and_ends_the_same(tmp_path: Path, vael: Callable[..., Any]) -> None:
    killed = _start(tmp_path, *FIT, *LONG, "--out", "killed")
    _epochs(killed, 5)
    time.sleep(0.01)  # somewhere within an epoch
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    assert not (tmp_path / "killed" / "model.safetensors").exists()
    assert (tmp_path / "killed" / "checkpoints" / "last.safetensors").exists()
    said = vael("report", "killed")
    assert said.status == 2
    assert "was not finished" in said.err

    resumed = vael("fit", "digits", "--out", "killed", "--resume", "--quiet", "--json")
    whole = vael(*FIT, *LONG, "--out", "whole", "--quiet")
    assert (resumed.status, whole.status) == (0, 0)
    told = [json.loads(said.out) for said in (whole, resumed)]
    assert [each["epochs"] for each in told] == [25, 25]
    assert told[0]["bound"] == told[1]["bound"]
    one, other = tmp_path / "whole", tmp_path / "killed"
    for name in ("model.safetensors", "latents.npz", "data.json"):
        assert (one / name).read_bytes() == (other / name).read_bytes()
    clocks = ("seconds", "examples_per_second")
    histories = [
        [{k: v for k, v in json.loads(line).items() if k not in clocks} for line in text.splitlines()]
        for text in ((run / "metrics.jsonl").read_text() for run in (one, other))
    ]
    assert histories[0] == histories[1]
    assert len(histories[0]) == 25


def test_ctrl_c_keeps_the_best_so_far(tmp_path: Path, vael: Callable[..., Any]) -> None:
    process = _start(tmp_path, *FIT, "--max-epochs", "100000", "--patience", "100000", "--out", "run")
    _epochs(process, 5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0
    result = json.loads(out)
    assert result["stopped"] == "interrupted"
    assert result["epochs"] >= 5
    assert "Traceback" not in err
    assert "vael: warning: interrupted in epoch" in err
    assert vael("encode", tmp_path / "run", "--out", "z.npy").status == 0
    assert np.load(tmp_path / "z.npy").shape == (1797, 3)
