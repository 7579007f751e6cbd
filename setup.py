"""Builds of the package hold the studio's built page. Everything else is in pyproject.toml.

The page is kept in the source beside what it is built from, so that a machine without npm has it too. A build
with npm at hand builds it anew where its sources have changed; one without it takes the page that is there,
and says that it is old; where there is none, the build fails.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

ROOT = Path(__file__).parent
SOURCES, PAGE = ROOT / "studio", ROOT / "src" / "vael" / "studio" / "page"
PARTS = (
    "index.html",
    "package-lock.json",
    "package.json",
    "public",
    "src",
    "stamp.mjs",
    "tsconfig.json",
    "vite.config.ts",
    "vite.export.config.ts",
)


def digest() -> str:
    """Return the SHA-256 over the page's sources, as stamp.mjs does."""
    found = hashlib.sha256()
    files = [p for part in PARTS for p in (SOURCES / part, *(SOURCES / part).rglob("*")) if p.is_file()]
    files = [p for p in files if not p.name.endswith(".test.ts")]
    for name, path in sorted((path.relative_to(SOURCES).as_posix(), path) for path in files):
        content = path.read_bytes()
        found.update(f"{name}\0{len(content)}\0".encode())
        found.update(content)
    return found.hexdigest()


def is_fresh() -> bool:
    """Whether the built page is of the sources that are here; without sources it is what it is."""
    stamp = PAGE / "sources.sha256"
    return not SOURCES.is_dir() or (stamp.is_file() and stamp.read_text().strip() == digest())


def make_page() -> None:
    """See to it that the built page is there."""
    if is_fresh() and (PAGE / "index.html").is_file():
        return
    npm = shutil.which("npm")
    if npm and SOURCES.is_dir():
        try:
            subprocess.run([npm, "ci", "--silent"], cwd=SOURCES, check=True)
            subprocess.run([npm, "run", "--silent", "build"], cwd=SOURCES, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"the studio's page could not be built: {error}", file=sys.stderr)
    if not (PAGE / "index.html").is_file():
        raise SystemExit(
            "the studio's page is missing: install npm (Node.js 20 or newer), then: "
            "cd studio && npm ci && npm run build"
        )
    if not is_fresh():
        print(
            "the studio's page is older than its sources: cd studio && npm ci && npm run build",
            file=sys.stderr,
        )


class BuildWithPage(build_py):
    def run(self) -> None:
        make_page()
        super().run()


class SdistWithPage(sdist):
    def run(self) -> None:
        make_page()
        super().run()


if __name__ == "__main__":
    setup(cmdclass={"build_py": BuildWithPage, "sdist": SdistWithPage})
