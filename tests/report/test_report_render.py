from __future__ import annotations

import base64
import builtins
import hashlib
import json
import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from report_samples import HOSTILE, full_report

from vael.errors import MissingDependencyError, RunError
from vael.report import Fact, Notice, Report, Section, Text, render, write
from vael.report.markup import inline_html, paragraphs_html

VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
FETCHING = {"src", "srcset", "href", "action", "data", "poster", "formaction", "background"}


class Page(HTMLParser):
    """Elements, their attributes and the text within; fails where tags do not nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        assert len(dict(attributes)) == len(attributes), f"an attribute twice in {tag}"
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open:
            self.texts.append((self.open[-1], data))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def text(self, *tags: str) -> str:
        return " ".join(text for tag, text in self.texts if not tags or tag in tags)


@pytest.fixture(scope="module")
def plain() -> str:
    return render(full_report())


@pytest.fixture(scope="module")
def hostile() -> str:
    return render(full_report(title=HOSTILE, name=HOSTILE))


def test_the_page_nests_and_its_anchors_exist_once(plain):
    page = Page(plain)
    names = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(names) == len(set(names))
    anchors = [one["href"][1:] for one in page.all("a") if one["href"].startswith("#")]
    named = [one["aria-labelledby"] for _, one in page.elements if "aria-labelledby" in one]
    assert len(anchors) >= 4
    assert set(anchors + named) <= set(names)


def test_headings_pictures_and_tables_can_be_read_aloud(plain):
    page = Page(plain)
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all(image["alt"] for image in page.all("img"))
    assert all(cell.get("scope") in {"col", "row", "rowgroup"} for cell in page.all("th"))
    assert page.all("html")[0]["lang"] == "en"
    assert all(one["tabindex"] == "0" for one in page.all("canvas") if "role" in one)


@pytest.mark.parametrize("which", ["plain", "hostile"])
def test_nothing_is_fetched(which, request):
    text = request.getfixturevalue(which)
    for tag, attributes in Page(text).elements:
        for name in FETCHING & set(attributes):
            address = attributes[name] or ""
            assert address.startswith(("data:", "#")) or tag == "a", (tag, name, address[:60])
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None
    assert not re.search(r"url\(|@import|@font-face", style[1])
    assert "default-src 'none'; img-src data:" in text


def test_hostile_text_stays_text(plain, hostile):
    calm, page = Page(plain), Page(hostile)
    assert [tag for tag, _ in calm.elements] == [tag for tag, _ in page.elements]
    for (_, before), (_, after) in zip(calm.elements, page.elements):
        assert list(before) == list(after)
    assert page.text("title") == HOSTILE
    assert page.text("h1") == HOSTILE
    assert HOSTILE in page.text("button")
    assert "49" not in page.text("h1", "h3", "p", "figcaption", "dt")
    data = [json.loads(text) for tag, text in page.texts if tag == "script" and text[0] == "{"]
    assert data[0]["names"] == [HOSTILE, "one", "two"]
    assert page.all("img")[0]["alt"] == HOSTILE


def test_the_policy_allows_this_script_and_no_other(plain):
    script = re.search(r"<script>(.*?)</script>", plain, re.DOTALL)
    assert script is not None
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in plain.replace("&#39;", "'").replace("&#43;", "+")
    assert len(re.findall(r"<script>", plain)) == 1


def test_numbers_stand_as_given(plain):
    text = " ".join(Page(plain).text("dd", "td", "strong").split())
    for number in ("-86.76", "60000", "0.12", "78.00 ± 0.50"):
        assert number in text


def test_equal_content_gives_equal_bytes(plain):
    assert render(full_report()) == plain
    assert render(full_report(name="zero")) != plain


def test_warnings_are_listed_first_and_notes_are_not():
    blocks = (Notice("warning", "collapse, see [x](https://x.org)"), Notice("note", "calm"))
    text = render(Report("t", sections=(Section("s", blocks=blocks),)))
    first = text[text.index("Read first") : text.index("<section")]
    assert "#notice-1" in first
    assert "collapse, see x" in first
    assert "calm" not in first
    assert "Read first" not in render(Report("t", sections=(Section("s", blocks=blocks[1:]),)))


def test_an_empty_report_is_a_page():
    page = Page(render(Report("Nothing yet")))
    assert page.text("h1") == "Nothing yet"
    assert not page.all("section") + page.all("nav") + page.all("dl") + page.all("footer")


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("*p*(*x* | *z*)", "<em>p</em>(<em>x</em> | <em>z</em>)"),
        ("**a *b* c**", "**a <em>b</em> c**"),
        ("**bold** 2 * 3 * 4", "<strong>bold</strong> 2 * 3 * 4"),
        ("`a*b*<c>`", "<code>a*b*&lt;c&gt;</code>"),
        ("z_{1}^{2}", "z<sub>1</sub><sup>2</sup>"),
        ("snake_case_name", "snake_case_name"),
        (
            "[paper](https://arxiv.org/abs/1?a=1&b=2)",
            '<a href="https://arxiv.org/abs/1?a=1&amp;b=2" rel="noreferrer noopener">paper</a>',
        ),
        ("[x](javascript:alert(1))", "[x](javascript:alert(1))"),
        ('[x](https://a"onclick="b)', '<a href="https://a&quot;onclick=&quot;b"'),
    ],
)
def test_markup(text, html):
    assert inline_html(text).startswith(html)


def test_paragraphs_and_lists():
    assert paragraphs_html("one\ntwo\n\n- a\n- *b*\n") == (
        "<p>one two</p>\n<ul><li>a</li><li><em>b</em></li></ul>"
    )


def test_write_makes_one_file_and_keeps_what_was_there(tmp_path):
    path = tmp_path / "report.html"
    assert write(Report("first"), path) == path
    before = path.read_bytes()
    with pytest.raises(RunError, match="exists already"):
        write(Report("second"), path)
    assert path.read_bytes() == before
    write(Report("second"), str(path), overwrite=True)
    assert "<h1>second</h1>" in path.read_text(encoding="utf-8")
    assert [one.name for one in tmp_path.iterdir()] == ["report.html"]


@pytest.mark.parametrize("place", ["missing/report.html", "file/report.html"])
def test_a_folder_that_cannot_be_written_is_named(tmp_path, place):
    (tmp_path / "file").write_text("x")
    with pytest.raises(RunError, match=r"cannot write .*report\.html"):
        write(Report("t"), tmp_path / place)


def test_a_full_disk_leaves_no_draft_and_no_half_report(tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    write(Report("old"), path)
    before = path.read_bytes()

    def full(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(RunError, match="No space left on device"):
        write(Report("new"), path, overwrite=True)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["report.html"]


def test_without_jinja2_the_extra_is_named(monkeypatch):
    real = builtins.__import__

    def without(name, *arguments, **options):
        if name.split(".")[0] == "jinja2":
            raise ImportError(name)
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingDependencyError, match=r"pip install vael\[report\]"):
        render(Report("t", summary=(Fact("a", 1),), sections=(Section("s", blocks=(Text("x"),)),)))
