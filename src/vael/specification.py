"""Parts that can be written down as JSON and built again.

A *part* is a class whose constructor arguments are plain values or other parts. `describe` writes
it as a JSON value, `build` makes it anew: this is what lets a run folder be loaded without a pickle.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, TypeVar

from torch import nn

from vael.errors import InputError, RunError

__all__ = ["build", "describe", "externals", "part"]

C = TypeVar("C", bound=type)
_PARTS: dict[str, type] = {}
_ARGUMENTS = "_part_arguments"


@dataclass(frozen=True)
class _Signature:
    """What a part's constructor was called with, in its own order."""

    arguments: dict[str, Any]


def part(cls: C) -> C:
    """Register a class as a part: from now on it remembers what it was built with."""
    if cls.__name__ in _PARTS:
        raise InputError(f"a part named {cls.__name__} is registered already: choose another name")
    original: Callable[..., None] = cls.__init__
    signature = inspect.signature(original)

    @functools.wraps(original)
    def remember(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        if type(self) is cls:
            bound = signature.bind(self, *args, **kwargs)
            bound.apply_defaults()
            arguments = dict(bound.arguments)
            arguments.pop(next(iter(signature.parameters)))
            object.__setattr__(self, _ARGUMENTS, _Signature(arguments))

    cls.__init__ = remember
    _PARTS[cls.__name__] = cls
    return cls


def describe(value: Any, *, slot: str = "") -> Any:
    """Write a part, or a plain value, as JSON.

    A module that is no part (a user's own network) is written as its class name under ``external``;
    `build` then asks for it by its slot (``"encoder"``, ``"decoder"``, ``"prior"``), which holds one
    such module at most.
    """
    written = _describe(value, slot)
    if len(_externals(written)) > 1:
        raise InputError(
            f"{slot}: two modules of your own in one place cannot be told apart when the model is "
            "loaded: join them in one module, or register their classes with vael.specification.part"
        )
    return written


def _describe(value: Any, slot: str) -> Any:
    remembered = getattr(value, _ARGUMENTS, None)
    if isinstance(remembered, _Signature):
        arguments = {k: _describe(v, slot) for k, v in remembered.arguments.items()}
        return {"part": type(value).__name__, **arguments}
    if isinstance(value, nn.Module):
        name = f"{type(value).__module__}.{type(value).__qualname__}"
        return {"external": slot, "class": name}
    if isinstance(value, (tuple, list)):
        return [_describe(v, slot) for v in value]
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real) and math.isfinite(value):
        return float(value)
    raise InputError(
        f"cannot write {value!r} of type {type(value).__name__} into a specification: use finite plain values"
    )


def externals(specification: Any) -> dict[str, str]:
    """Return the slots of a specification that a user's own module fills, each with its class."""
    return dict(_externals(specification))


def _externals(specification: Any) -> list[tuple[str, str]]:
    if isinstance(specification, list):
        return [found for value in specification for found in _externals(value)]
    if not isinstance(specification, Mapping):
        return []
    if "external" in specification:
        return [(str(specification["external"]), str(specification["class"]))]
    return [found for value in specification.values() for found in _externals(value)]


def build(specification: Any, *, modules: Mapping[str, nn.Module] | None = None) -> Any:
    """Build what `describe` wrote; `modules` gives a user's own modules by slot."""
    if isinstance(specification, list):
        return tuple(build(v, modules=modules) for v in specification)
    if not isinstance(specification, Mapping):
        return specification
    if "external" in specification:
        slot = str(specification["external"])
        given = (modules or {}).get(slot)
        if given is None:
            raise RunError(
                f"this model's {slot} holds a module of your own ({specification.get('class')}): "
                f"pass it, load(path, {slot}=...)"
            )
        return given
    name = str(specification.get("part"))
    if name not in _PARTS:
        raise RunError(f"unknown part {name!r}: this run was written by another version of vael")
    arguments = {k: build(v, modules=modules) for k, v in specification.items() if k != "part"}
    try:
        inspect.signature(_PARTS[name]).bind(**arguments)
    except TypeError as error:
        raise RunError(f"part {name} {error}: this run was written by another version of vael") from error
    return _PARTS[name](**arguments)
