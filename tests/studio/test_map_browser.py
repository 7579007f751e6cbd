"""The map in a real browser, against what the Python API gives for the same places."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vael.datasets.classes import Classes
from vael.studio.loaded import Loaded

sys.path.insert(0, str(Path(__file__).parent))

from studio_page import (
    AXE,
    StudioPage,
    StudioProcess,
    fit,
    needs_browser,
    studio_of,
)

pytestmark = [*needs_browser, pytest.mark.slow]

PAPER = {"light": np.array([255, 255, 255]), "dark": np.array([21, 24, 30])}
CLASS_0 = {"light": np.array([6, 114, 163]), "dark": np.array([0, 202, 229])}
OPAQUE = 0.88  # of points, where they are few


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    folder = tmp_path_factory.mktemp("runs") / "digits-4"
    return Loaded.open(fit(folder, "digits", "--n-components", "4", "--max-epochs", "5", "--seed", "0"))


@pytest.fixture(scope="module")
def studio(loaded: Loaded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudioProcess]:
    with studio_of(loaded.folder, tmp_path_factory.mktemp("state")) as process:
        yield process


@pytest.fixture
def visit(browser: Any, studio: StudioProcess) -> Iterator[Any]:
    opened: list[StudioPage] = []

    def go(view: str = "", **options: Any) -> StudioPage:
        opened.append(StudioPage.open(browser, studio, view, **options))
        return opened[-1]

    yield go
    for page in opened:
        page.close()


def decoded(loaded: Loaded, z: np.ndarray) -> np.ndarray:
    assert loaded.image_shape is not None
    return loaded.decoded(np.asarray(z, np.float32)[None])[0].reshape(loaded.image_shape).astype(int)


def label_codes(loaded: Loaded) -> np.ndarray:
    assert isinstance(loaded.labels, Classes)
    return loaded.labels.codes


def in_address(numbers: Any) -> str:
    return ",".join(f"{x:.6g}" for x in numbers)


def test_the_decode_is_that_of_the_api(visit: Any, loaded: Loaded) -> None:
    z = np.array([0.7, -1.1, 0.4, 0.9])
    page = visit(f"z={in_address(z)}&held=1")
    assert np.abs(page.decoded_image().astype(int) - decoded(loaded, z)).max() <= 1
    assert page.page.locator(".decoded .number").first.inner_text() == "(0.70, −1.10, 0.40, 0.90)"


def test_the_pointer_moves_z_and_what_is_not_on_the_map_stays(visit: Any, loaded: Loaded) -> None:
    page = visit("at=0.5,-0.25,0.01&z=0,0,1.5,-0.5&axes=0,1,2")
    width, height = page.map_size()
    page.page.mouse.move(*page.to_map(width / 2 + 80, height / 2 - 30))
    page.settle()
    np.testing.assert_allclose(page.z, [0.5 + 0.8, -0.25 + 0.3, 1.5, -0.5], atol=1e-5)
    assert np.abs(page.decoded_image().astype(int) - decoded(loaded, page.z)).max() <= 1


def test_a_click_holds_the_cursor_and_escape_frees_it(visit: Any) -> None:
    page = visit("at=0,0,0.01")
    width, height = page.map_size()
    middle = page.to_map(width / 2, height / 2)
    page.page.mouse.click(*middle)
    page.page.mouse.move(middle[0] + 100, middle[1])
    page.settle()
    assert page.view["held"] == "1"
    np.testing.assert_allclose(page.z[:2], 0, atol=1e-6)
    page.page.keyboard.press("Escape")
    page.page.mouse.move(middle[0] + 50, middle[1])
    page.settle()
    assert "held" not in page.view
    np.testing.assert_allclose(page.z[:2], [0.5, 0], atol=1e-5)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_points_have_the_colours_of_their_labels(visit: Any, loaded: Loaded, scheme: str) -> None:
    row = lonely_row(loaded, 0)
    at = loaded.latents[row, :2]
    page = visit(f"at={in_address([*at, 0.0005])}&z=9,9,0,0&held=1", color_scheme=scheme)
    width, height = page.map_size()
    point = page.map_pixel(round(width / 2), round(height / 2))
    expected = OPAQUE * CLASS_0[scheme] + (1 - OPAQUE) * PAPER[scheme]
    assert np.abs(point - expected).max() <= 2
    page.page.get_by_role("button", name="0", exact=True).click()  # hides the zeros
    page.settle()
    assert np.abs(page.map_pixel(round(width / 2), round(height / 2)) - PAPER[scheme]).max() <= 20
    assert page.view["hidden"] == "0"


def lonely_row(loaded: Loaded, code: int) -> int:
    """A row of a class whose neighbours on the map are not near."""
    places = loaded.latents[:, :2].astype(float)
    rows = np.flatnonzero(label_codes(loaded) == code)
    distances = np.sort(((places[rows, None] - places[None]) ** 2).sum(-1), axis=1)[:, 1]
    return int(rows[distances.argmax()])


def stops(scale: str, scheme: str) -> np.ndarray:
    """The five colours of a scale of the style sheet, (5, 3)."""
    css = (Path(__file__).parents[2] / "studio/src/styles/colours.css").read_text()
    found = []
    for i in range(5):
        text = re.search(rf"--{scale}-{i}: ([^;]+);", css)
        assert text is not None
        inks = re.findall(r"#(\w{6})", text[1])
        ink = inks[-1 if scheme == "dark" else 0]
        found.append([int(ink[j : j + 2], 16) for j in (0, 2, 4)])
    return np.array(found, float)


def on_scale(values: np.ndarray, low: float, high: float, colours: np.ndarray) -> np.ndarray:
    at = 4 * np.clip((values - low) / (high - low), 0, 1)
    return np.stack([np.interp(at, range(5), colours[:, c]) for c in range(3)], -1)


ALL_HIDDEN = "hidden=0,1,2,3,4,5,6,7,8,9"


@pytest.mark.parametrize(("kind", "scheme"), [("density", "light"), ("magnification", "dark")])
def test_a_background_has_the_values_of_its_service(
    visit: Any, loaded: Loaded, ask: Any, kind: str, scheme: str
) -> None:
    unit, z = 0.011, [0.0, 0.0, 0.6, -0.4]
    address = f"at=0.2,-0.1,{unit}&z={in_address(z)}&held=1&background={kind}&{ALL_HIDDEN}"
    page = visit(address, color_scheme=scheme)
    page.page.locator(".legend .scale:not(.at-work)").wait_for()
    page.settle()
    picture = page.map_picture()
    width, height = page.map_size()
    cells = max(7, max(width, height) / 128)
    columns, lines = round(width / cells), round(height / cells)
    low, high = (np.array([0.2, -0.1]) + s * unit * np.array([width, height]) / 2 for s in (-1, 1))
    fields = {
        "origin": [*low, *z[2:]],
        "u": [high[0] - low[0], 0.0, 0.0, 0.0],
        "v": [0.0, high[1] - low[1], 0.0, 0.0],
    }
    reply = ask(loaded, "background", kind=kind, width=columns, height=lines, **fields)
    colours = on_scale(
        reply.arrays["values"], reply.facts["low"], reply.facts["high"], stops("ground", scheme)
    )
    line, column = np.mgrid[14 : lines - 14 : 3, 10 : columns - 10 : 3]
    x = ((column + 0.5) / columns * width).astype(int)
    y = ((1 - (line + 0.5) / lines) * height).astype(int)
    wrong = np.abs(picture[y, x] - colours[line, column]).max(-1) > 6
    assert wrong.mean() < 0.06  # where the grid's lines and the cursor are
    assert np.ptp(colours[line, column][..., 0]) > 30


def test_points_have_the_colours_of_their_values(visit: Any, loaded: Loaded, ask: Any) -> None:
    row = lonely_row(loaded, 0)
    at = loaded.latents[row, :2]
    page = visit(f"at={in_address([*at, 0.0005])}&z=9,9,0,0&held=1&colour=elbo", color_scheme="light")
    page.page.locator(".legend .scale").wait_for()
    page.settle()
    reply = ask(loaded, "values", name="elbo")
    expected = on_scale(
        reply.arrays["values"][[row]], reply.facts["low"], reply.facts["high"], stops("scale", "light")
    )
    width, height = page.map_size()
    point = page.map_pixel(round(width / 2), round(height / 2))
    assert np.abs(point - (OPAQUE * expected[0] + (1 - OPAQUE) * 255)).max() <= 3


def test_a_cursor_out_of_view_is_shown_at_the_edge(visit: Any) -> None:
    page = visit("at=0,0,0.01&z=9,0,0,0&held=1")
    page.page.get_by_role("button", name="out of view").click()
    page.settle()
    assert page.view["at"] == "9,0,0.01"


def test_the_nearest_row_is_named_and_shown(visit: Any, loaded: Loaded) -> None:
    row = lonely_row(loaded, 3)
    page = visit(f"at={in_address([*loaded.latents[row, :2], 0.002])}")
    width, height = page.map_size()
    page.page.mouse.move(*page.to_map(width / 2 + 4, height / 2))
    page.settle()
    assert f"row {row}, label 3" in page.page.locator(".decoded").inner_text()
    if page.page.locator(".decoded figure:last-child canvas").count():  # where rows are served
        seen = page.image(".decoded figure:last-child canvas")
        np.testing.assert_array_equal(seen.ravel(), loaded.seen(loaded.rows[[row]])[0])


def test_keys_move_z_by_pixels(visit: Any) -> None:
    page = visit("at=0,0,0.01&z=0.2,0.1,0,0")
    page.page.locator(".map canvas").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowUp", "Shift+ArrowLeft"):
        page.page.keyboard.press(key)
    page.settle()
    np.testing.assert_allclose(page.z, [0.2 + 0.08 - 0.24, 0.1 + 0.04, 0, 0], atol=1e-5)
    page.settle(600)
    assert page.page.locator(".announcer").inner_text().startswith("z 0.04, 0.14")


def test_keys_step_through_latents_that_the_map_does_not_show(visit: Any) -> None:
    page = visit("z=0.2,0.1,0,0&axes=1,0,2")
    page.page.locator(".map canvas").focus()
    for key in ("]", "]", "PageUp"):
        page.page.keyboard.press(key)
    page.settle()
    moved = page.z
    assert moved[3] > 0.05
    np.testing.assert_allclose(moved[:3], [0.2, 0.1, 0], atol=1e-6)


def test_pins_are_put_and_taken_back_by_keys(visit: Any) -> None:
    page = visit("z=0.25,0.5,0,0&at=0,0,0.01")
    page.page.locator(".map canvas").focus()
    page.page.keyboard.press("Enter")
    page.page.keyboard.press("Shift+ArrowRight")
    page.page.keyboard.press("Enter")
    page.settle()
    assert page.view["a"] == "0.25,0.5,0,0"
    np.testing.assert_allclose([float(x) for x in page.view["b"].split(",")], [0.49, 0.5, 0, 0], atol=1e-5)
    page.page.keyboard.press("Tab")
    assert page.page.evaluate("document.activeElement.ariaLabel").startswith("Pin A")
    page.page.keyboard.press("Enter")  # goes there
    page.settle()
    np.testing.assert_allclose(page.z[:2], [0.25, 0.5], atol=1e-5)
    page.page.keyboard.press("Backspace")
    page.settle()
    assert "b" not in page.view
    assert "a" in page.view


def test_a_loop_selects_the_rows_within(visit: Any, loaded: Loaded) -> None:
    page = visit("at=0,0,0.01")
    width, height = page.map_size()
    page.page.keyboard.press("l")
    corners = [(-90, -60), (120, -60), (120, 80), (-90, 80)]
    page.page.mouse.move(*page.to_map(width / 2 - 90, height / 2 - 60))
    page.page.mouse.down()
    for x, y in [*corners[1:], corners[0]]:
        page.page.mouse.move(*page.to_map(width / 2 + x, height / 2 + y), steps=3)
    page.page.mouse.up()
    page.settle()
    x, y = loaded.latents[:, 0], loaded.latents[:, 1]
    inside = int(((x > -0.9) & (x < 1.2) & (y > -0.8) & (y < 0.6)).sum())
    assert inside > 0
    assert page.page.locator(".announcer").inner_text() == f"{inside} rows selected"


def test_the_rows_around_the_cursor_are_selected_by_a_key(visit: Any, loaded: Loaded) -> None:
    page = visit("at=0,0,0.01&z=0.1,0.1,0,0")
    page.page.locator(".map canvas").focus()
    for key in (".", ".", "."):
        page.page.keyboard.press(key)
    page.settle()
    circle = page.page.locator(".reach").bounding_box()
    page.page.keyboard.press("s")
    page.settle(200)
    radius = circle["width"] / 2 * 0.01
    distances = np.hypot(*(loaded.latents[:, :2] - [0.1, 0.1]).T)
    told = int(page.page.locator(".announcer").inner_text().split()[0])
    assert (distances < radius - 0.01).sum() <= told <= (distances < radius + 0.01).sum()
    assert told > 0


def test_a_map_that_turns_comes_back_from_its_address(visit: Any) -> None:
    page = visit("dims=3&axes=3,1,0&z=0,0,0,0&held=1")
    middle = page.to_map(300, 300)
    page.page.mouse.move(*middle)
    page.page.mouse.down()
    page.page.mouse.move(middle[0] + 120, middle[1] + 40, steps=5)
    page.page.mouse.up()
    page.page.mouse.move(5, 5)
    page.page.evaluate("document.activeElement.blur()")
    page.settle()
    assert page.view["dims"] == "3"
    before = page.map_picture()
    fragment = page.page.evaluate("location.hash.slice(1)")
    again = visit(fragment)
    again.page.mouse.move(5, 5)
    again.settle()
    assert again.view == page.view
    assert np.abs(again.map_picture() - before).mean() < 0.5  # numbers in the address have six digits
    assert before.std() > 5


def test_alt_and_arrows_turn_and_the_cursor_keeps_its_place(visit: Any) -> None:
    page = visit("dims=3&z=0.3,0.2,0.1,0&turn=0.5,0.25,0,0,0,0.01")
    page.page.locator(".map canvas").focus()
    page.page.keyboard.press("Alt+ArrowRight")
    page.page.keyboard.press("Alt+ArrowDown")
    page.settle()
    np.testing.assert_allclose([float(x) for x in page.view["turn"].split(",")][:2], [0.4, 0.35], atol=1e-5)
    np.testing.assert_allclose(page.z, [0.3, 0.2, 0.1, 0], atol=1e-6)


def test_far_from_the_data_is_said_in_words(visit: Any, loaded: Loaded) -> None:
    page = visit("z=40,0,0,0&held=1")
    assert "Far from the data" in page.page.locator(".decoded").inner_text()
    assert page.page.locator(".overlay .outside.far").count() == 1
    page.page.keyboard.press("c")
    assert page.page.locator(".overlay .cursor.far").inner_text() == "far from the data"
    page = visit(f"z={in_address(loaded.latents[0])}&held=1")
    assert "Far from the data" not in page.page.locator(".decoded").inner_text()


def test_the_page_outlives_its_server(visit: Any, studio: StudioProcess, loaded: Loaded) -> None:
    page = visit("at=0,0,0.01&z=0.2,0.1,0.3,0&held=1")
    studio.kill()
    page.page.wait_for_selector(".head .lost", timeout=8000)
    page.page.locator(".map canvas").focus()
    page.page.keyboard.press("Shift+ArrowRight")
    studio.start()
    page.page.wait_for_selector(".head .lost", state="detached", timeout=15_000)
    page.settle()
    np.testing.assert_allclose(page.z, [0.44, 0.1, 0.3, 0], atol=1e-5)
    assert np.abs(page.decoded_image().astype(int) - decoded(loaded, page.z)).max() <= 1


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: cd studio && npm ci")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", ["", "dims=3", "z=40,0,0,0&held=1&a=0,0,0,0", "colour=part&axes=principal"])
def test_axe_finds_nothing_wrong(visit: Any, scheme: str, view: str) -> None:
    page = visit(view, color_scheme=scheme)
    for tab in page.page.get_by_role("tab").all() if not view else ():
        tab.click()
        page.settle(500)
        assert page.violations() == []
    assert page.violations() == []
    page.page.keyboard.press("?")
    page.settle(100)
    assert page.violations() == []


def test_a_phone_scrolls_down_and_not_aside(visit: Any) -> None:
    page = visit("", viewport={"width": 375, "height": 740}, has_touch=True, device_scale_factor=2)
    assert page.page.evaluate("document.documentElement.scrollWidth") == 375
    box = page.page.locator(".map").bounding_box()
    assert box["width"] == 375
    assert box["height"] >= 250
    assert page.page.locator(".decoded").bounding_box()["y"] >= box["y"] + box["height"] - 1
    page.page.touchscreen.tap(box["x"] + 180, box["y"] + 160)
    page.settle()
    assert len(page.z) == 4
    for tab in page.page.get_by_role("tab").all():
        tab.click()
        page.settle(600)
        assert page.page.evaluate("document.documentElement.scrollWidth") == 375
        assert page.page.evaluate("document.querySelector('.panel').scrollWidth") <= 375


def test_a_row_of_a_table_is_bars(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    from sklearn.datasets import load_wine

    table = tmp_path_factory.mktemp("table")
    load_wine(as_frame=True).frame.to_csv(table / "wine.csv", index=False)
    options = ("--label", "target", "--n-components", "2", "--max-epochs", "5")
    folder = fit(table / "wine", str(table / "wine.csv"), *options)
    run = Loaded.open(folder)
    with studio_of(folder, Path(table)) as process:
        page = StudioPage.open(browser, process, "z=0.3,-0.4&held=1")
        shown = page.page.locator(".decoded .row-bars tr").all_inner_texts()
        page.close()
    expected = run.decoded(np.array([[0.3, -0.4]], np.float32))[0]
    assert len(shown) == len(expected)
    for text, value in zip(shown, expected):
        assert float(text.split()[-1].replace("−", "-")) == pytest.approx(value, rel=6e-4)


def test_fingers_move_z_and_pinch(visit: Any) -> None:
    page = visit("at=0,0,0.01&z=0,0,0.5,0", viewport={"width": 375, "height": 740}, has_touch=True)
    width, height = page.map_size()
    touch = page.page.context.new_cdp_session(page.page)

    def fingers(kind: str, *places: tuple[float, float]) -> None:
        points = [
            {"x": x, "y": y, "id": i}
            for i, (x, y) in enumerate(page.to_map(width / 2 + a, height / 2 + b) for a, b in places)
        ]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    fingers("touchStart", (0, 0))
    fingers("touchMove", (20, 10))
    fingers("touchMove", (60, -40))
    fingers("touchEnd")
    page.settle()
    np.testing.assert_allclose(page.z, [0.6, 0.4, 0.5, 0], atol=1e-5)
    assert page.view["at"] == "0,0,0.01"
    fingers("touchStart", (-40, 0), (40, 0))
    fingers("touchMove", (-80, 0), (80, 0))
    fingers("touchEnd")
    page.settle()
    assert float(page.view["at"].split(",")[2]) == pytest.approx(0.005, rel=0.05)
