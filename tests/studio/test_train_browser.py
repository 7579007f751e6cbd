"""Training from the page in a real browser, against what the run keeps."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import vael

sys.path.insert(0, str(Path(__file__).parent))

from studio_page import AXE, StudioPage, StudioProcess, fit, needs_browser, studio_of

pytestmark = [*needs_browser, pytest.mark.slow]

INKED = """() => {
  const canvas = document.querySelector('%s');
  if (!canvas || !canvas.width) return false;
  const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return data.some((value, i) => i %% 4 === 3 && value > 0);
}"""


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudioProcess]:
    folder = tmp_path_factory.mktemp("runs") / "digits"
    fit(folder, "digits", "--n-components", "2", "--max-epochs", "2", "--seed", "0")
    with studio_of(folder, tmp_path_factory.mktemp("state")) as process:
        yield process


def set_number(page: StudioPage, name: str, value: int) -> Any:
    field = page.page.get_by_label(name, exact=True)
    field.fill(str(value))
    return field


def number(page: StudioPage, place: int) -> float:
    return float(page.page.locator(".panel .figures .number").nth(place).inner_text().replace("−", "-"))


def shown_run(page: StudioPage, studio: StudioProcess, other_than: str) -> str:
    """The name of the run that is shown once it is another."""
    ask = "async () => (await (await fetch('api/facts')).json()).run.name"
    end = time.monotonic() + 60
    while (name := page.page.evaluate(ask)) == other_than:
        assert time.monotonic() < end
        page.page.wait_for_timeout(200)
    assert (studio.folder.parent / name).is_dir()
    return str(name)


def test_a_fit_is_begun_by_keys_watched_and_shown(browser: Any, studio: StudioProcess) -> None:
    page = StudioPage.open(browser, studio, "panel=train")
    assert "Nothing was trained here yet" in page.page.locator(".panel").inner_text()
    set_number(page, "latents", 2)
    set_number(page, "epochs", 3).press("Enter")
    page.page.wait_for_selector(".panel .running")
    name = shown_run(page, studio, "digits")
    page.page.wait_for_selector(".panel form.settings", timeout=20_000)
    fitted = vael.load(studio.folder.parent / name)
    last = fitted.history_[-1]
    assert last.epoch == 3
    assert number(page, 0) == pytest.approx(last.validation_bound, rel=5e-3)
    assert number(page, 1) == pytest.approx(max(e.validation_bound for e in fitted.history_), rel=5e-3)
    assert number(page, 2) == pytest.approx(last.validation_log_likelihood, rel=5e-3)
    assert number(page, 3) == pytest.approx(last.validation_kl, rel=5e-3)
    page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.page.locator(".panel .figures button.python").nth(3).click()
    page.settle(200)
    *lines, expression = page.page.evaluate("navigator.clipboard.readText()").split("\n")
    known: dict[str, Any] = {}
    exec("\n".join(lines), known)
    assert eval(expression, known) == last.validation_kl
    for canvas in (".curves canvas", "canvas.small-map"):
        page.until(INKED % canvas)
    assert page.page.locator(".panel .strip").count() == 2
    page.close()


def test_stop_keeps_the_best_and_pages_that_come_later_see_the_curves(
    browser: Any, studio: StudioProcess
) -> None:
    page = StudioPage.open(browser, studio, "panel=train")
    before = page.page.evaluate("async () => (await (await fetch('api/facts')).json()).run.name")
    set_number(page, "latents", 3)
    set_number(page, "epochs", 5000).press("Enter")
    page.until("() => /epoch \\d+ of 5000/.test(document.querySelector('.panel')?.innerText ?? '')")
    page.page.get_by_role("button", name="Stop and keep the best").press("Enter")
    name = shown_run(page, studio, before)
    fitted = vael.load(studio.folder.parent / name)
    assert fitted.n_components_ == 3
    assert 1 <= fitted.best_epoch_ < 5000
    page.close()
    later = StudioPage.open(browser, studio, "panel=train")
    later.until(INKED % ".curves canvas")
    assert number(later, 1) == pytest.approx(fitted.bound_, rel=5e-3)
    later.close()


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: cd studio && npm ci")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 375])
def test_the_panel_is_within_reach_of_everybody(
    browser: Any, studio: StudioProcess, scheme: str, width: int
) -> None:
    page = StudioPage.open(
        browser, studio, "panel=train", color_scheme=scheme, viewport={"width": width, "height": 800}
    )
    page.page.wait_for_selector(".panel form.settings")
    assert page.violations() == []
    wide = page.page.evaluate("() => document.documentElement.scrollWidth")
    assert wide <= width
    page.close()
