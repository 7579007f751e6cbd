"""A report as one HTML file that fetches nothing: pictures, style and scripts are inside."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from vael.errors import MissingDependencyError, RunError
from vael.report.blocks import (
    Block,
    Code,
    Facts,
    Heading,
    Notice,
    Picture,
    PointCloud,
    Report,
    Section,
    Table,
    Text,
)
from vael.report.clouds import pack_cloud
from vael.report.figures import encode_figure
from vael.report.markup import inline_html, paragraphs_html
from vael.report.numbers import format_cell
from vael.report.tables import view_table

__all__ = ["render", "write"]

# One script of the page, in this order.
_SCRIPTS = ("theme.js", "pixels.js", "map.js")

_KINDS: Mapping[type, str] = {
    Text: "text",
    Heading: "heading",
    Facts: "facts",
    Table: "table",
    Picture: "picture",
    Notice: "notice",
    PointCloud: "cloud",
    Code: "code",
}


@dataclass
class _Counters:
    """The running numbers of figures, tables and notices."""

    figures: int = 0
    tables: int = 0
    notices: list[dict[str, Any]] = field(default_factory=list)


def render(report: Report) -> str:
    """Return a report as HTML; equal content gives equal text.

    Raises `MissingDependencyError` where Jinja2 or, for pictures, matplotlib is not installed.
    """
    environment = _environment()
    counters = _Counters()
    sections = [_view_section(section, counters) for section in report.sections]
    script = "\n".join(_template_text(name) for name in _SCRIPTS)
    return environment.get_template("report.html.j2").render(
        report=report,
        sections=sections,
        notices=[notice for notice in counters.notices if notice["level"] != "note"],
        style=_template_text("report.css"),
        script=script,
        script_hash=_content_hash(script),
    )


def write(report: Report, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
    """Write a report to one HTML file and return its path.

    The file is written beside and renamed into place, so that a reader never meets half of it.
    Raises `RunError` where the file exists already (unless `overwrite`) or cannot be written.
    """
    target = Path(path)
    if target.exists() and not overwrite:
        raise RunError(f"{target} exists already: give another path or allow it to be overwritten")
    content = render(report)
    draft = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        draft.write_text(content, encoding="utf-8", newline="\n")
        draft.replace(target)
    except OSError as error:
        _remove(draft)
        raise RunError(
            f"cannot write {target}: {error.strerror or error}; "
            "choose a folder that exists and may be written"
        ) from error
    except BaseException:
        _remove(draft)
        raise
    return target


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return


def _environment() -> Any:
    try:
        from jinja2 import DictLoader, Environment, StrictUndefined
    except ImportError as error:
        raise MissingDependencyError("a report needs Jinja2: pip install vael[report]") from error
    names = ("report.html.j2", "blocks.html.j2")
    environment = Environment(
        loader=DictLoader({name: _template_text(name) for name in names}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["paragraphs"] = _paragraphs
    environment.filters["inline"] = _inline
    environment.filters["inline_plain"] = _inline_without_links
    environment.filters["cell"] = format_cell
    # Only for the style and the script of this package.
    environment.filters["raw"] = _markup
    return environment


def _paragraphs(text: str) -> Any:
    return _markup(paragraphs_html(text))


def _inline(text: str) -> Any:
    return _markup(inline_html(text))


def _inline_without_links(text: str) -> Any:
    """Render the markup of a text that stands inside a link."""
    return _markup(re.sub(r"</?a\b[^>]*>", "", inline_html(text)))


def _markup(html: str) -> Any:
    """Mark HTML of this package's own making as safe to insert."""
    from markupsafe import Markup

    return Markup(html)


def _template_text(name: str) -> str:
    return resources.files("vael.report").joinpath("templates", name).read_text(encoding="utf-8")


def _content_hash(text: str) -> str:
    """Return the hash by which the content security policy allows one script and no other."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"


def _view_section(section: Section, counters: _Counters) -> dict[str, Any]:
    return {
        "title": section.title,
        "lead": section.lead,
        "blocks": [_view_block(block, counters) for block in section.blocks],
    }


def _view_block(block: Block, counters: _Counters) -> dict[str, Any]:
    """Add to a block what the template needs beside its own fields."""
    view: dict[str, Any] = {"kind": _KINDS[type(block)], "block": block}
    match block:
        case Table():
            counters.tables += 1
            view |= {"number": counters.tables, "table": view_table(block)}
        case Picture():
            counters.figures += 1
            view |= {
                "number": counters.figures,
                "light": encode_figure(block.light, block.format),
                "dark": block.dark and encode_figure(block.dark, block.format),
            }
        case PointCloud():
            counters.figures += 1
            view |= {"number": counters.figures, "cloud": pack_cloud(block)}
        case Notice():
            notice = {"number": len(counters.notices) + 1, "level": block.level, "block": block}
            counters.notices.append(notice)
            view |= {"number": notice["number"]}
        case _:
            pass
    return view
