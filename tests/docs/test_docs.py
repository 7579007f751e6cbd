"""The site builds with warnings as errors: each cell of its pages runs, each assertion in them holds."""

from __future__ import annotations

import ast
import builtins
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(path.relative_to(DOCS) for path in DOCS.rglob("*.md") if "_build" not in path.parts)
EXPLANATION = [page for page in PAGES if page.parts[0] == "explanation" and page.stem != "index"]
CELL = re.compile(r"^```\{code-cell\}.*?\n(.*?)^```", flags=re.DOTALL | re.MULTILINE)

IMPORTS = (ast.Import, ast.ImportFrom)


def cells(page: Path) -> list[str]:
    return CELL.findall((DOCS / page).read_text())


needs_sphinx = pytest.mark.skipif(
    find_spec("sphinx") is None or find_spec("myst_nb") is None,
    reason="Sphinx is not installed: pip install --group docs",
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole site, every cell executed anew."""
    folder = tmp_path_factory.mktemp("docs")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    command += ["-d", str(folder / "doctrees"), "-D", f"nb_execution_cache_path={folder / 'cells'}"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "IPYTHONDIR": str(folder / "ipython")}
    done = subprocess.run(
        [*command, str(DOCS), str(folder / "html")],
        env=environment,
        capture_output=True,
        text=True,
        timeout=1200,
    )
    assert done.returncode == 0, done.stderr[-20000:]
    return folder / "html"


@pytest.mark.parametrize("page", EXPLANATION, ids=lambda page: page.stem)
def test_a_page_of_the_theory_begins_with_code_and_asserts_what_it_says(page: Path):
    text = (DOCS / page).read_text()
    body = text.split("---\n", 2)[2]
    before_code = re.split(r"^```\{code-cell\}(?!.*\n:tags: \[remove-cell\])", body, flags=re.MULTILINE)[0]
    before_code = CELL.sub("", before_code)
    assert re.fullmatch(r"\s*# [^\n]+\s*", before_code), "a page starts with something that runs"
    asserting = [cell for cell in cells(page) if "remove-cell" in cell and "assert" in cell]
    assert len(asserting) >= 2


@pytest.mark.parametrize("page", [page for page in PAGES if cells(page)], ids=lambda page: page.stem)
def test_what_a_reader_sees_runs_without_what_is_hidden(page: Path):
    """Each name that a shown cell uses is built in or comes from a shown cell."""
    known = set(dir(builtins))
    for cell in cells(page):
        if "remove-cell" in cell:
            continue
        nodes = list(ast.walk(ast.parse(cell)))
        known |= {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        known |= {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        known |= {node.name for node in nodes if isinstance(node, ast.ExceptHandler) and node.name}
        known |= {node.arg for node in nodes if isinstance(node, ast.arg)}
        known |= {
            (alias.asname or alias.name).split(".")[0]
            for node in nodes
            if isinstance(node, IMPORTS)
            for alias in node.names
        }
        used = {node.id for node in nodes if isinstance(node, ast.Name)}
        assert used <= known, f"{sorted(used - known)} in\n{cell}"


def test_every_figure_of_the_theory_is_on_a_page():
    from vael.plots.theory import FIGURES

    shown = "".join(cell for page in EXPLANATION for cell in cells(page) if "remove-cell" not in cell)
    assert [name for name, figure in FIGURES.items() if f"\n{figure.draw.__name__}(" not in shown] == []


def test_no_source_names_a_path_of_one_machine():
    for path in [*DOCS.rglob("*.md"), *DOCS.rglob("*.py")]:
        if "_build" not in path.parts:
            assert not re.search(r"/(home|root|work|tmp)/", path.read_text()), path


@needs_sphinx
@pytest.mark.slow
def test_every_page_is_there_and_shows_no_error(site: Path):
    assert len(PAGES) > 25
    for page in PAGES:
        html = (site / page.with_suffix(".html")).read_text()
        assert "<h1>" in html, page
        assert not re.search(r"Traceback|output (stderr|traceback)|system-message", html), page
        shown = [cell for cell in cells(page) if "remove-cell" not in cell]
        assert html.count('<div class="cell docutils container">') >= len(shown), page


@needs_sphinx
@pytest.mark.slow
def test_outputs_are_shown(site: Path):
    dice = (site / "explanation" / "random-variables.html").read_text()
    assert "35/12 35/12" in dice
    boxes = (site / "explanation" / "bayes.html").read_text()
    assert "H1  4/5" in boxes
    assert "64/65 64/65" in boxes


@needs_sphinx
@pytest.mark.slow
def test_pictures_come_in_both_themes_and_say_what_they_show(site: Path):
    pictures = 0
    for page in PAGES:
        html = (site / page.with_suffix(".html")).read_text()
        light = re.findall(r'<img class="only-light" alt="([^"]+)"', html)
        assert light == re.findall(r'<img class="only-dark" alt="([^"]+)"', html), page
        pictures += len(light)
    assert pictures >= 2


@needs_sphinx
@pytest.mark.slow
def test_the_site_opens_from_disk_without_a_network(site: Path):
    """Nothing is loaded from elsewhere: links to papers are the only addresses."""
    for path in site.rglob("*.html"):
        html = path.read_text()
        assert not re.search(r"<(script|img|iframe)[^>]+src=\"(https?:)?//", html), path
        assert not re.search(r"<link[^>]+rel=\"(stylesheet|preload|icon)\"[^>]+href=\"(https?:)?//", html), (
            path
        )
    assert "MathJax" in (site / "_static" / "tex-svg.js").read_text()


@needs_sphinx
@pytest.mark.slow
def test_the_reference_lists_every_public_class_and_function(site: Path):
    from importlib import import_module

    for page in sorted((DOCS / "reference").glob("*.md")):
        if page.stem in ("index", "vael"):
            continue
        html = (site / "reference" / f"{page.stem}.html").read_text()
        module = import_module(f"vael.{page.stem}")
        named = [name for name in module.__all__ if callable(getattr(module, name))]
        assert named
        for name in named:
            assert re.search(rf'id="vael\.[\w.]*\b{name}"', html), f"{page.stem}: {name}"
