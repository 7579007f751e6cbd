"""What a report is made of: frozen blocks that hold content and no layout."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from vael.errors import InputError
from vael.report.polylines import Polylines

__all__ = [
    "Block",
    "Cell",
    "Code",
    "Column",
    "Drawable",
    "Fact",
    "Facts",
    "Group",
    "Heading",
    "Measured",
    "Notice",
    "Picture",
    "PointCloud",
    "Report",
    "Section",
    "Table",
    "Text",
]


@runtime_checkable
class Drawable(Protocol):
    """What a picture asks of a figure; `matplotlib.figure.Figure` is one."""

    def savefig(self, fname: Any, **options: Any) -> Any:
        """Write the figure to a file object."""
        ...


@dataclass(frozen=True)
class Measured:
    """A mean with the standard deviation (or error) that belongs to it, shown as 74.7 ± 0.9."""

    mean: float
    spread: float


Cell: TypeAlias = str | int | float | np.integer[Any] | np.floating[Any] | Measured | None


@dataclass(frozen=True)
class Text:
    """Paragraphs, set apart by empty lines, with a little markup.

    `*emphasis*`, `**strong**`, a span in backquotes for code, `_{sub}`, `^{super}`,
    `[words](https://address)`; a paragraph whose lines all begin with `- ` is a list.
    Everything else, HTML too, is shown as it was written.
    """

    text: str


@dataclass(frozen=True)
class Heading:
    """A heading one level below the section's title."""

    text: str


@dataclass(frozen=True)
class Fact:
    """One label and its value, with a unit and a short remark where they help.

    A string or a whole number is shown as given; a float with `digits` decimals, or as Python
    writes it where `digits` is None.
    """

    label: str
    value: Cell
    unit: str = ""
    note: str = ""
    digits: int | None = None


@dataclass(frozen=True)
class Facts:
    """A list of facts, set as two columns."""

    facts: Sequence[Fact]


@dataclass(frozen=True)
class Column:
    """A column of a table.

    `digits` is the number of decimals of its floats; `best` sets the highest or the lowest value
    of each group in bold, and its ties at that number of decimals with it.
    """

    header: str
    unit: str = ""
    digits: int | None = None
    best: Literal["high", "low"] | None = None


@dataclass(frozen=True)
class Group:
    """Rows of a table under a title of their own; the best values are sought within it."""

    title: str
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True)
class Table:
    """A table: columns (a plain string is a column without a unit), rows or groups of rows.

    Raises `InputError` where a row has another number of cells than there are columns.
    """

    columns: Sequence[Column | str]
    rows: Sequence[Sequence[Cell] | Group]
    caption: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        plain = [row for row in self.rows if not isinstance(row, Group)]
        grouped = [row for group in self.rows if isinstance(group, Group) for row in group.rows]
        for row in plain + grouped:
            if len(row) != len(self.columns):
                raise InputError(
                    f"table {self.caption!r}: a row has {len(row)} cells "
                    f"but there are {len(self.columns)} columns: {list(row)!r}"
                )


@dataclass(frozen=True)
class Picture:
    """A figure in a light and, where there is one, a dark version; the theme of the page chooses.

    `alt` says in words what is to be seen. `format` is "svg", "png" (drawn at twice the size), or
    "auto": SVG for a few lines and marks, PNG for images and thousands of points.
    """

    light: Drawable
    dark: Drawable | None = None
    caption: str = ""
    alt: str = ""
    format: Literal["auto", "svg", "png"] = "auto"


@dataclass(frozen=True)
class Notice:
    """Something the reader must know, and what to do about it."""

    level: Literal["note", "warning", "error"]
    text: str
    action: str = ""


@dataclass(frozen=True)
class Code:
    """Lines of code or of a terminal, set as they are."""

    text: str
    caption: str = ""


@dataclass(frozen=True)
class PointCloud:
    """Points in three dimensions, to be turned with the mouse.

    Parameters
    ----------
    points : array of shape (n, 3)
        Finite coordinates.
    labels : array of shape (n,), optional
        Classes. With `label_names` they are whole numbers that index the names; without, their
        distinct values in sorted order are the names.
    values : array of shape (n,), optional
        Finite numbers, shown as a colour scale; instead of labels.
    label_names : sequence of str, optional
    value_name : str
        What the values are, with their unit.
    thumbnails : uint8 array of shape (n, height, width) or (n, height, width, 3), optional
        A small image for each point, shown under the pointer.
    axis_names : three strings
    colours : sequence of (light, dark) pairs of "#rrggbb", optional
        One pair for each class; the report has ten of its own and makes more where needed.
    curves : sequence of `Polylines`
        Lines among the points: each group has a switch of its own in the legend.
    caption, alt : str

    Raises
    ------
    InputError
        Where shapes or lengths do not agree, or a number is not finite.
    """

    points: NDArray[Any]
    labels: NDArray[Any] | None = None
    values: NDArray[Any] | None = None
    label_names: Sequence[str] | None = None
    value_name: str = ""
    thumbnails: NDArray[Any] | None = None
    axis_names: tuple[str, str, str] = ("z₁", "z₂", "z₃")
    colours: Sequence[tuple[str, str]] | None = None
    curves: Sequence[Polylines] = ()
    caption: str = ""
    alt: str = ""

    def __post_init__(self) -> None:
        _check_points(self.points)
        count = len(self.points)
        if self.labels is not None and self.values is not None:
            raise InputError("point cloud: give labels or values, not both")
        for name, array in (("labels", self.labels), ("values", self.values)):
            if array is not None and array.shape != (count,):
                raise InputError(f"point cloud: {name} must have shape ({count},), got {array.shape}")
        if self.values is not None and not np.isfinite(self.values).all():
            raise InputError("point cloud: values must be finite")
        if self.thumbnails is not None:
            _check_thumbnails(self.thumbnails, count)
        if self.label_names is not None:
            _check_names(self.labels, len(self.label_names))
        for pair in self.colours or ():
            if not all(re.fullmatch(r"#[0-9a-fA-F]{6}", colour) for colour in pair):
                raise InputError(f"point cloud: colours must read #rrggbb, got {pair!r}")


Block: TypeAlias = Text | Heading | Facts | Table | Picture | Notice | PointCloud | Code


@dataclass(frozen=True)
class Section:
    """A numbered section: its title, a leading text and its blocks."""

    title: str
    lead: str = ""
    blocks: Sequence[Block] = ()


@dataclass(frozen=True)
class Report:
    """A whole report: title, one line below it, the facts to see first, sections, footer."""

    title: str
    subtitle: str = ""
    summary: Sequence[Fact] = ()
    sections: Sequence[Section] = ()
    footer: str = ""


def _check_points(points: NDArray[Any]) -> None:
    if points.ndim != 2 or points.shape[1] != 3 or len(points) == 0:
        raise InputError(f"point cloud: points must have shape (n, 3) with n > 0, got {points.shape}")
    bad = np.flatnonzero(~np.isfinite(points).all(axis=1))
    if len(bad):
        raise InputError(f"point cloud: row {bad[0]} of the points is not finite")


def _check_thumbnails(thumbnails: NDArray[Any], count: int) -> None:
    colour = thumbnails.ndim == 4 and thumbnails.shape[3] == 3
    if thumbnails.dtype != np.uint8 or not (thumbnails.ndim == 3 or colour):
        raise InputError(
            "point cloud: thumbnails must be uint8 of shape (n, height, width) or "
            f"(n, height, width, 3), got {thumbnails.dtype} of shape {thumbnails.shape}"
        )
    if len(thumbnails) != count:
        raise InputError(f"point cloud: {len(thumbnails)} thumbnails for {count} points")


def _check_names(labels: NDArray[Any] | None, count: int) -> None:
    if labels is None:
        raise InputError("point cloud: label_names need labels")
    if labels.dtype.kind not in "iu":
        raise InputError(f"point cloud: with label_names, labels must be whole numbers, got {labels.dtype}")
    bad = np.flatnonzero((labels < 0) | (labels >= count))
    if len(bad):
        raise InputError(
            f"point cloud: label {labels[bad[0]]} in row {bad[0]} has no name ({count} names given)"
        )
