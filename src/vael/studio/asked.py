"""What a page asked for, read with care: every field is checked before any work is done."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vael.errors import InputError

__all__ = ["Asked"]


class Asked:
    """The fields of a request, a JSON object. Each reader raises `InputError` that names the field."""

    def __init__(self, fields: object) -> None:
        if not isinstance(fields, Mapping):
            raise InputError("a request is a JSON object")
        self.fields: Mapping[str, Any] = fields

    def has(self, name: str) -> bool:
        """Whether a field is there and not null."""
        return self.fields.get(name) is not None

    def number(
        self, name: str, low: float = -math.inf, high: float = math.inf, default: float | None = None
    ) -> float:
        """Read a finite number from `low` to `high`."""
        value = self._given(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise InputError(f"{name} must be a number, got {_shown(value)}")
        if not low <= value <= high:
            raise InputError(f"{name} must be from {low:g} to {high:g}, got {value:g}")
        return float(value)

    def whole(self, name: str, low: int, high: int, default: int | None = None) -> int:
        """Read a whole number from `low` to `high`."""
        value = self._given(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise InputError(f"{name} must be a whole number from {low} to {high}, got {_shown(value)}")
        return value

    def choice(self, name: str, choices: Sequence[str], default: str | None = None) -> str:
        """Read one of several words."""
        value = self._given(name, default)
        if value not in choices:
            raise InputError(f"{name} must be one of {', '.join(choices)}, got {_shown(value)}")
        return str(value)

    def text(self, name: str, longest: int = 200, default: str | None = None) -> str:
        """Read a short text."""
        value = self._given(name, default)
        if not isinstance(value, str) or len(value) > longest:
            raise InputError(f"{name} must be a text of at most {longest} characters, got {_shown(value)}")
        return value

    def switch(self, name: str, default: bool = False) -> bool:
        """Read true or false."""
        value = self._given(name, default)
        if not isinstance(value, bool):
            raise InputError(f"{name} must be true or false, got {_shown(value)}")
        return value

    def vector(self, name: str, length: int) -> np.ndarray:
        """Read finite numbers, (length,), float64."""
        return self._array(name, (length,))

    def matrix(self, name: str, columns: int, most: int, least: int = 1) -> np.ndarray:
        """Read rows of finite numbers, (rows, columns), float64: from `least` to `most` rows."""
        value = self._given(name, None)
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise InputError(f"{name} must be a list of {least} to {most} rows, got {_shown(value)}")
        return self._array(name, (len(value), columns))

    def indices(self, name: str, end: int, most: int | None = None) -> np.ndarray:
        """Read row numbers from 0 to `end` - 1, (n,), int64, n at least 1."""
        value = self._given(name, None)
        limit = end if most is None else most
        if not isinstance(value, list) or not 1 <= len(value) <= limit:
            raise InputError(f"{name} must be a list of 1 to {limit} row numbers, got {_shown(value)}")
        if not all(isinstance(each, int) and not isinstance(each, bool) for each in value):
            raise InputError(f"{name} must hold whole numbers only")
        if min(value) < 0 or max(value) >= end:
            raise InputError(f"{name} must hold row numbers from 0 to {end - 1}")
        return np.array(value, dtype=np.int64)

    def _given(self, name: str, default: Any) -> Any:
        value = self.fields.get(name)
        if value is None and default is None:
            raise InputError(f"{name} is missing")
        return default if value is None else value

    def _array(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        value = self._given(name, None)
        size = " x ".join(map(str, shape))
        try:
            array = np.array(value, dtype=np.float64)
        except (TypeError, ValueError, OverflowError):
            raise InputError(f"{name} must be {size} numbers, got {_shown(value)}") from None
        if array.shape != shape or not np.isfinite(array).all():
            raise InputError(f"{name} must be {size} finite numbers, got {_shown(value)}")
        return array


def _shown(value: object) -> str:
    if isinstance(value, list):
        return f"a list of {len(value)}"
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
