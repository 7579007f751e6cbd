"""IDX, the format of MNIST and its kin: a magic number, the sizes, then big-endian values."""

from __future__ import annotations

import gzip
import math
import re
import struct
import zlib
from pathlib import Path

import numpy as np

from vael.errors import InputError

__all__ = ["is_idx", "labels_beside", "read_idx"]

# The third byte of the file: http://yann.lecun.com/exdb/mnist/
_DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_GZIP = b"\x1f\x8b"


def read_idx(path: Path) -> np.ndarray:
    """Array of an IDX file, gzipped or not, in the machine's byte order.

    Raises ``InputError`` for a file that is no IDX, or whose length is not what its head says.
    """
    content = _content(path)
    if not _is_head(content):
        raise InputError(f"{path} is not an IDX file: it does not start with an IDX magic number")
    rank = content[3]
    start = 4 + 4 * rank
    if len(content) < start:
        raise InputError(f"{path} is truncated: it ends inside its head; fetch the file again")
    shape = struct.unpack(f">{rank}I", content[4:start])
    dtype = np.dtype(_DTYPES[content[2]])
    expected = start + math.prod(shape) * dtype.itemsize
    if len(content) != expected:
        what = "truncated" if len(content) < expected else "too long"
        raise InputError(
            f"{path} is {what}: shape {shape} needs {expected} bytes, it has {len(content)}; "
            "fetch the file again"
        )
    values = np.frombuffer(content, dtype, offset=start).reshape(shape)
    return values.astype(dtype.newbyteorder("="), copy=False)


def is_idx(path: Path) -> bool:
    """Whether a file starts as an IDX file does, under its gzip layer if it has one."""
    try:
        with path.open("rb") as file:
            head = file.read(4)
        if head.startswith(_GZIP):
            with gzip.open(path) as file:
                head = file.read(4)
    except (OSError, EOFError, zlib.error):
        return False
    return _is_head(head)


def labels_beside(path: Path) -> Path | None:
    """File of labels that belongs to a file of images by MNIST's naming, if it is there.

    ``train-images-idx3-ubyte.gz`` has its labels in ``train-labels-idx1-ubyte``, gzipped or not.
    """
    if not re.search(r"images[-.]idx\d", path.name):
        return None
    name = re.sub(r"images([-.])idx\d", r"labels\1idx1", path.name).removesuffix(".gz")
    beside = (path.with_name(name), path.with_name(name + ".gz"))
    return next((file for file in beside if file.is_file()), None)


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    if not content.startswith(_GZIP):
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path} is truncated or damaged ({error}); fetch the file again") from error


def _is_head(head: bytes) -> bool:
    return len(head) >= 4 and head[:2] == b"\0\0" and head[2] in _DTYPES and head[3] > 0
