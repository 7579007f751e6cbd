"""A table made ready for the page: cells as text, the best of each group marked."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vael.report.blocks import Cell, Column, Group, Measured, Table
from vael.report.numbers import format_cell, is_number

__all__ = ["CellView", "GroupView", "HeaderView", "TableView", "view_table"]


@dataclass(frozen=True)
class HeaderView:
    """The head of a column."""

    text: str
    unit: str
    numeric: bool


@dataclass(frozen=True)
class CellView:
    """A cell as it is shown."""

    text: str
    numeric: bool
    best: bool
    heads_row: bool


@dataclass(frozen=True)
class GroupView:
    """Rows with or without a title above them."""

    title: str
    rows: Sequence[Sequence[CellView]]


@dataclass(frozen=True)
class TableView:
    """A table as it is shown."""

    headers: Sequence[HeaderView]
    groups: Sequence[GroupView]


def view_table(table: Table) -> TableView:
    """Format the cells, align the columns and find the best values of a table."""
    columns = [Column(item) if isinstance(item, str) else item for item in table.columns]
    groups = list(_groups(table))
    cells = [row for group in groups for row in group.rows]
    numeric = [_is_numeric([row[index] for row in cells]) for index in range(len(columns))]
    return TableView(
        headers=[HeaderView(item.header, item.unit, flag) for item, flag in zip(columns, numeric)],
        groups=[_view_group(group, columns, numeric) for group in groups],
    )


def _groups(table: Table) -> Iterator[Group]:
    """Yield the groups; rows that follow each other outside of any are one without a title."""
    loose: list[Sequence[Cell]] = []
    for row in table.rows:
        if not isinstance(row, Group):
            loose.append(row)
            continue
        if loose:
            yield Group("", loose)
            loose = []
        yield row
    if loose:
        yield Group("", loose)


def _is_numeric(cells: Sequence[Cell]) -> bool:
    present = [cell for cell in cells if cell is not None]
    return bool(present) and all(is_number(cell) for cell in present)


def _view_group(group: Group, columns: Sequence[Column], numeric: Sequence[bool]) -> GroupView:
    best = [_best([row[i] for row in group.rows], column) for i, column in enumerate(columns)]
    rows = [
        [
            CellView(
                text=format_cell(cell, column.digits),
                numeric=numeric[index],
                best=best[index] is not None and _rounded(cell, column) == best[index],
                heads_row=index == 0 and not numeric[0],
            )
            for index, (cell, column) in enumerate(zip(row, columns))
        ]
        for row in group.rows
    ]
    return GroupView(group.title, rows)


def _best(cells: Sequence[Cell], column: Column) -> float | None:
    """Return the best value of a column as it is shown, or None where there is nothing to compare."""
    values = [value for cell in cells if (value := _rounded(cell, column)) is not None]
    if column.best is None or len(values) < 2:
        return None
    return max(values) if column.best == "high" else min(values)


def _rounded(cell: Cell, column: Column) -> float | None:
    if not is_number(cell):
        return None
    value = float(cell.mean if isinstance(cell, Measured) else cell)  # pyright: ignore[reportArgumentType]
    if math.isnan(value):
        return None
    return value if column.digits is None else float(f"{value:.{column.digits}f}")
