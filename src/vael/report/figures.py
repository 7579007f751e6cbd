"""Matplotlib figures as data addresses: SVG for drawings, PNG at twice the size for the rest."""

from __future__ import annotations

import base64
import re
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Literal

from vael.errors import MissingDependencyError
from vael.report.blocks import Drawable

__all__ = ["CSS_PIXELS_PER_INCH", "Encoded", "data_address", "encode_figure"]

CSS_PIXELS_PER_INCH = 96
MOST_MARKS_IN_SVG = 3_000
MOST_BYTES_IN_SVG = 160_000


@dataclass(frozen=True)
class Encoded:
    """An image inside a page: its data address and its size in CSS pixels."""

    address: str
    width: int
    height: int


def encode_figure(figure: Drawable, file_format: Literal["auto", "svg", "png"] = "auto") -> Encoded:
    """Draw a matplotlib figure without its background and return it as a data address.

    The same figure gives the same bytes. With "auto", a figure that holds an image, more than
    3000 marks, or more than 160 kB of SVG becomes a PNG.
    """
    width, height = _size(figure)
    if file_format == "png" or (file_format == "auto" and _needs_raster(figure)):
        return Encoded(data_address("image/png", _png(figure)), width, height)
    drawing = _svg(figure)
    if file_format == "auto" and len(drawing) > MOST_BYTES_IN_SVG:
        return Encoded(data_address("image/png", _png(figure)), width, height)
    return Encoded(data_address("image/svg+xml", drawing), width, height)


def data_address(media_type: str, content: bytes) -> str:
    """Return a base64 `data:` address."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"


def _size(figure: Any) -> tuple[int, int]:
    width, height = figure.get_size_inches()
    return round(width * CSS_PIXELS_PER_INCH), round(height * CSS_PIXELS_PER_INCH)


def _needs_raster(figure: Any) -> bool:
    try:
        from matplotlib.collections import Collection
        from matplotlib.image import AxesImage
        from matplotlib.lines import Line2D
    except ImportError as error:
        raise MissingDependencyError(
            "pictures in a report need matplotlib: pip install vael[report]"
        ) from error
    if figure.findobj(AxesImage):
        return True
    marks = sum(max(len(item.get_offsets()), len(item.get_paths())) for item in figure.findobj(Collection))
    marks += sum(len(item.get_xdata()) for item in figure.findobj(Line2D))
    return marks > MOST_MARKS_IN_SVG


def _png(figure: Drawable) -> bytes:
    with _clear_background(figure):
        return _save(
            figure,
            format="png",
            dpi=2 * CSS_PIXELS_PER_INCH,
            metadata={"Software": None},
            pil_kwargs={"optimize": True},
        )


def _svg(figure: Drawable) -> bytes:
    from matplotlib import rc_context

    with _clear_background(figure), rc_context({"svg.hashsalt": "vael", "svg.fonttype": "path"}):
        text = _save(
            figure,
            format="svg",
            dpi=2 * CSS_PIXELS_PER_INCH,
            metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")),
        ).decode("utf-8")
    text = text[text.index("<svg") :]
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    return re.sub(r"\s*\n\s*", "\n", text).encode("utf-8")


def _save(figure: Drawable, **options: Any) -> bytes:
    buffer = BytesIO()
    figure.savefig(buffer, facecolor="none", edgecolor="none", **options)
    return buffer.getvalue()


@contextmanager
def _clear_background(figure: Any) -> Generator[None]:
    """Let the page show through axes that have the colour of the figure."""
    paper = figure.get_facecolor()
    patches = [axes.patch for axes in figure.axes if axes.patch.get_facecolor() == paper]
    shown = [patch.get_visible() for patch in patches]
    try:
        for patch in patches:
            patch.set_visible(False)
        yield
    finally:
        for patch, visible in zip(patches, shown):
            patch.set_visible(visible)
