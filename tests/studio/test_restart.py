"""A server in a process of its own, killed and started again on the same port."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import numpy as np
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from vael.studio.loaded import Loaded
from vael.studio.web.security import COOKIE

pytestmark = pytest.mark.slow


@contextmanager
def served(run: Path, state: Path, port: int) -> Generator[tuple[subprocess.Popen[str], str]]:
    """The process and its token; it is killed, not told to end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "vael.cli", "studio", str(run), "--no-open", "--port", str(port)],
        env={**os.environ, "OMP_NUM_THREADS": "1", "XDG_STATE_HOME": str(state)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        line = next((line for line in lines if line.startswith("studio: ")), "")
        assert f":{port}/?token=" in line
        yield process, line.strip().partition("?token=")[2]
    finally:
        process.kill()
        process.wait(timeout=20)
        if process.stdout is not None:
            process.stdout.close()


def decoded(port: int, cookie: str, z: np.ndarray) -> np.ndarray:
    """Row of bytes at a point."""
    address = f"ws://127.0.0.1:{port}/api/decode"
    with connect(address, additional_headers={"Cookie": f"{COOKIE}={cookie}"}, compression=None) as opened:
        opened.send(struct.pack("<I", 7) + z.astype("<f4").tobytes())
        answer = opened.recv(timeout=20)
    assert isinstance(answer, bytes)
    assert struct.unpack_from("<I", answer) == (7,)
    return np.frombuffer(answer, np.uint8, offset=12)


def test_a_cookie_outlives_the_server_and_a_token_does_not(digits: Loaded, tmp_path: Path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    place, z = f"http://127.0.0.1:{port}", np.array([0.5, -0.25])
    row = digits.decoded(z[None])[0].astype(int)
    with served(digits.folder, tmp_path, port) as (_, token):
        answer = httpx2.get(f"{place}/", params={"token": token})
        assert answer.status_code == 303
        cookie = answer.cookies[COOKIE]
        assert np.abs(decoded(port, cookie, z) - row).max() <= 1  # a shade may round the other way
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(f"{place}/api/facts")
    with served(digits.folder, tmp_path, port) as (_, other):
        assert other != token
        assert httpx2.get(f"{place}/api/facts", params={"token": token}).status_code == 403
        facts = httpx2.get(f"{place}/api/facts", headers={"Cookie": f"{COOKIE}={cookie}"})
        assert facts.json()["run"]["id"] == digits.id
        assert np.abs(decoded(port, cookie, z) - row).max() <= 1
        with pytest.raises(InvalidStatus) as refused:
            decoded(port, cookie[:-1], z)
        assert refused.value.response.status_code == 403
