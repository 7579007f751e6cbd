"""Reports: blocks of content, rendered to one self-contained HTML file."""

from __future__ import annotations

from vael.report.blocks import (
    Block,
    Cell,
    Code,
    Column,
    Drawable,
    Fact,
    Facts,
    Group,
    Heading,
    Measured,
    Notice,
    Picture,
    PointCloud,
    Report,
    Section,
    Table,
    Text,
)
from vael.report.render import render, write

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
    "render",
    "write",
]
