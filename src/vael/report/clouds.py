"""A point cloud packed for the page: small whole numbers in base64, one image of all thumbnails."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vael.errors import MissingDependencyError
from vael.report.blocks import PointCloud
from vael.report.figures import data_address
from vael.report.numbers import format_cell

__all__ = ["PackedCloud", "pack_cloud"]

# Viridis without the end that would vanish into the page, on light and on dark.
VALUE_COLOURS = (
    "light-dark(#440154, #3e4989)",
    "light-dark(#423f85, #2c728e)",
    "light-dark(#2d718e, #1f988b)",
    "light-dark(#1e9d89, #3fbc73)",
    "light-dark(#56c667, #98d83e)",
    "light-dark(#cae11f, #fde725)",
)
LARGEST_INT16 = 32_767
LARGEST_UINT16 = 65_535


@dataclass(frozen=True)
class PackedCloud:
    """What the page's script reads.

    Attributes
    ----------
    colours : CSS colours, one for each class
    data : numbers, names and base64 strings; turns into JSON as it is
    counts : points in each class
    """

    names: Sequence[str]
    colours: Sequence[str]
    counts: Sequence[int]
    data: dict[str, Any]


def pack_cloud(cloud: PointCloud) -> PackedCloud:
    """Quantise a cloud to 16 bits an axis, which moves a point by at most 1/65534 of the drawing's extent."""
    points = np.asarray(cloud.points, dtype=np.float64)
    drawn = np.concatenate([points, *(line for group in cloud.curves for line in group.lines)])
    low, high = drawn.min(axis=0), drawn.max(axis=0)
    centre = (low + high) / 2
    scale = float((high - centre).max()) or 1.0

    def quantised(places: NDArray[Any]) -> str:
        return _base64(np.rint((places - centre) / scale * LARGEST_INT16).astype("<i2"))

    codes, names = _encode_labels(cloud)
    palette = _palette(cloud)
    colours = [_css_colour(index, palette) for index in range(len(names))]
    data: dict[str, Any] = {
        "count": len(points),
        "centre": [float(f"{value:.6g}") for value in centre],
        "scale": float(f"{scale:.6g}"),
        "points": quantised(points),
        "box": [[float(f"{value:.4g}") for value in pair] for pair in _box(points)],
        "axes": list(cloud.axis_names),
        "names": names,
        "colours": colours,
    }
    if codes is not None:
        data["labels"] = _base64(codes.astype("<u2"))
    if cloud.values is not None:
        data |= _pack_values(cloud.values, cloud.value_name)
    if cloud.thumbnails is not None:
        data["thumbnails"] = _pack_thumbnails(cloud.thumbnails)
    data["curves"] = [
        {
            "name": group.name,
            "colour": "var(--ink)" if group.colour is None else "light-dark({}, {})".format(*group.colour),
            "dashed": group.dashed,
            "counts": [len(line) for line in group.lines],
            "points": quantised(np.concatenate(list(group.lines))),
        }
        for group in cloud.curves
    ]
    counts = [] if codes is None else np.bincount(codes, minlength=len(names)).tolist()
    return PackedCloud(names, colours, counts, data)


def _encode_labels(cloud: PointCloud) -> tuple[NDArray[Any] | None, list[str]]:
    if cloud.labels is None:
        return None, []
    if cloud.label_names is not None:
        return cloud.labels, list(cloud.label_names)
    names, codes = np.unique(cloud.labels, return_inverse=True)
    return codes, [str(name) for name in names.tolist()]


def _box(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Find the frame around the points, (3, 2): their extent, less what few outliers stretch."""
    low, high = points.min(axis=0), points.max(axis=0)
    inner_low, inner_high = np.quantile(points, [0.01, 0.99], axis=0)
    margin = 0.15 * (inner_high - inner_low)
    return np.stack([np.maximum(low, inner_low - margin), np.minimum(high, inner_high + margin)], axis=1)


def _palette(cloud: PointCloud) -> Sequence[tuple[str, str]]:
    """Return the given colours, or those of the pictures, so that a class has one colour everywhere."""
    if cloud.colours is not None or cloud.labels is None:
        return cloud.colours or ()
    try:
        from vael.plots.style import DARK, LIGHT
    except ImportError as error:
        raise MissingDependencyError(
            "the colours of a report's classes need matplotlib: pip install vael[report]"
        ) from error
    return list(zip(LIGHT.classes, DARK.classes))


def _css_colour(index: int, palette: Sequence[tuple[str, str]]) -> str:
    """Return a colour for both themes; past the palette, hues that step by the golden angle."""
    if index < len(palette):
        light, dark = palette[index]
        return f"light-dark({light}, {dark})"
    hue = round(index * 180 * (3 - math.sqrt(5)) % 360, 1)
    return f"light-dark(oklch(0.55 0.13 {hue}), oklch(0.76 0.12 {hue}))"


def _pack_values(values: NDArray[Any], name: str) -> dict[str, Any]:
    low, high = float(values.min()), float(values.max())
    spread = (high - low) or 1.0
    steps = np.rint((values.astype(np.float64) - low) / spread * LARGEST_UINT16).astype("<u2")
    return {
        "values": _base64(steps),
        "valueName": name,
        "valueRange": [low, high],
        "valueText": [format_cell(float(f"{value:.4g}")) for value in (low, high)],
        "valueColours": list(VALUE_COLOURS),
    }


def _pack_thumbnails(thumbnails: NDArray[Any]) -> dict[str, Any]:
    """All thumbnails as the tiles of one PNG; greys are kept in 16 levels, colours in 256."""
    count, height, width = thumbnails.shape[:3]
    columns = math.ceil(math.sqrt(count * height / width))
    rows = math.ceil(count / columns)
    tiles = np.zeros((rows * columns, *thumbnails.shape[1:]), dtype=np.uint8)
    tiles[:count] = thumbnails
    sheet = tiles.reshape(rows, columns, *thumbnails.shape[1:]).swapaxes(1, 2)
    sheet = np.ascontiguousarray(sheet).reshape(rows * height, columns * width, *sheet.shape[4:])
    buffer = BytesIO()
    _palette_image(sheet).save(buffer, "PNG", optimize=True)
    return {
        "address": data_address("image/png", buffer.getvalue()),
        "width": width,
        "height": height,
        "columns": columns,
    }


def _palette_image(sheet: NDArray[Any]) -> Image.Image:
    if sheet.ndim == 3:
        return Image.fromarray(sheet).quantize(256)
    levels = np.rint(sheet / 17).astype(np.uint8)
    image = Image.fromarray(levels, mode=None)
    image.putpalette([17 * level for level in range(16) for _ in range(3)])
    return image


def _base64(array: NDArray[Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode("ascii")
