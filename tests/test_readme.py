"""Every command and code block of the README runs as written."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
PYTHON = [text for language, text in BLOCKS if language == "python"]
SHELL = [line for language, text in BLOCKS if language == "sh" for line in text.splitlines()]


def run(command: list[str], folder: Path) -> str:
    tools = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_readme_has_what_it_promises():
    assert PYTHON
    assert any(line.startswith("vael fit") for line in SHELL)


@pytest.mark.slow
@pytest.mark.parametrize("block", PYTHON)
def test_python_blocks_run(block: str, tmp_path: Path):
    """A comment `# 1234` behind a print states what it prints."""
    printed = run([sys.executable, "-c", block], tmp_path).splitlines()
    stated = re.findall(r"^print\(.*\)  # (.*)$", block, flags=re.MULTILINE)
    assert printed == stated


@pytest.mark.slow
def test_shell_lines_run_in_their_order(tmp_path: Path):
    """The lines of `vael` run; those of make are its targets (demo and test run elsewhere: they are CI)."""
    makefile = (ROOT / "Makefile").read_text()
    for line in SHELL:
        words = shlex.split(line, comments=True)
        if not words:
            continue
        if words[0] == "make":
            assert re.search(rf"^{words[1]}:", makefile, flags=re.MULTILINE), line
        elif words[0] == "vael":
            assert shutil.which("vael", path=str(Path(sys.executable).parent))
            run(words, tmp_path)
        elif words[0] == "pip":
            assert (ROOT / "pyproject.toml").exists()
        else:
            pytest.fail(f"a line that no test runs: {line}")
