"""Samples and traversals in a real browser, and what is saved of them, against the Python API."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vael import VAE
from vael.studio.loaded import Loaded
from vael.studio.services.exporting import page as exported

sys.path.insert(0, str(Path(__file__).parent))

from studio_page import AXE, StudioPage, needs_browser, studio_of

pytestmark = [*needs_browser, pytest.mark.slow]

STEPS = 9
REACH = 3


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Serve a run, once for all tests."""
    running: dict[Path, Any] = {}

    def served(loaded: Loaded) -> Any:
        if loaded.folder not in running:
            context = studio_of(loaded.folder, tmp_path_factory.mktemp("state"))
            running[loaded.folder] = (context, context.__enter__())
        return running[loaded.folder][1]

    yield served
    for context, _ in running.values():
        context.__exit__(None, None, None)


@pytest.fixture
def visit(browser: Any, serve: Any) -> Iterator[Any]:
    opened: list[StudioPage] = []

    def go(loaded: Loaded, view: str = "", **options: Any) -> StudioPage:
        opened.append(StudioPage.open(browser, serve(loaded), f"panel=sample&{view}", **options))
        return opened[-1]

    yield go
    for page in opened:
        page.close()


def drawn(page: StudioPage, count: int) -> None:
    page.until(f"() => document.querySelectorAll('.samples button').length === {count}")
    page.settle()


def saved(page: StudioPage, kind: str) -> tuple[str, Path]:
    with page.page.expect_download() as waiting:
        page.page.get_by_role("button", name=kind, exact=True).click()
    return waiting.value.suggested_filename, waiting.value.path()


def copied(page: StudioPage) -> np.ndarray:
    """What the Python gives that is copied beside the samples."""
    page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.page.get_by_role("button", name="copy the samples as Python").click()
    page.settle(100)
    *lines, last = page.page.evaluate("navigator.clipboard.readText()").rstrip().split("\n")
    known: dict[str, Any] = {}
    exec("\n".join(lines), known)
    return eval(last, known)


def api_samples(loaded: Loaded, count: int, seed: int) -> np.ndarray:
    assert isinstance(loaded.estimator, VAE)
    return loaded.estimator.sample(count, mean=True, random_state=seed)


def bytes_of(loaded: Loaded, rows: np.ndarray) -> np.ndarray:
    return loaded.seen(rows).astype(int)


def test_samples_are_the_estimators(visit: Any, eight: Loaded):
    page = visit(eight)
    drawn(page, 36)
    expected = bytes_of(eight, api_samples(eight, 36, 0))
    for i in (0, 7, 35):
        shown = page.image(f".samples button:nth-child({i + 1}) canvas")
        np.testing.assert_allclose(shown.ravel().astype(int), expected[i], atol=1)
    page.page.get_by_label("n", exact=True).fill("5")
    page.page.get_by_label("n", exact=True).press("Enter")
    page.page.get_by_role("button", name="Next seed").click()
    drawn(page, 5)
    assert (page.view["n"], page.view["seed"]) == ("5", "1")
    expected = bytes_of(eight, api_samples(eight, 5, 1))
    np.testing.assert_allclose(page.image(".samples button canvas").ravel().astype(int), expected[0], atol=1)
    np.testing.assert_allclose(bytes_of(eight, copied(page)), expected, atol=1)


def test_a_temperature_draws_samples_towards_the_mean(visit: Any, eight: Loaded, ask: Any):
    page = visit(eight, "n=6&seed=2")
    drawn(page, 6)
    slider = page.page.get_by_label("temperature")
    slider.focus()
    for _ in range(10):
        slider.press("ArrowLeft")
    page.settle(600)
    assert page.view["temp"] == "0.5"
    z = 0.5 * ask(eight, "sample", n=6, seed=2).arrays["z"]
    shown = page.image(".samples button:nth-child(4) canvas").ravel().astype(int)
    np.testing.assert_allclose(shown, eight.decoded(z)[3].astype(int), atol=1)
    np.testing.assert_allclose(bytes_of(eight, copied(page)), eight.decoded(z).astype(int), atol=1)


def test_a_click_finds_a_sample_on_the_map(visit: Any, eight: Loaded, ask: Any):
    page = visit(eight, "n=4&seed=3")
    drawn(page, 4)
    z = ask(eight, "sample", n=4, seed=3).arrays["z"]
    sample = page.page.get_by_role("button", name="sample 3 of 4: find it on the map")
    sample.focus()
    sample.press("Enter")
    page.settle(500)
    np.testing.assert_allclose(page.z, z[2], rtol=1e-4, atol=1e-5)
    assert sample.get_attribute("aria-pressed") == "true"
    np.testing.assert_allclose(
        page.decoded_image().ravel().astype(int), eight.decoded(z)[2].astype(int), atol=1
    )


def test_saved_samples_are_those_shown(visit: Any, eight: Loaded, ask: Any):
    page = visit(eight, "n=7&seed=4")
    drawn(page, 7)
    found = ask(eight, "sample", n=7, seed=4).arrays
    rows = found["rows"].astype(int)

    name, path = saved(page, "NPZ")
    assert name == "eight-samples-seed-4.npz"
    with np.load(path) as arrays:
        np.testing.assert_array_equal(arrays["z"], found["z"])
        assert arrays["x"].shape == (7, 8, 8)
        assert arrays["x"].dtype == np.uint8
        np.testing.assert_allclose(arrays["x"].reshape(7, 64).astype(int), rows, atol=1)

    name, path = saved(page, "CSV")
    assert name == "eight-samples-seed-4.csv"
    with path.open(newline="") as file:
        head, *lines = csv.reader(file)
    assert (head[0], head[8], len(head)) == ("z1", "x0", 8 + 64)
    table = np.array(lines, float)
    np.testing.assert_array_equal(table[:, :8].astype(np.float32), found["z"])
    np.testing.assert_allclose(table[:, 8:], rows, atol=1)

    name, path = saved(page, "PNG")
    assert name == "eight-samples-seed-4.png"
    picture = np.array(Image.open(path).convert("RGBA")).astype(int)
    assert picture.shape == (24, 24, 4)
    for i in range(7):
        top, left = 8 * (i // 3), 8 * (i % 3)
        tile = picture[top : top + 8, left : left + 8, 0]
        np.testing.assert_allclose(tile.ravel(), rows[i], atol=1)
    assert picture[20, 20, 3] == 0  # two tiles of the last line stay clear


def test_each_latent_is_traversed_alone(visit: Any, eight: Loaded):
    z = np.linspace(-0.7, 0.7, 8).round(2).astype(np.float32)
    page = visit(eight, "n=4&z=" + ",".join(map(str, z)))
    page.until("() => document.querySelectorAll('.traversal').length === 8")
    page.settle(500)
    mean, scale = eight.latents.mean(0), eight.latents.std(0)
    for latent, step in ((0, 0), (2, 6), (7, 8)):
        moved = z.copy()
        moved[latent] = mean[latent] + REACH * scale[latent] * (2 * step / (STEPS - 1) - 1)
        one = f".traversal >> nth={latent} >> .strip button:nth-child({step + 1})"
        shown = page.image(f"{one} >> canvas").ravel().astype(int)
        np.testing.assert_allclose(shown, eight.decoded(moved[None])[0].astype(int), atol=1)
    page.page.locator(one).click()
    page.settle(500)
    np.testing.assert_allclose(page.z, moved, atol=1e-4)
    page.page.locator(".traversal >> nth=1 >> input").press("ArrowRight")
    page.settle(500)
    assert list(np.flatnonzero(np.abs(page.z - moved) > 1e-4)) == [1]


def test_samples_of_a_table_are_rows_in_its_units(visit: Any, wine: Loaded):
    page = visit(wine, "n=5&seed=6")
    drawn(page, 5)
    expected = api_samples(wine, 5, 6)
    page.page.get_by_role("button", name="sample 2 of 5: find it on the map").click()
    page.settle()
    cells = page.page.locator(".row-bars[aria-label='sample 2'] .value").all_inner_texts()
    numbers = [float(text.replace("\N{MINUS SIGN}", "-")) for text in cells]
    np.testing.assert_allclose(numbers, expected[1], rtol=1e-3)
    assert page.page.locator(".traversal svg.lines polyline").count() == 2 * STEPS
    assert page.page.get_by_role("button", name="PNG").count() == 0
    with np.load(saved(page, "NPZ")[1]) as arrays:
        np.testing.assert_allclose(arrays["x"], expected, rtol=1e-4)
    with saved(page, "CSV")[1].open(newline="") as file:
        assert next(csv.reader(file))[:3] == ["z1", "z2", "alcohol"]


def test_what_cannot_be_is_said(visit: Any, sphere: Loaded, plain: Loaded):
    page = visit(sphere, "n=3&temp=0.5")
    drawn(page, 3)
    assert "Drawn at temperature 1" in page.page.inner_text(".panel")
    assert page.page.get_by_label("temperature").count() == 0
    expected = bytes_of(sphere, api_samples(sphere, 3, 0))
    np.testing.assert_allclose(page.image(".samples canvas").ravel().astype(int), expected[0], atol=1)
    assert "no latent moves alone" in page.page.inner_text(".panel")
    page = visit(plain)
    assert "no prior to draw from" in page.page.inner_text(".panel .empty")
    assert page.page.locator(".traversal").count() == 2


def test_the_export_link_saves_the_view(visit: Any, eight: Loaded):
    view = "axes=2,4&z=0.5,0,0,0,0,0,0,-0.5"
    page = visit(eight, view)
    link = page.page.get_by_role("link", name="Export")
    with page.page.expect_download() as waiting:
        link.click()
    assert waiting.value.suggested_filename == "eight.html"
    expected = exported(eight, view)
    assert waiting.value.path().read_text(encoding="utf-8") == expected
    assert "decoder that works without a server" in link.get_attribute("title")
    told = float(link.inner_text().removeprefix("Export").removesuffix("MB"))
    assert told == pytest.approx(len(expected) / 1e6, abs=0.1)


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: cd studio && npm ci")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong(visit: Any, eight: Loaded, scheme: str):
    page = visit(eight, "n=6", color_scheme=scheme)
    drawn(page, 6)
    page.page.locator(".samples button").first.click()
    page.settle()
    assert page.violations() == []


def test_a_phone_is_wide_enough(visit: Any, eight: Loaded, wine: Loaded):
    for loaded in (eight, wine):
        page = visit(loaded, "n=12", viewport={"width": 360, "height": 740}, has_touch=True)
        drawn(page, 12)
        assert page.page.evaluate("document.documentElement.scrollWidth") <= 360
