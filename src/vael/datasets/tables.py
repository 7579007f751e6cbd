"""Tables of numbers: CSV with the core alone, Parquet with pyarrow through narwhals."""

from __future__ import annotations

import csv
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vael.datasets.arrays import dataset_from_arrays
from vael.datasets.checks import first_non_finite
from vael.datasets.dataset import Dataset, column_names
from vael.datasets.frames import frame_values
from vael.datasets.labels import labels_from_text
from vael.errors import InputError, MissingDependencyError

__all__ = ["read_csv", "read_parquet"]

_DELIMITERS = ",;\t"


def read_csv(path: Path, *, label: str | None = None, image_shape: tuple[int, ...] | None = None) -> Dataset:
    """Read a text table (comma, semicolon or tab); ``label`` names the label's column.

    Columns of whole numbers only give int64, else float64. Without a head the columns are x0,
    x1, ...; a first line 0,1,2,... counts as a head. Raises ``InputError`` with the line and the
    column of the first cell that is missing or no number.
    """
    try:
        head = _read_head(path)
        index = None if label is None else _label_index(path, head.names, label)
        features = [column for column in range(len(head.names)) if column != index]
        X = _numbers(path, head, features)
        y = None if index is None else _labels(path, head, index)
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text ({error}): save it as UTF-8") from error
    except csv.Error as error:
        raise InputError(f"{path} is not a CSV table ({error})") from error
    bad = first_non_finite(X)
    if bad is not None:
        line, _ = next(row for i, row in enumerate(_rows(path, head)) if i == bad[0])
        raise InputError(
            f"{path}, line {line}, column {head.names[features[bad[1]]]!r}: "
            f"{'NaN (a missing value)' if np.isnan(X[bad]) else 'infinity (inf)'}; "
            "fill such cells or drop their lines first"
        )
    return dataset_from_arrays(
        X,
        y,
        name=path.stem,
        source=str(path),
        image_shape=image_shape,
        feature_names=[head.names[column] for column in features],
    )


def read_parquet(
    path: Path, *, label: str | None = None, image_shape: tuple[int, ...] | None = None
) -> Dataset:
    """Read a Parquet table; ``label`` names the label's column.

    Raises ``MissingDependencyError`` without pyarrow, and ``InputError`` for a damaged file, a
    column that holds no numbers, or a missing cell.
    """
    import narwhals as nw

    try:
        import pyarrow as arrow
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise MissingDependencyError(
            "Parquet needs pyarrow: pip install vael[tables] (or save the table as CSV)"
        ) from error
    try:
        frame = nw.from_native(parquet.read_table(path), eager_only=True)
    except (arrow.ArrowException, OSError) as error:
        raise InputError(f"{path} is truncated or no Parquet file ({error})") from error
    labels = None
    if label is not None:
        column = frame.columns[_label_index(path, frame.columns, label)]
        labels = frame[column].to_numpy()
        frame = frame.drop(column)
    names = [str(column) for column in frame.columns]
    return dataset_from_arrays(
        frame_values(frame, name=str(path)),
        labels,
        name=path.stem,
        source=str(path),
        image_shape=image_shape,
        feature_names=names,
    )


@dataclass(frozen=True)
class _Head:
    """How a text table is laid out."""

    names: tuple[str, ...]
    delimiter: str
    has_names: bool


def _read_head(path: Path) -> _Head:
    with path.open(encoding="utf-8-sig", newline="") as file:
        first = next((line for line in file if line.strip()), "")
    if not first:
        raise InputError(f"{path} is empty: 0 lines")
    delimiter = max(_DELIMITERS, key=first.count)
    cells = [cell.strip() for cell in next(csv.reader([first], delimiter=delimiter))]
    counts = cells == [str(index) for index in range(len(cells))] and len(cells) > 1
    if all(map(_is_number, cells)) and not counts:
        return _Head(column_names(len(cells)), delimiter, has_names=False)
    if "" in cells:
        raise InputError(
            f"{path}: column {cells.index('') + 1} has no name; if it is pandas's index, write "
            "the file with to_csv(..., index=False)"
        )
    for name in cells:
        if cells.count(name) > 1:
            raise InputError(f"{path}: two columns are called {name!r}")
    return _Head(tuple(cells), delimiter, has_names=True)


def _label_index(path: Path, names: Sequence[str], label: str) -> int:
    if label not in names:
        shown = ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")
        raise InputError(f"{path} has no column {label!r} for labels; it has {shown}")
    return list(names).index(label)


def _rows(path: Path, head: _Head) -> Iterator[tuple[int, list[str]]]:
    """Line number in the file, counted from 1, and cells of each row of values."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=head.delimiter)
        pending = head.has_names
        for cells in reader:
            if not cells or (len(cells) == 1 and not cells[0].strip()):
                continue
            if pending:
                pending = False
                continue
            if len(cells) != len(head.names):
                raise InputError(
                    f"{path}, line {reader.line_num}: {len(cells)} cells, but the table has "
                    f"{len(head.names)} columns"
                )
            yield reader.line_num, cells


def _numbers(path: Path, head: _Head, features: list[int]) -> np.ndarray:
    if not features:
        raise InputError(f"{path} has no column besides the label")
    for dtype in (np.int64, np.float64):
        try:
            return _load_text(path, head, features, dtype)
        except (ValueError, DeprecationWarning):
            continue
    raise _first_bad_cell(path, head, features)


def _load_text(path: Path, head: _Head, features: list[int], dtype: type) -> np.ndarray:
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = (line for line in file if line.strip())
        if head.has_names:
            next(lines)
        with warnings.catch_warnings():
            # An int64 read from "1.5" is a deprecation in some versions of numpy, not an error.
            warnings.simplefilter("error", DeprecationWarning)
            warnings.filterwarnings("ignore", "loadtxt: input contained no data")
            values = np.loadtxt(
                lines,
                dtype=dtype,
                delimiter=head.delimiter,
                quotechar='"',
                comments=None,
                ndmin=2,
                # All columns at once, so that a line with a cell too many is an error.
                usecols=None if len(features) == len(head.names) else features,
            )
    if values.size and values.shape[1] != len(features):
        raise ValueError("more cells than names")
    return values if values.size else np.empty((0, len(features)))


def _first_bad_cell(path: Path, head: _Head, features: list[int]) -> InputError:
    for line, cells in _rows(path, head):
        for column in features:
            if not _is_number(cells[column]):
                place = f"{path}, line {line}, column {head.names[column]!r}"
                if not cells[column].strip():
                    return InputError(f"{place}: missing value; fill it or drop the line first")
                return InputError(
                    f"{place}: {cells[column]!r} is not a number; drop the column, or name it as the label"
                )
    return InputError(f"{path} is not a table of numbers")


def _labels(path: Path, head: _Head, index: int) -> np.ndarray:
    labels: list[str] = []
    for line, cells in _rows(path, head):
        if not cells[index].strip():
            raise InputError(
                f"{path}, line {line}, column {head.names[index]!r}: missing label "
                "(-1 marks a row without label)"
            )
        labels.append(cells[index])
    return labels_from_text(labels)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell
