"""Paths, Selection and Encode in a real browser, against what the Python API gives for the same input."""

from __future__ import annotations

import contextlib
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from vael.studio.loaded import TRAIN, Loaded
from vael.studio.services.encoding_file import read_row

sys.path.insert(0, str(Path(__file__).parent))

from studio_page import AXE, StudioPage, StudioProcess, fit, needs_browser, studio_of

pytestmark = [*needs_browser, pytest.mark.slow]

POSTERIOR = {"light": np.array([168, 32, 44]), "dark": np.array([242, 139, 130])}
GEODESIC = {"light": np.array([11, 100, 133]), "dark": np.array([98, 191, 224])}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    folder = tmp_path_factory.mktemp("runs") / "digits"
    return Loaded.open(fit(folder, "digits", "--n-components", "2", "--max-epochs", "8", "--seed", "0"))


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


def told(page: StudioPage, name: str, within: str = ".panel") -> float:
    """The number that the page shows under a name."""
    figure = page.page.locator(f"{within} .figure", has=page.page.locator("dt", has_text=name)).first
    return float(figure.locator(".number").inner_text().replace("−", "-"))


def python_of(page: StudioPage, label: str, within: str = ".panel", place: int = 0) -> Any:
    """What the lines give that are copied as Python: those before the last are run, the last one's value."""
    page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.page.locator(within).get_by_role("button", name=f"py: copy {label} as Python").nth(place).click()
    page.settle(100)
    lines = page.page.evaluate("navigator.clipboard.readText()").rstrip().split("\n")
    known: dict[str, Any] = {}
    with contextlib.redirect_stdout(io.StringIO()):
        exec("\n".join(lines[:-1]), known)
        return eval(lines[-1], known)


def at_rest(page: StudioPage, selector: str) -> None:
    """Wait for an answer's part, and until none is under way."""
    page.page.locator(selector).first.wait_for()
    page.until("() => !document.querySelector('.panel .working, .panel .at-work')")
    page.settle(250)


def in_address(numbers: Any) -> str:
    return ",".join(f"{x:.6g}" for x in numbers)


def ends(loaded: Loaded) -> tuple[np.ndarray, np.ndarray]:
    """Codes of rows that lie far apart, as the address has them."""
    a, b = (loaded.latents[i] for i in (loaded.latents[:, 0].argmin(), loaded.latents[:, 0].argmax()))
    return tuple(np.array([float(f"{x:.6g}") for x in z], np.float32) for z in (a, b))  # type: ignore


def path_view(loaded: Loaded) -> str:
    a, b = ends(loaded)
    return f"panel=paths&a={in_address(a)}&b={in_address(b)}&z=0,0&held=1"


# -- paths ---------------------------------------------------------------------------------------------


def test_lengths_and_energies_are_the_manifolds(visit: Any, loaded: Loaded) -> None:
    a, b = ends(loaded)
    space = loaded.estimator.manifold(loaded.shaped(loaded.rows[loaded.parts == TRAIN]))
    path = space.geodesic(torch.from_numpy(a[None]), torch.from_numpy(b[None]), segments=32)
    page = visit(path_view(loaded))
    at_rest(page, ".way")
    assert page.page.locator(".announcer").inner_text() == page.page.locator(".verdict").inner_text()
    length, excess = float(path.length[0]), float(path.straight_excess[0])
    for way, expected in (("geodesic", length), ("straight", length * (1 + excess))):
        assert told(page, "length", f".way-{way}") == pytest.approx(expected, rel=1e-3)
        for what in ("length", "energy"):
            shown = told(page, what, f".way-{way}")
            assert python_of(page, what, f".way-{way}") == pytest.approx(shown, rel=1e-3)
        assert page.page.locator(f".way-{way} .unit").all_inner_texts() == [" s.d.", " s.d.²"]
    assert told(page, "energy", ".way-geodesic") == pytest.approx(float(path.energy[0]), rel=1e-3)
    words = page.page.locator(".verdict").inner_text()
    if excess >= 0.005:
        percent = re.search(r"straight path is ([\d.]+) % longer", words)
        assert percent is not None
        assert float(percent[1]) == pytest.approx(100 * excess, rel=0.06)
    else:
        assert "as short as the geodesic" in words


def test_strips_are_decoded_along_the_paths(visit: Any, loaded: Loaded) -> None:
    a, b = ends(loaded)
    page = visit(path_view(loaded))
    at_rest(page, ".way")
    straight = loaded.decoded(a + np.linspace(0, 1, 9, dtype=np.float32)[:, None] * (b - a))
    for i in (0, 3, 8):
        found = page.image(f".way-straight .strip button:nth-child({i + 1}) canvas")
        assert np.abs(found.astype(int).ravel() - straight[i].astype(int)).max() <= 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_paths_are_drawn_over_the_points(visit: Any, loaded: Loaded, scheme: str) -> None:
    page = visit(path_view(loaded), color_scheme=scheme)
    at_rest(page, ".way")
    assert page.page.locator("[data-layer='path-straight'] path[stroke-dasharray]").count() == 1
    path = page.page.locator("[data-layer='path-geodesic'] path").last
    x, y = path.evaluate(
        "p => { const q = p.getPointAtLength(p.getTotalLength() * 0.37); return [q.x, q.y] }"
    )
    picture = page.map_picture()[int(y) - 1 : int(y) + 2, int(x) - 1 : int(x) + 2]
    assert np.abs(picture - GEODESIC[scheme]).max(-1).min() <= 3
    page.page.get_by_role("tab", name="Map").click()
    page.settle()
    assert page.page.locator("[data-layer]").count() == 0


def test_the_slider_walks_along_a_path(visit: Any, loaded: Loaded, ask: Any) -> None:
    a, b = ends(loaded)
    page = visit(path_view(loaded))
    at_rest(page, ".way")
    page.page.locator(".along").get_by_role("button", name="straight").click()
    slider = page.page.locator(".along input")
    slider.focus()
    for _ in range(25):
        page.page.keyboard.press("ArrowRight")
    page.settle()
    np.testing.assert_allclose(page.z, a + 0.25 * (b - a), atol=2e-5)
    assert slider.get_attribute("aria-valuetext") == "0.25 of the straight path"
    page.page.locator(".along").get_by_role("button", name="geodesic").click()
    page.settle()
    way = ask(loaded, "paths", a=a.tolist(), b=b.tolist()).arrays["geodesic"]
    np.testing.assert_allclose(page.z, way[8], atol=1e-4)
    expected = loaded.decoded(page.z[None])[0].astype(int)
    assert np.abs(page.decoded_image().astype(int).ravel() - expected).max() <= 1


def test_pins_are_put_by_keys_by_buttons_and_by_row(visit: Any, loaded: Loaded) -> None:
    page = visit("panel=paths&z=0.25,0.5&at=0,0,0.01&held=1")
    assert "press Enter" in page.page.locator(".panel .empty").inner_text()
    page.page.locator(".map canvas").focus()
    page.page.keyboard.press("Enter")
    page.page.get_by_label("Set B at a row of the data").fill("17")
    page.page.keyboard.press("Enter")
    at_rest(page, ".way")
    assert page.view["a"] == "0.25,0.5"
    np.testing.assert_allclose([float(x) for x in page.view["b"].split(",")], loaded.latents[17], rtol=1e-5)
    assert page.page.locator(".overlay .anchor", has_text="A").count() == 1
    page.page.get_by_role("button", name="at cursor: put B there").click()
    page.page.locator(".panel .wrong").wait_for()
    assert "same point" in page.page.locator(".panel .wrong").inner_text()
    page.page.get_by_role("button", name="Remove B").click()
    page.settle()
    assert "b" not in page.view
    assert page.page.locator(".panel .empty").count() == 1


def test_an_uncertain_metric_is_longer(visit: Any, loaded: Loaded) -> None:
    page = visit(path_view(loaded))
    at_rest(page, ".way")
    plain = told(page, "length", ".way-geodesic")
    page.page.get_by_label("keep to where data are").check()
    page.settle(300)
    at_rest(page, ".way")
    assert told(page, "length", ".way-geodesic") > plain
    assert python_of(page, "length", ".way-geodesic") == pytest.approx(
        told(page, "length", ".way-geodesic"), rel=1e-3
    )


# -- selection -----------------------------------------------------------------------------------------


def select(page: StudioPage) -> None:
    page.page.locator(".map canvas").focus()
    for key in (".", ".", ".", "s"):
        page.page.keyboard.press(key)
    at_rest(page, ".panel .selected")


def saved_rows(page: StudioPage) -> np.ndarray:
    with page.page.expect_download() as found:
        page.page.get_by_role("button", name="Save row ids").click()
    lines = Path(found.value.path()).read_text().splitlines()
    assert lines[0] == "row,part,label,z1,z2"
    return np.array([int(line.split(",")[0]) for line in lines[1:]])


def test_a_selection_is_told_as_its_rows_are(visit: Any, loaded: Loaded, ask: Any) -> None:
    page = visit("panel=selection&z=0.2,0.1&held=1")
    assert "Draw a loop" in page.page.locator(".panel .empty").inner_text()
    select(page)
    rows = saved_rows(page)
    assert len(rows) > 3
    reply = ask(loaded, "selection", rows=rows.tolist())
    assert page.page.locator(".selected strong").inner_text() == str(len(rows))
    for name, key in (("ELBO", "elbo"), ("reconstruction", "log_likelihood"), ("KL", "kl")):
        assert told(page, name) == pytest.approx(reply.facts["terms"][key]["mean"], rel=1e-3)
    for name in ("ELBO", "KL(q(z|x) || p(z))"):
        assert python_of(page, name) == pytest.approx(told(page, name.split("(")[0]), rel=1e-3)
    assert page.page.locator(".bars th").all_inner_texts() == [x["label"] for x in reply.facts["labels"]]
    assert page.page.locator(".bars .value").all_inner_texts() == [
        str(x["count"]) for x in reply.facts["labels"]
    ]
    assert dict(python_of(page, "the labels")) == {x["label"]: x["count"] for x in reply.facts["labels"]}
    for place, name in ((1, "mean_row"), (2, "row_mean")):
        shown = page.image(f".means figure:nth-child({place}) canvas").ravel().astype(int)
        assert np.abs(shown - reply.arrays[name][0].astype(int)).max() <= 1
    mean = python_of(page, "the decode at their mean")
    np.testing.assert_allclose(
        loaded.seen(mean.reshape(1, -1)).astype(int), reply.arrays["mean_row"].astype(int), atol=1
    )
    first = page.page.locator(".panel .strip button").first
    assert first.get_attribute("aria-label").startswith(f"row {rows[0]},")
    np.testing.assert_array_equal(
        page.image(".panel .strip canvas").ravel(), loaded.seen(loaded.rows[rows[:1]])[0]
    )
    first.click()
    page.settle()
    np.testing.assert_allclose(page.z, loaded.latents[rows[0]], rtol=1e-5)
    page.page.get_by_role("button", name="Go to their middle").click()
    page.settle()
    np.testing.assert_allclose(page.z, reply.arrays["mean_latent"], rtol=1e-5, atol=1e-5)
    page.page.get_by_role("button", name="Clear").click()
    assert "Draw a loop" in page.page.locator(".panel .empty").inner_text()


# -- encode --------------------------------------------------------------------------------------------


def sign() -> Image.Image:
    picture = Image.new("L", (120, 150), 250)
    ImageDraw.Draw(picture).line([(40, 30), (80, 30), (50, 120)], fill=10, width=14)
    return picture


def png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def encode_row(page: StudioPage, number: int) -> None:
    page.page.get_by_role("spinbutton", name="Row", exact=True).fill(str(number))
    page.page.keyboard.press("Enter")
    at_rest(page, ".encoded")


def check_encoding(page: StudioPage, loaded: Loaded, row: np.ndarray, ask: Any) -> None:
    """The panel tells of a row what the services tell, which the Python API tells."""
    reply = ask(loaded, "encode", row=row.astype(float).tolist())
    X = loaded.shaped(row[None])
    estimator: Any = loaded.estimator
    np.testing.assert_allclose(page.z, estimator.transform(X)[0], atol=2e-5)
    terms = reply.facts["terms"]
    assert told(page, "ELBO") == pytest.approx(terms["elbo"], rel=1e-3)
    assert told(page, "reconstruction, E") == pytest.approx(terms["log_likelihood"], rel=1e-3)
    assert told(page, "KL") == pytest.approx(terms["kl"], rel=1e-3)
    assert told(page, "ln p(x)") == pytest.approx(estimator.score_samples(X, n_samples=512)[0], rel=1e-3)
    shown = page.image(".encoded .means figure:nth-child(1) canvas").ravel().astype(int)
    np.testing.assert_array_equal(shown, loaded.seen(X)[0])
    shown = page.image(".encoded .means figure:nth-child(2) canvas").ravel().astype(int)
    assert np.abs(shown - loaded.seen(estimator.reconstruct(X))[0].astype(int)).max() <= 1
    probed = page.page.locator(".encoded .bars th").all_inner_texts()
    assert probed == [each["label"] for each in reply.facts["probe"][:5]]
    chances = [float(x.split()[0]) for x in page.page.locator(".encoded .bars .value").all_inner_texts()]
    np.testing.assert_allclose(
        chances, [100 * x["probability"] for x in reply.facts["probe"][:5]], atol=0.051
    )
    percentile = reply.facts["percentile"]
    words = page.page.locator(".encoded .verdict").inner_text()
    assert "Less than 1 %" in words or f"{float(f'{percentile:.2g}'):g} % of training rows" in words


def test_a_row_of_the_data_by_its_number(visit: Any, loaded: Loaded, ask: Any) -> None:
    page = visit("panel=encode&z=3,3&held=1")
    assert "Draw above" in page.page.locator(".panel .empty").inner_text()
    encode_row(page, 12)
    check_encoding(page, loaded, loaded.rows[12], ask)
    reply = ask(loaded, "encode", row_number=12)
    near = page.page.locator(".encoded .strip button")
    assert [int(x.get_attribute("aria-label").split()[1].rstrip(",")) for x in near.all()] == reply.arrays[
        "neighbours"
    ].tolist()
    for name in ("ELBO", "ln p(x)", "KL(q(z|x) || p(z))"):
        assert python_of(page, name) == pytest.approx(told(page, name.split("(q")[0]), rel=1e-3)
    assert python_of(page, "the percentile") == pytest.approx(reply.facts["percentile"], abs=0.1)
    chances = python_of(page, "the probe's probabilities")
    assert chances[reply.facts["probe"][0]["label"]] == pytest.approx(
        reply.facts["probe"][0]["probability"], abs=1e-4
    )
    near.first.click()
    page.settle()
    np.testing.assert_allclose(page.z, loaded.latents[reply.arrays["neighbours"][0]], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_ellipse_has_two_standard_deviations(visit: Any, loaded: Loaded, scheme: str) -> None:
    estimator: Any = loaded.estimator
    mean, deviation = (x[0] for x in estimator.posterior_moments(loaded.rows[[12]]))
    unit = deviation.max() / 60
    page = visit(f"panel=encode&at={in_address([*mean, unit])}&z=3,3&held=1", color_scheme=scheme)
    encode_row(page, 12)
    width, height = page.map_size()
    picture = page.map_picture()
    red = np.abs(picture - POSTERIOR[scheme]).max(-1) <= 3
    across = np.flatnonzero(red[round(height / 2)])
    down = np.flatnonzero(red[:, round(width / 2)])
    for found, middle, axis in ((across, width / 2, 0), (down, height / 2, 1)):
        expected = 2 * deviation[axis] / unit
        assert found.max() - middle == pytest.approx(expected, abs=3)
        assert middle - found.min() == pytest.approx(expected, abs=3)


def test_a_drawing_is_brought_to_the_data(visit: Any, loaded: Loaded, ask: Any) -> None:
    page = visit("panel=encode&z=0,0&held=1")
    canvas = page.page.locator(".drawing canvas")
    box = canvas.bounding_box()
    corner = (box["x"], box["y"])
    page.page.mouse.move(corner[0] + 60, corner[1] + 40)
    page.page.mouse.down()
    page.page.mouse.move(corner[0] + 150, corner[1] + 40, steps=5)
    page.page.mouse.move(corner[0] + 90, corner[1] + 190, steps=8)
    page.page.mouse.up()
    at_rest(page, ".encoded")
    drawn = page.image(".drawing canvas")
    assert 0.03 < (drawn > 128).mean() < 0.3
    row = read_row(loaded, png(Image.fromarray(drawn)), "drawing")
    assert (row.reshape(8, 8) > 4).any(1).sum() == 8  # digits fill their images from top to bottom
    check_encoding(page, loaded, row, ask)
    assert python_of(page, "ELBO") == pytest.approx(told(page, "ELBO"), rel=1e-3)
    page.page.get_by_label("bring it to the size").uncheck()
    at_rest(page, ".encoded")
    blocks = drawn.reshape(8, 28, 8, 28).mean((1, 3))
    shown = page.image(".encoded .means figure:nth-child(1) canvas").astype(float)
    assert np.abs(shown - blocks).max() <= 1
    page.page.get_by_role("button", name="Clear").click()
    page.settle()
    assert page.page.locator(".encoded").count() == 0
    assert page.page.locator("[data-layer='encoded']").count() == 0
    assert not page.image(".drawing canvas").any()


def test_a_finger_draws_too(visit: Any) -> None:
    page = visit("panel=encode&z=0,0&held=1", has_touch=True, viewport={"width": 375, "height": 740})
    canvas = page.page.locator(".drawing canvas")
    canvas.scroll_into_view_if_needed()
    assert canvas.evaluate("c => getComputedStyle(c).touchAction") == "none"
    box = canvas.bounding_box()
    session = page.page.context.new_cdp_session(page.page)
    for kind, x in (("touchStart", 60), ("touchMove", 90), ("touchMove", 150), ("touchEnd", None)):
        points = [] if x is None else [{"x": box["x"] + x, "y": box["y"] + 100}]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    at_rest(page, ".encoded")
    inked = np.flatnonzero((page.image(".drawing canvas") > 128).any(0))
    assert inked.min() == pytest.approx(60 - 14, abs=3)
    assert inked.max() == pytest.approx(150 + 14, abs=3)
    assert page.page.evaluate("document.documentElement.scrollWidth") == 375


def test_files_are_chosen_dropped_and_refused(visit: Any, loaded: Loaded, ask: Any) -> None:
    page = visit("panel=encode&z=0,0&held=1")
    content = png(sign())
    page.page.locator(".givers input[type=file]").set_input_files(
        {"name": "seven.png", "mimeType": "image/png", "buffer": content}
    )
    at_rest(page, ".encoded")
    check_encoding(page, loaded, read_row(loaded, content, ""), ask)
    drop = """text => { const data = new DataTransfer(); data.items.add(new File([text], 'row.csv'));
        document.querySelector('.map').dispatchEvent(
            new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true})) }"""
    page.page.evaluate(drop, ",".join(map(str, loaded.rows[30])))
    page.settle(200)
    at_rest(page, ".encoded")
    check_encoding(page, loaded, loaded.rows[30], ask)
    page.page.evaluate(drop, "1,2,3")
    page.page.locator(".panel .wrong").wait_for()
    assert page.page.locator(".panel .wrong").inner_text() == (
        "row.csv has 3 numbers, and a row of this run has 64"
    )
    assert page.page.locator(".encoded").count() == 0
    assert page.page.locator("[data-layer='encoded']").count() == 0


def test_numbers_are_pasted(visit: Any, loaded: Loaded, ask: Any) -> None:
    page = visit("panel=encode&z=0,0&held=1")
    field = page.page.get_by_role("textbox", name="Numbers")
    field.fill(" ".join(map(str, loaded.rows[5])))
    field.press("Enter")
    at_rest(page, ".encoded")
    check_encoding(page, loaded, loaded.rows[5], ask)
    field.fill(" ".join(["17"] * 64))  # brighter than white
    field.press("Enter")
    page.page.locator(".panel .wrong").wait_for()
    assert len(page.page.locator(".panel .wrong").inner_text()) > 20
    paste = """text => { const data = new DataTransfer(); data.setData('text', text);
        document.body.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, bubbles: true})) }"""
    page.page.evaluate(paste, ",".join(map(str, loaded.rows[6])))
    at_rest(page, ".encoded")
    check_encoding(page, loaded, loaded.rows[6], ask)


# -- other runs ----------------------------------------------------------------------------------------


def test_a_table_has_lines_bars_and_named_rows(
    browser: Any, tmp_path_factory: pytest.TempPathFactory, ask: Any
) -> None:
    from sklearn.datasets import load_wine

    table = tmp_path_factory.mktemp("table")
    load_wine(as_frame=True).frame.to_csv(table / "wine.csv", index=False)
    options = ("--label", "target", "--n-components", "2", "--max-epochs", "5")
    run = Loaded.open(fit(table / "wine", str(table / "wine.csv"), *options))
    with studio_of(run.folder, Path(table)) as process:
        page = StudioPage.open(browser, process, path_view(run))
        at_rest(page, ".way")
        assert page.page.locator(".way-geodesic svg polyline").count() == 9
        page.page.get_by_role("tab", name="Selection").click()
        select(page)
        assert page.page.locator(".panel .row-bars tr").count() == 13
        named = page.page.locator(".panel .neighbours button").first.inner_text()
        page.page.get_by_role("tab", name="Encode").click()
        assert page.page.locator(".drawing").count() == 0
        encode_row(page, 9)
        reply = ask(run, "encode", row_number=9)
        assert told(page, "ELBO") == pytest.approx(reply.facts["terms"]["elbo"], rel=1e-3)
        shown = [text.split()[-1] for text in page.page.locator(".encoded .row-bars tr").all_inner_texts()]
        np.testing.assert_allclose([float(x.replace("−", "-")) for x in shown], run.rows[9], rtol=6e-4)
        assert page.violations() == []
        page.close()
    assert re.fullmatch(r"row \d+: [012]", named)


def test_on_a_sphere_both_paths_are_the_great_circle(
    browser: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("sphere")
    options = ("--n-components", "2", "--latent-space", "sphere", "--max-epochs", "2")
    run = Loaded.open(fit(folder / "run", "digits", *options))
    with studio_of(run.folder, folder) as process:
        page = StudioPage.open(browser, process, "panel=paths&a=1,0,0&b=0,1,0&z=0,0,1&held=1")
        at_rest(page, ".way")
        for way in ("straight", "geodesic"):
            assert told(page, "length", f".way-{way}") == pytest.approx(np.pi / 2, rel=1e-3)
            for what in ("length", "energy"):
                shown = told(page, what, f".way-{way}")
                assert python_of(page, what, f".way-{way}") == pytest.approx(shown, rel=1e-3)
        page.page.get_by_role("tab", name="Encode").click()
        encode_row(page, 3)
        assert page.page.locator("[data-layer='encoded']").count() == 1
        assert page.page.locator(".encoded .figure dt", has_text="standard deviations").count() == 0
        page.close()


# -- for all -------------------------------------------------------------------------------------------


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: cd studio && npm ci")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong_with_full_panels(visit: Any, loaded: Loaded, scheme: str) -> None:
    page = visit(path_view(loaded), color_scheme=scheme)
    at_rest(page, ".way")
    assert page.violations() == []
    page.page.get_by_role("tab", name="Selection").click()
    select(page)
    assert page.violations() == []
    page.page.get_by_role("tab", name="Encode").click()
    encode_row(page, 12)
    assert page.violations() == []


@pytest.mark.parametrize("view", ["paths", "selection", "encode"])
def test_panels_fit_a_phone(visit: Any, loaded: Loaded, view: str) -> None:
    fragment = path_view(loaded) if view == "paths" else f"panel={view}&z=0.2,0.1&held=1"
    page = visit(fragment, viewport={"width": 375, "height": 740}, has_touch=True)
    if view == "selection":
        select(page)
    elif view == "encode":
        encode_row(page, 12)
    else:
        at_rest(page, ".way")
    assert page.page.evaluate("document.documentElement.scrollWidth") == 375
    beyond = "x => x.getBoundingClientRect().right > 376"
    cut = f"e => [...e.querySelectorAll('*')].filter({beyond}).map(x => x.outerHTML)"
    assert page.page.locator(".panel").evaluate(cut) == []
