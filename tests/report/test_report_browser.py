"""The page in a real browser. Skipped where the machine has no Chromium."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from report_samples import HOSTILE, full_report

from vael.report import PointCloud, Polylines, Report, Section, write

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
MAP = "figure.cloud >> nth=0 >> .stage > canvas"
MIDDLE_OF_COLOUR = """canvas => {
  const { data, width } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let [x, y, n] = [0, 0, 0];
  for (let i = 0; i < data.length; i += 4) {
    const [r, g, b] = data.slice(i, i + 3);
    if (Math.max(r, g, b) - Math.min(r, g, b) < 60) continue;
    x += (i / 4) % width; y += Math.floor(i / 4 / width); n++;
  }
  return [x / n, y / n];
}"""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None, reason="no Chromium on this machine (Debian: apt-get install chromium)"
    ),
]


@dataclass
class Opened:
    """A page, and all that it said and asked for."""

    page: Any
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def picture(self, selector: str = MAP) -> str:
        """The pixels of a canvas, after the frames that were due."""
        self.page.evaluate("() => new Promise(r => requestAnimationFrame(() => setTimeout(r, 60)))")
        return self.page.locator(selector).evaluate("canvas => canvas.toDataURL()")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        running = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="module")
def report_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(full_report(), tmp_path_factory.mktemp("browser") / "report.html")


@pytest.fixture
def visit(browser: Any) -> Iterator[Any]:
    contexts = []

    def open_page(path: Path, **options: Any) -> Opened:
        context = browser.new_context(**{"viewport": {"width": 1100, "height": 900}} | options)
        contexts.append(context)
        opened = Opened(context.new_page())

        def route(handler: Any) -> None:
            opened.asked.append(handler.request.url)
            if handler.request.url == path.as_uri():
                handler.continue_()
            else:
                handler.abort()

        context.route(lambda address: not address.startswith("data:"), route)
        opened.page.on("console", lambda message: opened.said.append(message.text))
        opened.page.on("pageerror", lambda error: opened.said.append(str(error)))
        opened.page.goto(path.as_uri())
        return opened

    yield open_page
    for context in contexts:
        context.close()


def test_the_page_is_silent_and_asks_for_nothing(visit, report_path):
    opened = visit(report_path)
    opened.picture()
    assert opened.said == []
    assert opened.asked == [report_path.as_uri()]


def test_hostile_text_runs_nothing(visit, tmp_path):
    opened = visit(write(full_report(title=HOSTILE, name=HOSTILE), tmp_path / "hostile.html"))
    opened.page.on("dialog", lambda dialog: opened.said.append(dialog.message))
    opened.page.locator("figure.cloud").first.hover()
    opened.picture()
    assert opened.said == []
    assert opened.page.title() == HOSTILE
    assert opened.page.locator("[onerror]").count() == 0


def test_dragging_turns_the_map_and_reset_turns_it_back(visit, report_path):
    opened = visit(report_path)
    canvas = opened.page.locator(MAP)
    canvas.scroll_into_view_if_needed()
    start = opened.picture()
    box = canvas.bounding_box()
    opened.page.mouse.move(box["x"] + 200, box["y"] + 200)
    opened.page.mouse.down()
    opened.page.mouse.move(box["x"] + 300, box["y"] + 220, steps=4)
    opened.page.mouse.up()
    assert opened.picture() != start
    opened.page.locator('[data-action="reset"]').first.click()
    assert opened.picture() == start


def test_what_is_near_follows_the_pointer(visit, tmp_path):
    near = PointCloud(np.array([[-0.56, -0.83, 0.3], [0.56, 0.83, -0.3]]), labels=np.arange(2))
    content = Report("t", sections=(Section("s", blocks=(near,)),))
    opened = visit(write(content, tmp_path / "near.html"))
    canvas = opened.page.locator(MAP)
    canvas.scroll_into_view_if_needed()
    opened.page.locator("[data-class='1']").click()

    def place() -> Any:
        """The middle of the pixels that are neither paper nor lines."""
        opened.picture()
        return np.array(canvas.evaluate(MIDDLE_OF_COLOUR))

    before = place()
    box = canvas.bounding_box()
    opened.page.mouse.move(box["x"] + 200, box["y"] + 200)
    opened.page.mouse.down()
    opened.page.mouse.move(box["x"] + 260, box["y"] + 240, steps=4)
    opened.page.mouse.up()
    assert ((place() - before) > 10).all()


@pytest.mark.parametrize("key", ["ArrowLeft", "ArrowUp", "+", "-"])
def test_keys_turn_and_zoom_the_map(visit, report_path, key):
    opened = visit(report_path)
    start = opened.picture()
    opened.page.locator(MAP).press(key)
    assert opened.picture() != start
    opened.page.locator(MAP).press("Home")
    assert opened.picture() == start


def test_the_wheel_scrolls_the_page_until_the_map_is_clicked(visit, report_path):
    opened = visit(report_path)
    canvas = opened.page.locator(MAP)
    canvas.scroll_into_view_if_needed()
    start = opened.picture()
    box = canvas.bounding_box()
    opened.page.mouse.move(box["x"] + 5, box["y"] + 100)
    opened.page.mouse.wheel(0, 40)
    assert opened.picture() == start
    canvas.click(position={"x": 5, "y": 200})
    opened.page.mouse.wheel(0, -200)
    assert opened.picture() != start


def test_a_finger_turns_the_map(visit, report_path):
    opened = visit(report_path, has_touch=True, viewport={"width": 390, "height": 844})
    canvas = opened.page.locator(MAP)
    canvas.scroll_into_view_if_needed()
    start = opened.picture()
    box = canvas.bounding_box()
    session = opened.page.context.new_cdp_session(opened.page)
    for kind, step in (("touchStart", 0), ("touchMove", 60), ("touchMove", 110)):
        point = {"x": box["x"] + 100 + step, "y": box["y"] + 100}
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert opened.picture() != start


def test_the_legend_hides_a_class_and_shows_it_again(visit, report_path):
    opened = visit(report_path)
    start = opened.picture()
    button = opened.page.locator("[data-class='1']").first
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    assert opened.picture() != start
    button.click()
    assert opened.picture() == start


def test_the_legend_hides_lines_and_shows_them_again(visit, tmp_path):
    points = np.random.default_rng(0).normal(size=(40, 3))
    ways = Polylines("ways", [points[:9]], ("#00ff00", "#00ff00"))
    plain, lined = (PointCloud(points), PointCloud(points, curves=[ways]))
    opened = visit(write(Report("r", sections=[Section("s", blocks=[lined])]), tmp_path / "lined.html"))
    start = opened.picture()
    green = opened.page.locator(MAP).evaluate(
        "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.reduce("
        "(n, v, i, d) => n + (i % 4 == 1 && v > 200 && d[i - 1] < 120), 0)"
    )
    assert green > 500
    button = opened.page.locator("[data-curves='0']").first
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    assert opened.picture() != start
    bare = visit(write(Report("r", sections=[Section("s", blocks=[plain])]), tmp_path / "plain.html"))
    assert opened.page.locator("[data-curves='0']").count() == 1
    assert bare.page.locator("[data-curves]").count() == 0
    button.click()
    assert opened.picture() == start
    assert not opened.said


def test_a_point_under_the_pointer_shows_its_class_and_thumbnail(visit, report_path):
    opened = visit(report_path)
    canvas = opened.page.locator(MAP)
    canvas.scroll_into_view_if_needed()
    opened.picture()
    box = canvas.bounding_box()
    tip = opened.page.locator(".tip").first
    for step in range(400):
        across, down = (0.25 + 0.025 * part for part in (step % 20, step // 20))
        opened.page.mouse.move(box["x"] + box["width"] * across, box["y"] + box["height"] * down)
        if tip.is_visible():
            break
    name = tip.inner_text().splitlines()[0]
    row = {"nought": 0, "one": 1, "two": 2}[name]
    shades = tip.locator("canvas").evaluate(
        "c => [...c.getContext('2d').getImageData(0, 0, 6, 6).data].filter((_, i) => i % 24 == 0)"
    )
    assert shades == [255 if line == row else 0 for line in range(6)]


def test_turning_by_itself_is_off_until_asked_and_absent_where_motion_is_unwanted(visit, report_path):
    opened = visit(report_path)
    start = opened.picture()
    assert opened.picture() == start
    opened.page.locator('[data-action="turn"]').first.click()
    opened.picture()
    assert opened.picture() != start
    still = visit(report_path, reduced_motion="reduce")
    assert not still.page.locator('[data-action="turn"]').first.is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theme_chooses_the_pictures_and_the_button_the_other(visit, report_path, scheme):
    opened = visit(report_path, color_scheme=scheme)
    page = opened.page

    def shown() -> tuple[bool, bool]:
        return (page.locator(".light-only").is_visible(), page.locator(".dark-only").is_visible())

    def brightness() -> int:
        colour = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
        return int(colour.split("(")[1].split(",")[0])

    assert shown() == (scheme == "light", scheme == "dark")
    assert (brightness() > 128) == (scheme == "light")
    before = opened.picture()
    page.locator(".theme").click()
    assert shown() == (scheme == "dark", scheme == "light")
    assert (brightness() > 128) == (scheme == "dark")
    assert opened.picture() != before


@pytest.mark.parametrize("width", [320, 390, 1440])
def test_nothing_overflows(visit, report_path, width):
    opened = visit(report_path, viewport={"width": width, "height": 844})
    opened.picture()
    sizes = opened.page.evaluate("() => [document.documentElement.scrollWidth, innerWidth]")
    assert sizes[0] <= sizes[1] == width
    beyond = opened.page.evaluate(
        """() => [...document.querySelectorAll("main *")].filter(one =>
             !one.closest(".scroll, pre, .tip") &&
             one.getBoundingClientRect().right > innerWidth + 0.5).map(one => one.outerHTML)"""
    )
    assert beyond == []


def test_on_paper_the_page_is_light_and_without_buttons(visit, report_path):
    opened = visit(report_path, color_scheme="dark")
    opened.page.emulate_media(media="print", color_scheme="dark")
    assert opened.page.locator(".light-only").is_visible()
    assert not opened.page.locator(".dark-only").is_visible()
    assert not opened.page.locator(".theme").is_visible()
    assert opened.page.evaluate("() => getComputedStyle(document.body).backgroundColor") == (
        "rgb(255, 255, 255)"
    )


def test_without_scripts_the_map_is_told_in_words(visit, report_path):
    opened = visit(report_path, java_script_enabled=False)
    words = opened.page.locator("figure.cloud noscript").first.inner_text()
    assert "a map of 600 points" in words
    assert "nought (" in words
    assert opened.page.locator("main img").first.is_visible()
