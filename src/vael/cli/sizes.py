"""Whole numbers, alone or together in one word: ``500,200`` or ``28x28``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeAlias

from cyclopts import Parameter, Token, validators

__all__ = ["Patience", "Seed", "Shape", "Whole", "Widths"]


def _whole_numbers(type_: Any, tokens: Sequence[Token]) -> tuple[int, ...]:
    words = [word for token in tokens for word in re.split(r"[x×,\s]+", token.value.strip("()[] "))]
    if not words or not all(word.isdecimal() and int(word) > 0 for word in words):
        given = " ".join(token.value for token in tokens)
        raise ValueError(f"{given!r} is not whole numbers from 1 on, like 500,200 or 28x28")
    return tuple(int(word) for word in words)


def _whole_number(type_: Any, tokens: Sequence[Token]) -> int:
    """Read one whole number; the command line's own reader would take 2.5 for 2."""
    word = tokens[0].value
    try:
        return int(word)
    except ValueError:
        raise ValueError(f"{word!r} is not a whole number") from None


def _whole_number_or_never(type_: Any, tokens: Sequence[Token]) -> int | Literal["never"]:
    return "never" if tokens[0].value == "never" else _whole_number(type_, tokens)


Whole: TypeAlias = Annotated[int, Parameter(converter=_whole_number, n_tokens=1, metavar="INT")]
Seed: TypeAlias = Annotated[Whole, Parameter(validator=validators.Number(gte=0, lt=2**32))]
Patience: TypeAlias = Annotated[
    int | Literal["never"], Parameter(converter=_whole_number_or_never, n_tokens=1, metavar="INT")
]
Widths: TypeAlias = Annotated[
    tuple[int, ...],
    Parameter(converter=_whole_numbers, n_tokens=1, negative_iterable=(), metavar="N,N..."),
]
Shape: TypeAlias = Annotated[
    tuple[int, ...],
    Parameter(converter=_whole_numbers, n_tokens=1, negative_iterable=(), metavar="HxW"),
]
