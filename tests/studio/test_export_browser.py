"""The exported file, opened from disk in a real browser, against the Python API."""

from __future__ import annotations

import base64
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from vael import VAE
from vael.errors import InputError
from vael.studio.columns import unpack
from vael.studio.loaded import Loaded
from vael.studio.services.exporting import MOST_BYTES, page

sys.path.insert(0, str(Path(__file__).parent))

from studio_page import AXE, needs_browser

pytestmark = [*needs_browser, pytest.mark.slow]


class Exported:
    def __init__(self, browser: Any, folder: Path, loaded: Loaded, view: str, **options: Any) -> None:
        file = folder / "export.html"
        file.write_text(page(loaded, view), encoding="utf-8")
        self.context = browser.new_context(offline=True, viewport={"width": 900, "height": 600}, **options)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda m: self.complaints.append(m.text) if m.type == "error" else None)
        self.page.goto(file.as_uri())
        self.page.wait_for_timeout(300)

    @property
    def z(self) -> np.ndarray:
        return np.array([float(x) for x in self.page.inner_text("#z").split(",")])

    def image(self) -> np.ndarray:
        pixels = self.page.locator("#decoded").evaluate(
            "c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"
        )
        return np.array(pixels).reshape(-1, 4)[:, 0]

    def close(self) -> None:
        self.context.close()
        assert self.complaints == []


def test_it_decodes_what_the_api_decodes(browser: Any, digits: Loaded, tmp_path: Path):
    shown = Exported(browser, tmp_path, digits, "z=0.25,-0.5")
    np.testing.assert_allclose(shown.z, [0.25, -0.5], atol=1e-3)
    np.testing.assert_allclose(shown.image(), digits.decoded(np.array([[0.25, -0.5]]))[0].astype(int), atol=1)
    shown.page.mouse.move(300, 250)
    shown.page.wait_for_timeout(100)
    assert np.abs(shown.z - [0.25, -0.5]).max() > 0.01
    np.testing.assert_allclose(shown.image(), digits.decoded(shown.z[None])[0].astype(int), atol=2)
    before = shown.z
    shown.page.focus(".map canvas")
    shown.page.keyboard.press("ArrowRight")
    shown.page.wait_for_timeout(100)
    assert shown.z[0] > before[0]
    assert "z " in shown.page.inner_text("[aria-live]")
    shown.close()


def test_more_latents_stay_where_they_were(browser: Any, eight: Loaded, tmp_path: Path):
    z = np.linspace(-1, 1, 8).round(3)
    shown = Exported(browser, tmp_path, eight, "axes=3,5&z=" + ",".join(map(str, z)))
    np.testing.assert_allclose(shown.z, z, atol=1e-3)
    shown.page.mouse.move(200, 200)
    shown.page.wait_for_timeout(100)
    moved = np.abs(shown.z - z) > 1e-3
    assert set(np.flatnonzero(moved)) <= {3, 5}
    np.testing.assert_allclose(shown.image(), eight.decoded(shown.z[None])[0].astype(int), atol=2)
    shown.close()


def test_a_table_is_shown_in_its_units(browser: Any, wine: Loaded, tmp_path: Path):
    shown = Exported(browser, tmp_path, wine, "z=0.5,0.25")
    cells = [float(text) for text in shown.page.locator("td:last-child").all_inner_texts()]
    np.testing.assert_allclose(cells, wine.estimator.inverse_transform(np.array([[0.5, 0.25]]))[0], rtol=2e-3)
    shown.close()


def test_a_sphere_is_shown_from_the_side(browser: Any, sphere: Loaded, tmp_path: Path):
    assert len(page(sphere)) < MOST_BYTES
    shown = Exported(browser, tmp_path, sphere, "")
    for x in (None, 250, 330, 20):  # the last lies outside of the sphere's shadow
        if x is not None:
            shown.page.mouse.move(x, 300)
            shown.page.wait_for_timeout(100)
        np.testing.assert_allclose(np.linalg.norm(shown.z), 1, atol=1e-3)
        z = shown.z / np.linalg.norm(shown.z)
        np.testing.assert_allclose(shown.image(), sphere.decoded(z[None])[0].astype(int), atol=2)
    shown.close()


def facts_of(text: str) -> Any:
    return unpack(base64.b64decode(text.split('id="body">')[1].split("<")[0]))


def pixels_of(shown: Exported, colour: list[int]) -> int:
    """How many pixels of the map have a colour, to two levels of each channel."""
    return shown.page.locator(".map canvas").evaluate(
        """(canvas, colour) => {
            const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
            let count = 0;
            for (let i = 0; i < data.length; i += 4)
                count += data[i + 3] > 250 && colour.every((c, k) => Math.abs(data[i + k] - c) <= 2);
            return count;
        }""",
        colour,
    )


def test_hidden_classes_stay_hidden_until_they_are_pressed(browser: Any, digits: Loaded, tmp_path: Path):
    first = [6, 114, 163]
    shown = Exported(browser, tmp_path, digits, "hidden=0,3", color_scheme="light")
    assert pixels_of(shown, first) == 0
    shown.page.get_by_role("button", name="0", exact=True).click()
    shown.page.wait_for_timeout(150)
    assert pixels_of(shown, first) > 100
    assert shown.page.get_by_role("button", name="3", exact=True).get_attribute("aria-pressed") == "false"
    shown.close()


def test_a_view_that_was_zoomed_stays_zoomed(browser: Any, digits: Loaded, tmp_path: Path):
    shown = Exported(browser, tmp_path, digits, "at=0.5,-0.25,0.002")
    box = shown.page.locator(".map canvas").bounding_box()
    place = np.array([box["x"] + box["width"] / 2 + 50, box["y"] + box["height"] / 2 - 100])
    shown.page.mouse.move(*place)
    shown.page.wait_for_timeout(100)
    np.testing.assert_allclose(shown.z, [0.5 + 50 * 0.002, -0.25 + 100 * 0.002], atol=3e-3)
    shown.page.get_by_role("button", name="+ zoom in").click()
    shown.page.mouse.move(*place)
    shown.page.wait_for_timeout(100)
    assert np.abs(shown.z - [0.5, -0.25]).sum() > 0
    shown.close()


def test_points_keep_the_colour_of_the_view(
    browser: Any, digits: Loaded, wine: Loaded, tmp_path: Path, ask: Any
):
    found = ask(digits, "values", name="elbo")
    body = facts_of(page(digits, "colour=elbo"))
    how = body.facts["colouring"]
    assert (how["title"], how["unit"], how["low"]) == ("ELBO", "nats", pytest.approx(found.facts["low"]))
    share = (found.arrays["values"] - how["low"]) / (how["high"] - how["low"])
    np.testing.assert_allclose(body.arrays["colours"] / 254, np.clip(share, 0, 1), atol=0.5 / 254 + 1e-6)
    assert facts_of(page(digits, "colour=part")).facts["colouring"]["names"][0] == "training"
    assert facts_of(page(digits, "colour=none")).facts["colouring"] is None
    with pytest.raises(InputError, match="no value 'none such'"):
        page(digits, "colour=none such")
    shown = Exported(browser, tmp_path, wine, "colour=column:alcohol")
    assert shown.page.inner_text(".scale figcaption") == "alcohol"
    assert pixels_of(shown, [68, 1, 84]) > 5  # the scale's low end
    shown.close()


def test_a_phone_is_wide_enough(browser: Any, digits: Loaded, tmp_path: Path):
    shown = Exported(browser, tmp_path, digits, "", has_touch=True)
    shown.page.set_viewport_size({"width": 360, "height": 740})
    shown.page.wait_for_timeout(100)
    assert shown.page.evaluate("document.documentElement.scrollWidth") <= 360
    before = shown.z
    shown.page.touchscreen.tap(100, 150)
    shown.page.wait_for_timeout(100)
    assert np.abs(shown.z - before).max() > 0.01
    shown.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong(browser: Any, digits: Loaded, tmp_path: Path, scheme: Any):
    if not AXE.exists():
        pytest.skip("axe-core comes with what `make page` installs")
    shown = Exported(browser, tmp_path, digits, "", color_scheme=scheme, bypass_csp=True)
    shown.page.evaluate(AXE.read_text())
    found = shown.page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    assert [f"{v['id']}: {v['nodes'][0]['html'][:120]}" for v in found["violations"]] == []
    shown.close()


def test_the_file_asks_for_nothing(browser: Any, digits: Loaded, tmp_path: Path):
    file = tmp_path / "export.html"
    file.write_text(page(digits), encoding="utf-8")
    context = browser.new_context()
    asked: list[str] = []
    opened = context.new_page()
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto(file.as_uri())
    opened.wait_for_timeout(500)
    assert asked == [file.as_uri()]
    context.close()


@pytest.fixture(scope="module")
def convolutional(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    from vael.datasets import load
    from vael.estimators.run_data import record

    folder = tmp_path_factory.mktemp("runs") / "conv"
    torch.manual_seed(0)
    dataset = load("digits")
    vae = VAE(2, network="convolutional", max_epochs=2, random_state=0, run=folder, image_shape=(8, 8))
    vae.fit(dataset.X)
    record(folder, vae, dataset, "digits")
    return Loaded.open(folder)


def test_the_atlas_is_exact_at_its_nodes(browser: Any, convolutional: Loaded, tmp_path: Path):
    text = page(convolutional, "z=0,0")
    body = facts_of(text)
    atlas, low, high = body.facts["atlas"], body.facts["low"], body.facts["high"]
    steps = np.array([7 / (atlas["columns"] - 1), 5 / (atlas["rows"] - 1)])
    node = np.array(low) + steps * (np.array(high) - low)
    shown = Exported(browser, tmp_path, convolutional, f"z={node[0]},{node[1]}")
    expected = convolutional.decoded(node[None])[0].astype(int)
    np.testing.assert_allclose(shown.image(), expected, atol=1)
    shown.close()
