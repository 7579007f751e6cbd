"""The built page: the files that were there when the server began, and no others."""

from __future__ import annotations

import gzip
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

__all__ = ["PAGE_VARIABLE", "Page", "page_folder"]

PAGE_VARIABLE = "VAEL_STUDIO_PAGE"
"""Environment variable that names another built page, for those who work on it."""

KINDS = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".png": "image/png",
    ".woff2": "font/woff2",
}
MISSING = """<!doctype html><meta charset="utf-8"><title>vael studio</title>
<p>The studio's page was not built. In the folder of vael's source:
<code>cd studio &amp;&amp; npm ci &amp;&amp; npx vite build</code>, then reload.</p>"""


def page_folder() -> Path:
    """Return the folder of the built page: in the package, or where `PAGE_VARIABLE` says."""
    given = os.environ.get(PAGE_VARIABLE)
    return Path(given) if given else Path(__file__).parents[1] / "page"


@dataclass(frozen=True)
class _File:
    content: bytes
    kind: str
    lasting: bool

    @cached_property
    def packed(self) -> bytes:
        return gzip.compress(self.content, 9, mtime=0)


class Page:
    """Answers with files of a folder, read once; a request's path is looked up by name and never opened."""

    def __init__(self, folder: Path) -> None:
        self._files: dict[str, _File] = {}
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            if path.is_file() and path.suffix in KINDS:
                name = path.relative_to(folder).as_posix()
                self._files[name] = _File(
                    path.read_bytes(), KINDS[path.suffix], lasting=name.startswith("assets/")
                )

    def content(self, name: str) -> bytes | None:
        """Return a file's bytes, or None where there is no such file."""
        found = self._files.get(name)
        return None if found is None else found.content

    def answer(self, request: Request, name: str) -> Response | None:
        """Return a file, or None where there is no such file."""
        file = self._files.get(name)
        if file is None:
            return Response(MISSING, 503, media_type="text/html") if name == "index.html" else None
        headers = {
            "Cache-Control": "public, max-age=31536000, immutable" if file.lasting else "no-cache",
            "Vary": "Accept-Encoding",
        }
        content = file.content
        if "gzip" in request.headers.get("accept-encoding", "") and len(content) > 1024:
            content = file.packed
            headers["Content-Encoding"] = "gzip"
        return Response(content, headers=headers, media_type=file.kind)
