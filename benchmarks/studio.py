"""The studio: how quick a decode comes back, many pages at once, and the page in a browser without a GPU.

    python benchmarks/studio.py RUN latency          # one client, one point after the other
    python benchmarks/studio.py RUN clients          # 50 clients moving for 60 s
    python benchmarks/studio.py RUN page             # first paint and frames in Chromium, drawn in software
    python benchmarks/studio.py SPACE space          # the same in 3-D, of a run with three latents

RUN: a run of MNIST in two latents, decoder 2-500-784:
    vael fit mnist --n-components 2 --likelihood bernoulli --max-epochs 12 --out RUN
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from common import record

POINTS = 5_000
CLIENTS, SECONDS, RATE = 50, 60, 60  # moves a second, as a mouse makes
FLAGS = (
    "--no-sandbox",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@dataclass(frozen=True)
class Served:
    address: str
    pid: int

    @property
    def socket(self) -> str:
        place, _, token = self.address.partition("?")
        return f"ws://{urlsplit(place).netloc}/api/decode?{token}"

    @property
    def memory(self) -> float:
        """Resident MB."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@contextmanager
def served(run: Path) -> Iterator[Served]:
    command = [sys.executable, "-m", "vael.cli", "studio", str(run), "--no-open", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = next(line for line in process.stdout if line.startswith("studio: "))
        yield Served(line.removeprefix("studio: ").strip(), process.pid)
    finally:
        process.terminate()
        process.wait(timeout=20)


def frame(number: int, z: np.ndarray) -> bytes:
    return struct.pack("<I", number) + z.astype("<f4").tobytes()


def walk(n: int, seed: int) -> np.ndarray:
    """A way that a hand might go, (n, 2)."""
    rng = np.random.default_rng(seed)
    return 1.5 * np.sin(np.arange(n)[:, None] * rng.uniform(0.01, 0.05, 2) + rng.uniform(0, 6, 2))


def quantiles(seconds: np.ndarray) -> dict[str, float]:
    found = 1000 * np.quantile(seconds, (0.5, 0.99, 1.0))
    return dict(zip(("median, ms", "99 %, ms", "longest, ms"), map(float, found)))


def latency(run: Path) -> None:
    from websockets.sync.client import connect

    with served(run) as studio, connect(studio.socket, compression=None) as socket:
        seconds = np.empty(POINTS)
        for number, z in enumerate(walk(POINTS, 0)):
            start = time.perf_counter()
            socket.send(frame(number, z))
            answer = socket.recv()
            seconds[number] = time.perf_counter() - start
            assert struct.unpack("<I", answer[:4])[0] == number
    rows = [{"clients": 1, "points": POINTS, **quantiles(seconds[100:])}]
    record(
        "studio_latency",
        rows,
        ["One point after the other; 70000 points loaded; decoder 2-500-784. Aims: median 2 ms, 99 % 16 ms."],
    )


async def one_client(address: str, seed: int, until: float) -> tuple[int, list[float]]:
    from websockets.asyncio.client import connect

    sent: dict[int, float] = {}
    took: list[float] = []
    async with connect(address, compression=None, max_queue=None) as socket:

        async def read() -> None:
            async for answer in socket:
                (number,) = struct.unpack("<I", answer[:4])
                took.append(time.perf_counter() - sent.pop(number))

        reading = asyncio.create_task(read())
        way = walk(SECONDS * RATE + RATE, seed)
        number = 0
        while time.perf_counter() < until:
            sent[number] = time.perf_counter()
            await socket.send(frame(number, way[number % len(way)]))
            number += 1
            await asyncio.sleep(1 / RATE)
        await asyncio.sleep(1)
        reading.cancel()
    return number, took


async def all_clients(studio: Served, memory: list[float]) -> list[tuple[int, list[float]]]:
    until = time.perf_counter() + SECONDS
    clients = [asyncio.create_task(one_client(studio.socket, i, until)) for i in range(CLIENTS)]
    while time.perf_counter() < until:
        await asyncio.sleep(5)
        memory.append(studio.memory)
    return list(await asyncio.gather(*clients))


def clients(run: Path) -> None:
    memory: list[float] = []
    with served(run) as studio:
        found = asyncio.run(all_clients(studio, memory))
    answered = np.array([len(took) for _, took in found])
    every = np.concatenate([took for _, took in found])
    rows = [
        {
            "clients": CLIENTS,
            "seconds": SECONDS,
            "sent": sum(n for n, _ in found),
            "answered": int(answered.sum()),
            "fewest of one": int(answered.min()),
            "most of one": int(answered.max()),
            **quantiles(every),
            "memory after 10 s, MB": memory[1],
            "at the end, MB": memory[-1],
        }
    ]
    record(
        "studio_clients",
        rows,
        [
            f"Each client moves {RATE} times a second; clients and server share the machine. What is "
            "overtaken is not answered.",
            "Aims: no error, no growth of memory, fair shares.",
        ],
    )


FRAMES = """
(seconds) => new Promise((done) => {
  const gaps = []; let last = performance.now(); const end = last + 1000 * seconds;
  const step = (now) => {
    gaps.push(now - last);
    last = now;
    now < end ? requestAnimationFrame(step) : done(gaps);
  };
  requestAnimationFrame(step);
})
"""


def page(run: Path, name: str = "studio_page", view: str = "") -> None:
    from playwright.sync_api import sync_playwright

    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    rows: list[dict[str, Any]] = []
    with served(run) as studio, sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=list(FLAGS))
        opened = browser.new_page(viewport={"width": 1280, "height": 800})
        opened.goto(f"{studio.address}#{view}")
        while not opened.evaluate("performance.getEntriesByName('points drawn').length"):
            time.sleep(0.05)
        paint = opened.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        drawn = opened.evaluate("performance.getEntriesByName('points drawn')[0].startTime")
        box = opened.locator(".map").bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        rows.append({"what": "first paint", "ms": float(paint)})
        rows.append({"what": "70000 points drawn", "ms": float(drawn)})
        for what, drag in (("moving the cursor", False), ("dragging the map", True), ("zooming", False)):
            opened.mouse.move(x, y)
            if drag:
                opened.mouse.down()
            opened.evaluate(f"() => {{ window.gaps = ({FRAMES})(4); }}")
            end = time.perf_counter() + 4
            step = 0
            while time.perf_counter() < end:
                step += 1
                if what == "zooming":
                    opened.mouse.wheel(0, 40 if step % 80 < 40 else -40)
                else:
                    opened.mouse.move(x + 120 * np.sin(step / 15), y + 90 * np.cos(step / 11))
            found = np.array(opened.evaluate("() => window.gaps"))
            if drag:
                opened.mouse.up()
            rows.append({"what": f"frame, {what}", **quantiles(found[3:] / 1000)})
        browser.close()
    record(
        name,
        rows,
        [
            "Chromium without a window, drawing in software (SwiftShader), 1280 x 800, 70000 points.",
            "Aims: first paint 1000 ms, a frame 130 ms.",
        ],
    )


def space(run: Path) -> None:
    page(run, "studio_space", "dims=3")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("part", choices=("latency", "clients", "page", "space"))
    given = parser.parse_args()
    parts = {"latency": latency, "clients": clients, "page": page, "space": space}
    parts[given.part](given.run)
