"""The built page travels in the wheel and the sdist, and a build without it fails."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "src" / "vael" / "studio" / "page"
LEFT_OUT = ("node_modules", "__pycache__", "*.egg-info", "datasets")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A copy of what a build needs, small data sets aside."""
    place = tmp_path / "source"
    place.mkdir()
    for name in ("setup.py", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, place / name)
    ignore = shutil.ignore_patterns(*LEFT_OUT)
    for name in ("studio", "src"):
        shutil.copytree(ROOT / name, place / name, ignore=ignore)
    return place


def build(source: Path, *words: str, npm: bool = False) -> subprocess.CompletedProcess[str]:
    path = os.environ["PATH"] if npm else str(Path(sys.executable).parent)
    return subprocess.run(
        [sys.executable, "setup.py", "--quiet", *words],
        cwd=source,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
    )


def parts(names: list[str]) -> list[str]:
    return [name for name in names if "/studio/page/" in name]


def test_the_page_in_the_package_is_built_of_the_sources_beside_it(source: Path):
    code = "import setup; raise SystemExit(0 if setup.is_fresh() else 1)"
    found = subprocess.run([sys.executable, "-c", code], cwd=source)
    assert found.returncode == 0, "the page is older than studio/: cd studio && npm ci && npm run build"


def test_the_page_is_small_enough_to_open_at_once():
    import gzip

    total = sum(
        len(gzip.compress(path.read_bytes(), 9))
        for path in PAGE.rglob("*")
        if path.suffix in (".js", ".css", ".html")
    )
    assert total < 250_000


@pytest.mark.slow
def test_wheel_and_sdist_hold_the_page(source: Path):
    done = build(source, "bdist_wheel", "sdist")
    assert done.returncode == 0, done.stderr
    (wheel,) = (source / "dist").glob("*.whl")
    (sdist,) = (source / "dist").glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        in_wheel = {n.partition("/page/")[2]: archive.read(n) for n in parts(archive.namelist())}
    with tarfile.open(sdist) as archive:
        in_sdist = {
            n.partition("/page/")[2] for n in parts(archive.getnames()) if archive.getmember(n).isfile()
        }
        names = archive.getnames()
    here = {p.relative_to(PAGE).as_posix(): p.read_bytes() for p in PAGE.rglob("*") if p.is_file()}
    assert in_wheel == here
    assert in_sdist == set(here)
    assert any(name.endswith("/studio/src/main.tsx") for name in names)  # what it is built from, too
    assert not any("node_modules" in name for name in names)


@pytest.mark.slow
def test_a_build_without_the_page_fails_and_says_what_to_do(source: Path):
    shutil.rmtree(source / "src" / "vael" / "studio" / "page")
    done = build(source, "build_py")
    assert done.returncode != 0
    assert "npm run build" in done.stderr


@pytest.mark.slow
def test_a_changed_source_without_npm_is_built_with_a_warning(source: Path):
    (source / "studio" / "src" / "main.tsx").write_text("// changed")
    done = build(source, "build_py")
    assert done.returncode == 0, done.stderr
    assert "older than its sources" in done.stderr


def test_no_registry_stands_in_the_lock():
    lock = json.loads((ROOT / "studio" / "package-lock.json").read_text())
    assert all("resolved" not in package for package in lock["packages"].values())
