"""Bring the forms of the library's docstrings to one that Sphinx reads, before napoleon sees them.

The estimators' docstrings are numpydoc. Elsewhere a section may be underlined and its entries indented, which
becomes ``Attributes:``, with entries below it. A word between single backticks is code, and a bar in prose
is a bar. What stands before a colon in a property's docstring is not its type.
"""

from __future__ import annotations

import re
from typing import Any

from sphinx.application import Sphinx

SECTION = re.compile(r"\s*(Arguments|Attributes|Raises|Returns|Examples?|References|Source):?\s*")
UNDERLINE = re.compile(r"\s*-{3,}\s*")
# A role, code between double backticks, code between single ones.
QUOTED = re.compile(r"(:\w+:`[^`]*`)|(``.*?``)|`([^`<]+)`(?!_)")


COLON = "\ufdd0"  # stands for a colon while napoleon reads


def _restored(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    lines[:] = [line.replace(COLON, ":") for line in lines]


def _plain(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    _sections(lines)
    if what in ("property", "attribute", "data") and lines:
        lines[0] = re.sub(r":(?=\s)", COLON, lines[0])
    formula = None  # the indent of a directive of formulas, while inside one
    for i, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        if line.strip() and formula is not None and indent <= formula:
            formula = None
        if line.lstrip().startswith(".. math::"):
            formula = indent
        if formula is None and not line.lstrip().startswith((">>>", "...")):
            line = QUOTED.sub(lambda found: f"``{found[3]}``" if found[3] else found[0], line)
            lines[i] = re.sub(r"(?<!\S)\|(?=[^\s|])", r"\\|", line)
            lines[i] = re.sub(r"(?<=\w``)(?=[\w^])", r"\\ ", lines[i])


def _sections(lines: list[str]) -> None:
    for i in range(len(lines) - 2, -1, -1):
        if not SECTION.fullmatch(lines[i]) or not UNDERLINE.fullmatch(lines[i + 1]):
            continue
        following = next((line for line in lines[i + 2 :] if line.strip()), "")
        indent = len(lines[i]) - len(lines[i].lstrip())
        if len(following) - len(following.lstrip()) > indent:
            lines[i : i + 2] = [lines[i].rstrip().rstrip(":") + ":"]
        elif following.lstrip().startswith(">>>"):  # an example that is not indented
            lines[i : i + 2] = [".. rubric:: " + lines[i].strip().rstrip(":"), ""]


def _not_ours(app: Sphinx, what: str, name: str, obj: Any, skip: bool, options: Any) -> bool | None:
    """Leave out what scikit-learn puts into every estimator: set_fit_request, set_score_request ..."""
    return True if re.fullmatch(r"set_\w+_request", name) else None


def setup(app: Sphinx) -> dict[str, Any]:
    """Run before napoleon, whose priority is 500."""
    app.connect("autodoc-process-docstring", _plain, priority=400)
    app.connect("autodoc-process-docstring", _restored, priority=600)
    app.connect("autodoc-skip-member", _not_ours)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
