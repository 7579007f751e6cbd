"""Files that commands write: arrays, tables and pictures, by the ending of their name."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vael.errors import InputError, MissingDependencyError

if TYPE_CHECKING:
    import numpy as np

__all__ = ["PICTURES", "TABLES", "check_output", "write_picture", "write_table"]

TABLES = (".npy", ".npz", ".csv", ".parquet")
PICTURES = (".png", ".svg", ".pdf")


def check_output(path: Path, endings: Sequence[str], *, overwrite: bool) -> None:
    """Refuse, before any work, a file of no known kind, one that exists, or a folder that does not."""
    if path.suffix.lower() not in endings:
        raise InputError(f"--out {path} must end in {', '.join(endings)}")
    if path.is_dir():
        raise InputError(f"--out {path} is a folder: give a file")
    if path.exists() and not overwrite:
        raise InputError(f"{path} exists already: choose another --out, or replace it by --overwrite")
    if not path.parent.is_dir():
        raise InputError(f"no such folder: {path.parent}; make it first, or choose another --out")


def write_table(
    path: Path,
    values: np.ndarray,
    columns: Sequence[str],
    *,
    key: str,
    extra: Mapping[str, np.ndarray] | None = None,
) -> None:
    """Write rows as the ending of the path says; `key` names them in an archive.

    `extra` are columns of their own in a table, arrays of their own in an archive; a ``.npy`` has none.
    """
    extra = extra or {}
    writers: dict[str, Callable[[], bytes]] = {
        ".npy": lambda: _npy(values),
        ".npz": lambda: _npz({key: values, **extra}),
        ".csv": lambda: _csv(values, columns, extra),
        ".parquet": lambda: _parquet(values, columns, extra),
    }
    _write(path, writers[path.suffix.lower()]())


def write_picture(path: Path, figure: Any) -> None:
    """Write a matplotlib figure."""
    content = io.BytesIO()
    figure.savefig(content, format=path.suffix.lower()[1:], dpi=200)
    _write(path, content.getvalue())


def _write(path: Path, content: bytes) -> None:
    from vael.training.files import write_bytes

    write_bytes(path, content)


def _npy(values: np.ndarray) -> bytes:
    import numpy as np

    content = io.BytesIO()
    np.save(content, values, allow_pickle=False)
    return content.getvalue()


def _npz(arrays: Mapping[str, np.ndarray]) -> bytes:
    import numpy as np

    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **arrays)
    return content.getvalue()


def _csv(values: np.ndarray, columns: Sequence[str], extra: Mapping[str, np.ndarray]) -> bytes:
    content = io.StringIO(newline="")
    writer = csv.writer(content, lineterminator="\n")
    writer.writerow([*columns, *extra])
    others = [column.tolist() for column in extra.values()]
    for row, *rest in zip(values, *others, strict=True):
        writer.writerow([*map(str, row), *rest])  # numpy writes the shortest digits of its own precision
    return content.getvalue().encode()


def _parquet(values: np.ndarray, columns: Sequence[str], extra: Mapping[str, np.ndarray]) -> bytes:
    try:
        import pyarrow as arrow
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise MissingDependencyError("Parquet needs pyarrow: pip install vael[tables]") from error
    content = io.BytesIO()
    named = dict(zip(columns, values.T, strict=True)) | dict(extra)
    parquet.write_table(arrow.table({k: arrow.array(v) for k, v in named.items()}), content)
    return content.getvalue()
