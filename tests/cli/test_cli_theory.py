"""`vael theory`: what it asks of its folder, and the whole of it on small digits."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vael.plots.theory import FIGURES
from vael.report import theory_page
from vael.report.theory_page import TheoryPage


def test_a_folder_is_needed(vael: Callable[..., Any]) -> None:
    said = vael("theory")
    assert said.status == 2
    assert "needs --out" in said.err


def test_nothing_is_overwritten(vael: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    (tmp_path / "file").touch()
    for place in ("full", "file"):
        said = vael("theory", "--out", place)
        assert said.status == 2
        assert said.err.strip() == f"vael: {place} exists already: choose another --out"
    assert list((tmp_path / "full").iterdir()) == [tmp_path / "full" / "mine"]
    assert vael("theory", "--out", "new", "--seed", -1).status == 2
    assert not (tmp_path / "new").exists()


def test_a_folder_that_cannot_be_made_is_one_line(vael: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = vael("theory", "--out", "file/below", "--quick")
    assert said.status == 2
    assert said.err.startswith("vael: cannot make file/below: Not a directory")
    assert said.err.count("\n") == 1


def test_it_says_what_it_wrote(
    vael: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Path, bool, int]] = []

    def figures(folder: Path, *, quick: bool, seed: int, say: Callable[[str], None]) -> TheoryPage:
        asked.append((folder, quick, seed))
        say("drawing die")
        return TheoryPage(folder / "index.html", (folder / "die-light.png",), 2.0, 1.0)

    monkeypatch.setattr(theory_page, "theory_figures", figures)
    said = vael("theory", "--out", "d", "--quick", "--seed", 3)
    assert (said.status, said.err) == (0, "drawing die\n")
    assert said.out == f"figures: {tmp_path / 'd' / 'index.html'}\n"
    said = vael("theory", "--out", "d", "--json", "--quiet")
    assert said.err == ""
    assert json.loads(said.out) == {
        "folder": "d",
        "index": str(tmp_path / "d" / "index.html"),
        "figures": ["d/die-light.png"],
        "seconds": {"training": 2.0, "drawing": 1.0},
    }
    assert asked == [(Path("d"), True, 3), (Path("d"), False, 0)]


def test_ctrl_c_ends_it(vael: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> TheoryPage:
        raise KeyboardInterrupt

    monkeypatch.setattr(theory_page, "fit_theory_models", interrupted)
    assert vael("theory", "--out", "d").status == 130


@pytest.mark.slow
def test_every_figure_is_written_and_on_the_page(vael: Callable[..., Any], tmp_path: Path) -> None:
    said = vael("theory", "--out", "figures", "--quick", "--json")
    assert said.status == 0, said.err
    result = json.loads(said.out)
    folder = tmp_path / "figures"
    expected = {
        f"{name}-{theme}.{kind}" for name in FIGURES for theme in ("light", "dark") for kind in ("png", "svg")
    }
    assert {Path(path).name for path in result["figures"]} == expected
    assert {path.name for path in folder.iterdir()} == {*expected, "index.html"}
    for name in expected:
        content = (folder / name).read_bytes()
        assert content.startswith(b"\x89PNG") if name.endswith("png") else b"<svg" in content
    page = (folder / "index.html").read_text()
    assert page.count('<figure class="picture"') == len(FIGURES)
    assert page.count('class="dark-only"') == len(FIGURES)
    text = html.unescape(re.sub(r"\s+", " ", page))
    for record in FIGURES.values():
        assert f"<strong>{record.title}.</strong>" in text
    assert not re.search(r'(src|href)="(?!data:|#)', page)  # it fetches nothing
    said_lines = said.err.splitlines()
    assert [line.removeprefix("drawing ") for line in said_lines if line.startswith("drawing ")] == list(
        FIGURES
    )
    assert str(Path.home()) not in page
