"""Numbers that belong together in one word: ``500,200`` or ``28x28``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, TypeAlias

from cyclopts import Parameter, Token

__all__ = ["Shape", "Widths"]


def _whole_numbers(type_: Any, tokens: Sequence[Token]) -> tuple[int, ...]:
    words = [word for token in tokens for word in re.split(r"[x×,\s]+", token.value.strip("()[] "))]
    if not words or not all(word.isdecimal() and int(word) > 0 for word in words):
        given = " ".join(token.value for token in tokens)
        raise ValueError(f"{given!r} is not whole numbers from 1 on, like 500,200 or 28x28")
    return tuple(int(word) for word in words)


Widths: TypeAlias = Annotated[
    tuple[int, ...],
    Parameter(converter=_whole_numbers, n_tokens=1, negative_iterable=(), metavar="N,N..."),
]
Shape: TypeAlias = Annotated[
    tuple[int, ...],
    Parameter(converter=_whole_numbers, n_tokens=1, negative_iterable=(), metavar="HxW"),
]
