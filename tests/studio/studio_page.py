"""A real server, and its page in a real browser, for tests of the studio."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
PAGE = Path(os.environ.get("VAEL_STUDIO_PAGE", ROOT / "src/vael/studio/page"))
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--no-sandbox",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
AXE = ROOT / "studio/node_modules/axe-core/axe.min.js"

needs_browser = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium (Debian: apt-get install chromium)"),
    pytest.mark.skipif(
        not (PAGE / "index.html").exists(), reason="the page is not built: cd studio && npx vite build"
    ),
]


def environment(state: Path) -> dict[str, str]:
    """What a server's process finds around it: this tree's vael, one thread, a state folder of its own."""
    paths = [str(ROOT / "src"), *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(paths),
        "OMP_NUM_THREADS": "1",
        "XDG_STATE_HOME": str(state),
        "VAEL_STUDIO_PAGE": str(PAGE),
    }


def fit(folder: Path, source: str, *options: str) -> Path:
    """Fit a run by the command line."""
    command = [sys.executable, "-m", "vael.cli", "fit", source, "--out", str(folder), *options]
    done = subprocess.run(
        command, env=environment(folder.parent), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder


@dataclass
class StudioProcess:
    """`vael studio RUN` in a process of its own, which can be killed and started again at the same port."""

    folder: Path
    state: Path
    port: int = 0
    address: str = ""
    process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "vael.cli", "studio", str(self.folder), "--no-open"]
        command += ["--port", str(self.port)]
        self.process = subprocess.Popen(
            command, env=environment(self.state), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert self.process.stdout is not None
        said: list[str] = []
        for line in self.process.stdout:
            said.append(line)
            if line.startswith("studio: "):
                self.address = line.removeprefix("studio: ").strip()
                self.port = int(self.address.split(":")[2].split("/")[0])
                return
        raise AssertionError("".join(said))

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            assert self.process.stdout is not None
            self.process.stdout.close()
            self.process = None


@contextmanager
def studio_of(folder: Path, state: Path) -> Iterator[StudioProcess]:
    """Serve a run."""
    process = StudioProcess(folder, state)
    process.start()
    try:
        yield process
    finally:
        process.kill()


@dataclass
class StudioPage:
    """A page of the studio, and what it complained of."""

    page: Any
    complaints: list[str] = field(default_factory=list)

    @classmethod
    def open(
        cls, browser: Any, studio: StudioProcess, view: str = "", *, still: bool = True, **options: Any
    ) -> StudioPage:
        """Open a view, the address's fragment; `still` waits until the first decode is shown."""
        context = browser.new_context(**({"viewport": {"width": 1200, "height": 800}} | options))
        page = context.new_page()
        opened = cls(page)
        page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        page.goto(f"{studio.address}#{view}")
        if still:
            opened.wait_for_decode()
        return opened

    def close(self) -> None:
        self.page.context.close()
        assert self.complaints == [], "; ".join(self.complaints)

    def wait_for_decode(self) -> None:
        self.page.wait_for_selector(".decoded .figure .unit", timeout=20_000)
        self.until("() => performance.getEntriesByName('points drawn').length > 0")
        self.settle()

    def until(self, condition: str, seconds: float = 20) -> None:
        """Wait until a function of the page is true; Playwright's own way is refused by the page's policy."""
        end = time.monotonic() + seconds
        while not self.page.evaluate(condition):
            assert time.monotonic() < end, condition
            self.page.wait_for_timeout(30)

    def settle(self, wait: int = 350) -> None:
        """Let frames be drawn, the decode come, and the address be written."""
        self.page.wait_for_timeout(wait)

    @property
    def view(self) -> dict[str, str]:
        """What the address keeps of the view."""
        fragment = self.page.evaluate("location.hash.slice(1)")
        return {name: values[0] for name, values in parse_qs(fragment).items()}

    @property
    def z(self) -> np.ndarray:
        return np.array([float(x) for x in self.view["z"].split(",")], np.float32)

    def decoded_image(self) -> np.ndarray:
        """Bytes (height, width) of the image that is shown as decoded."""
        return self.image(".decoded figure:first-child canvas")

    def image(self, selector: str) -> np.ndarray:
        pixels, width = self.page.locator(selector).first.evaluate(
            "c => [[...c.getContext('2d').getImageData(0, 0, c.width, c.height).data], c.width]"
        )
        return np.array(pixels, np.uint8).reshape(-1, width, 4)[..., 0]

    def map_pixel(self, x: float, y: float) -> np.ndarray:
        """Red, green and blue of the map at CSS pixels from its top left, over all that is drawn."""
        return self.map_picture()[int(y), int(x)]

    def map_picture(self) -> np.ndarray:
        """Pixels (height, width, 3) of the map as it is seen."""
        picture = Image.open(io.BytesIO(self.page.locator(".map").screenshot())).convert("RGB")
        return np.array(picture).astype(int)

    def map_size(self) -> tuple[float, float]:
        box = self.page.locator(".map").bounding_box()
        return box["width"], box["height"]

    def to_map(self, x: float, y: float) -> tuple[float, float]:
        """A pixel of the map as the mouse has it."""
        box = self.page.locator(".map").bounding_box()
        return box["x"] + x, box["y"] + y

    def violations(self) -> list[str]:
        """What axe-core finds wrong."""
        self.page.evaluate(AXE.read_text())
        found = self.page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{each['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:200]}"
            for each in found["violations"]
            for node in each["nodes"]
        ]


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser without a window, drawing in software."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with playwright.sync_playwright() as started:
        running = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield running
        finally:
            running.close()
