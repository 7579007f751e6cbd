"""Make pictures of every view of the studio, in light and dark.

    python tools/studio_pictures.py runs/demo/plane docs/images/studio
    python tools/studio_pictures.py runs/demo/space docs/images/studio --only map-3d

Starts `vael studio` on the run, opens each view in Chromium (Playwright and Debian's chromium), and writes
VIEW-light.png and VIEW-dark.png. Views that the run cannot show (three dimensions of two latents) are passed
over.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

WIDE, PHONE = {"width": 1360, "height": 850}, {"width": 375, "height": 760}
FLAGS = ["--no-sandbox", "--enable-unsafe-swiftshader", "--disable-background-networking", "--no-first-run"]
LABS = ("boxes", "joint", "kl", "elbo", "gradients", "kl-term")  # and the posterior, which is "theory"
SETTLED = 1_500  # ms after which a view is as it stays
LONGEST = 40_000  # ms


@dataclass(frozen=True)
class Places:
    """Points of the latent space that the views use."""

    latents: int
    middle: str
    first: str
    second: str
    far: str

    @classmethod
    def of(cls, folder: Path) -> Places:
        """Take codes of rows at opposite sides of the map."""
        from vael.studio.loaded import Loaded

        Z = Loaded.open(folder).latents
        low, high = np.quantile(Z, (0.08, 0.92), axis=0)
        middle = Z.mean(0)

        def nearest(place: np.ndarray) -> str:
            return ",".join(f"{x:.4g}" for x in Z[((Z - place) ** 2).sum(1).argmin()])

        across = np.zeros(Z.shape[1], dtype=bool)
        across[0] = True
        low_end, high_end = np.quantile(Z, (0.01, 0.99), axis=0)
        corners = [
            np.where(side, low_end, high_end) for side in (across, ~across, across | True, across & False)
        ]
        far = max(corners, key=lambda corner: ((Z - corner) ** 2).sum(1).min())
        return cls(
            Z.shape[1],
            nearest(middle),
            nearest(np.where(across, low, middle)),
            nearest(np.where(across, high, middle)),
            ",".join(f"{x:.4g}" for x in far),
        )


def nothing(page: Any) -> None:
    """Leave a view as it opens."""


def select(page: Any) -> None:
    """Select the rows around the cursor."""
    for key in (".", ".", ".", "s"):
        page.keyboard.press(key)


def encode(page: Any) -> None:
    """Encode a row of the data."""
    page.get_by_label("Row", exact=True).fill("7")
    page.keyboard.press("Enter")
    page.locator(".encode .means").first.wait_for()
    page.locator(".panel").evaluate(
        "p => p.scrollTo(0, p.querySelector('.means').offsetTop - p.offsetTop - 8)"
    )


def keys(page: Any) -> None:
    """List the keys."""
    page.keyboard.press("?")


@dataclass(frozen=True)
class View:
    """A view: its address, what is done there, and how many coordinates it needs."""

    address: str
    do: Callable[[Any], None] = nothing
    coordinates: int = 1
    viewport: dict[str, int] = field(default_factory=lambda: WIDE)


def views(places: Places) -> dict[str, View]:
    """Every view by the name of its picture."""
    here = f"z={places.middle}&held=1"
    ends = f"a={places.first}&b={places.second}"
    return {
        "map": View(here),
        "map-3d": View(f"{here}&dims=3", coordinates=3),
        "map-density": View(f"{here}&background=density", coordinates=2),
        "map-magnification": View(f"{here}&background=magnification", coordinates=2),
        "map-elbo": View(f"{here}&colour=elbo"),
        "map-far": View(f"z={places.far}&held=1"),
        "map-phone": View(here, viewport=PHONE),
        "keys": View(here, keys),
        "paths": View(f"{here}&panel=paths&{ends}"),
        "selection": View(f"{here}&panel=selection", select),
        "encode": View(f"{here}&panel=encode", encode),
        "sample": View(f"{here}&panel=sample"),
        "train": View(f"{here}&panel=train"),
        "theory": View(f"{here}&panel=theory&lab=posterior&lab-row=60"),
        **{f"theory-{lab}": View(f"{here}&panel=theory&lab={lab}") for lab in LABS},
    }


def serve(folder: Path) -> tuple[subprocess.Popen[str], str]:
    """Start the studio at a free port, and return its address."""
    command = [sys.executable, "-m", "vael.cli", "studio", str(folder), "--no-open", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("studio: "):
            return process, line.removeprefix("studio: ").strip()
    sys.exit(f"vael studio {folder} did not start")


def picture(browser: Any, address: str, view: View, scheme: str, path: Path) -> None:
    """Open a view and write its picture."""
    context = browser.new_context(
        viewport=view.viewport, color_scheme=scheme, device_scale_factor=1, reduced_motion="reduce"
    )
    page = context.new_page()
    page.set_default_timeout(LONGEST)
    page.goto(f"{address}#{view.address}")
    page.locator(".decoded .figure .unit").first.wait_for(state="attached")  # the theory lab hides it
    page.wait_for_timeout(SETTLED // 2)
    view.do(page)
    page.wait_for_timeout(SETTLED)
    for working in page.locator(".working").all():
        working.wait_for(state="hidden")
    page.wait_for_timeout(SETTLED // 2)
    page.screenshot(path=path)
    context.close()
    with Image.open(path) as shot:  # 256 colours: a third of the size, and no eye sees it
        shot.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)


def main(arguments: list[str]) -> None:
    """Write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("run", type=Path, help="folder of a trained run")
    parser.add_argument("out", type=Path, help="folder of the pictures")
    parser.add_argument("--only", nargs="+", help="names of views")
    given = parser.parse_args(arguments)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("there is no Chromium on this machine (Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    places = Places.of(given.run)
    given.out.mkdir(parents=True, exist_ok=True)
    process, address = serve(given.run)
    try:
        with sync_playwright() as started:
            browser = started.chromium.launch(executable_path=chromium, args=FLAGS)
            for name, view in views(places).items():
                if (given.only and name not in given.only) or places.latents < view.coordinates:
                    continue
                for scheme in ("light", "dark"):
                    path = given.out / f"{name}-{scheme}.png"
                    picture(browser, address, view, scheme, path)
                    print(path)
            browser.close()
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    main(sys.argv[1:])
