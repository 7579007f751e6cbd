"""One binary body for arrays and the facts about them: what the server sends where JSON would be slow.

Little-endian throughout::

    bytes 0-3     "VAEL"
    bytes 4-7     format, uint32: 1
    bytes 8-11    length of the header, uint32
    then          the header, JSON in UTF-8: {"facts": {...}, "columns": [{name, dtype, shape, offset}, ...]}
    then          zeros up to the next multiple of 8: offsets count from here
    then          the arrays, each in C order, each beginning at a multiple of 8

so that a browser makes a typed array of each without copying a byte.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vael.errors import InputError

__all__ = ["DTYPES", "MAGIC", "Reply", "jsonable", "pack", "unpack"]

MAGIC, FORMAT, ALIGNMENT = b"VAEL", 1, 8
DTYPES = ("float32", "float64", "int32", "uint32", "uint16", "uint8")


@dataclass(frozen=True, eq=False)
class Reply:
    """What a service answers: facts that JSON can hold, and arrays by name."""

    facts: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)


def pack(reply: Reply) -> bytes:
    """Write a reply as one body; numbers that are not finite are null in its facts and kept in its arrays."""
    columns: list[dict[str, Any]] = []
    parts: list[bytes] = []
    offset = 0
    for name, array in reply.arrays.items():
        if array.dtype.name not in DTYPES:
            raise InputError(f"the array {name!r} is {array.dtype.name}: a body holds {', '.join(DTYPES)}")
        content = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes()
        columns.append(
            {"name": name, "dtype": array.dtype.name, "shape": list(array.shape), "offset": offset}
        )
        padding = -len(content) % ALIGNMENT
        parts += [content, bytes(padding)]
        offset += len(content) + padding
    header = json.dumps(
        {"facts": jsonable(reply.facts), "columns": columns}, allow_nan=False, separators=(",", ":")
    ).encode()
    start = MAGIC + FORMAT.to_bytes(4, "little") + len(header).to_bytes(4, "little") + header
    return b"".join((start, bytes(-len(start) % ALIGNMENT), *parts))


def unpack(body: bytes) -> Reply:
    """Read what `pack` wrote; the arrays are views of the body. Raises `InputError` for anything else."""
    if len(body) < 12 or body[:4] != MAGIC:
        raise InputError("not a body of the studio's: it does not begin with VAEL")
    if int.from_bytes(body[4:8], "little") != FORMAT:
        raise InputError(f"a body of format {int.from_bytes(body[4:8], 'little')}: this reads {FORMAT}")
    length = int.from_bytes(body[8:12], "little")
    try:
        header = json.loads(body[12 : 12 + length])
        start = 12 + length + (-(12 + length) % ALIGNMENT)
        arrays = {
            column["name"]: np.frombuffer(
                body,
                dtype=np.dtype(column["dtype"]).newbyteorder("<"),
                count=math.prod(column["shape"]),
                offset=start + column["offset"],
            ).reshape(column["shape"])
            for column in header["columns"]
        }
        return Reply(header["facts"], arrays)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"a damaged body: {error}") from error


def jsonable(value: Any) -> Any:
    """Return a value as JSON has it: arrays as lists, what is not finite as null."""
    if isinstance(value, Mapping):
        return {str(key): jsonable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(each) for each in value]
    if hasattr(value, "tolist"):  # NumPy's scalars and arrays
        return jsonable(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
