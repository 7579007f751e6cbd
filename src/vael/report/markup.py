"""The little markup of a report's texts, turned into HTML that can hold nothing else."""

from __future__ import annotations

import re
from html import escape

__all__ = ["inline_html", "paragraphs_html"]

_TOKEN = re.compile(
    r"`(?P<code>[^`\n]+)`"
    r"|\[(?P<words>[^\]\n]+)\]\((?P<address>https?://[^\s()]+)\)"
    r"|\*\*(?P<strong>[^*\s](?:[^*]*[^*\s])?)\*\*"
    r"|\*(?P<emphasis>[^*\s](?:[^*]*[^*\s])?)\*"
    r"|_\{(?P<sub>[^{}\n]+)\}"
    r"|\^\{(?P<sup>[^{}\n]+)\}"
)
_TAGS = {"code": "code", "strong": "strong", "emphasis": "em", "sub": "sub", "sup": "sup"}


def inline_html(text: str) -> str:
    """HTML of one run of text: everything is escaped but the markup of `blocks.Text`."""
    parts: list[str] = []
    position = 0
    for match in _TOKEN.finditer(text):
        parts.append(escape(text[position : match.start()]))
        parts.append(_element(match))
        position = match.end()
    parts.append(escape(text[position:]))
    return "".join(parts)


def paragraphs_html(text: str) -> str:
    """HTML of paragraphs and lists, which empty lines set apart."""
    blocks = [block.strip() for block in re.split(r"\n\s*\n", text.strip()) if block.strip()]
    return "\n".join(_paragraph(block) for block in blocks)


def _element(match: re.Match[str]) -> str:
    if match["words"] is not None:
        address = escape(match["address"])
        return f'<a href="{address}" rel="noreferrer noopener">{inline_html(match["words"])}</a>'
    name = next(name for name in _TAGS if match[name] is not None)
    content = escape(match[name]) if name == "code" else inline_html(match[name])
    return f"<{_TAGS[name]}>{content}</{_TAGS[name]}>"


def _paragraph(block: str) -> str:
    lines = block.splitlines()
    if all(line.lstrip().startswith("- ") for line in lines):
        items = "".join(f"<li>{inline_html(line.lstrip()[2:])}</li>" for line in lines)
        return f"<ul>{items}</ul>"
    return f"<p>{inline_html(' '.join(line.strip() for line in lines))}</p>"
