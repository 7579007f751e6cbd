"""Show the figures of the pages twice: drawn for light pages and for dark ones.

A page's hidden first cell calls `both_themes`; from then on each function of `ROOMS` that has a ``theme``
gives a `Picture`, of which a page shows the half that fits.
"""

from __future__ import annotations

import base64
import html
import inspect
import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from importlib import import_module
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from vael.plots import DARK, LIGHT
from vael.plots.theory import FIGURES

ROOMS = ("vael.plots", "vael.plots.theory", "vael.plots.geometry")
HEAVIEST_SVG = 250_000  # bytes; what is heavier becomes a PNG


@dataclass(frozen=True)
class Picture:
    """One figure in two themes."""

    light: Figure
    dark: Figure
    caption: str
    description: str

    def _repr_html_(self) -> str:
        told = html.escape(self.description, quote=True)
        images = "".join(
            f'<img class="only-{name}" alt="{told}" src="{_encoded(figure)}">'
            for name, figure in (("light", self.light), ("dark", self.dark))
        )
        caption = f"<figcaption>{html.escape(self.caption)}</figcaption>" if self.caption else ""
        return f'<figure class="picture">{images}{caption}</figure>'


def both_themes() -> None:
    """Wrap every function that draws."""
    for room in ROOMS:
        module = import_module(room)
        for name in module.__all__:
            draw = getattr(module, name)
            if hasattr(draw, "__wrapped__"):
                continue  # a page asked twice
            if inspect.isfunction(draw) and "theme" in inspect.signature(draw).parameters:
                setattr(module, name, _twice(draw))


def _twice(draw: Callable[..., Figure]) -> Callable[..., Picture]:
    told = next((figure for figure in FIGURES.values() if figure.draw is draw), None)

    @wraps(draw)
    def drawn(*arguments: Any, **settings: Any) -> Picture:
        light, dark = (draw(*arguments, theme=theme, **settings) for theme in (LIGHT, DARK))
        if told is None:
            return Picture(light, dark, "", (draw.__doc__ or draw.__name__).strip().splitlines()[0])
        # A caption tells of what is drawn by default; a page speaks for what it computed itself.
        default = not (arguments or settings)
        return Picture(light, dark, told.caption if default else "", told.alt)

    return drawn


def _encoded(figure: Figure) -> str:
    file = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "vael"}):
        figure.savefig(file, format="svg", metadata={"Date": None})
    kind = "svg+xml"
    if len(file.getvalue()) > HEAVIEST_SVG:
        file, kind = io.BytesIO(), "png"
        figure.savefig(file, format="png")
    return f"data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode()}"
