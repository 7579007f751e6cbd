"""Bodies of requests, read up to a size."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request

__all__ = ["MOST_FIELDS", "MOST_FILE", "Refused", "read_body", "read_fields"]

MOST_FIELDS = 2**21  # bytes of JSON: a lasso round 70000 rows is half of it
MOST_FILE = 2**23


class Refused(Exception):  # noqa: N818 - it is an answer, not a failure
    """A request that is answered by a status and one line."""

    def __init__(self, status: int, line: str) -> None:
        super().__init__(line)
        self.status = status
        self.line = line


async def read_body(request: Request, most: int) -> bytes:
    """Read a body of at most `most` bytes; more is refused before it is read."""
    told = request.headers.get("content-length", "0")
    if not told.isdigit() or int(told) > most:
        raise Refused(413, f"a body may have {most} bytes, and this one has {told}")
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise Refused(413, f"a body may have {most} bytes, and this one has more")
        parts.append(part)
    return b"".join(parts)


async def read_fields(request: Request) -> Any:
    """Read a JSON body."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refused(415, "a service is asked in JSON: Content-Type application/json")
    content = await read_body(request, MOST_FIELDS)
    try:
        return json.loads(content, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Refused(400, f"the body is no JSON: {error}") from error


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")
