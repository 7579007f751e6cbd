"""vael: learn a distribution with a variational autoencoder, and put it to work."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from vael.errors import InputError, NonFiniteError, RunError, VaelError, VaelWarning

if TYPE_CHECKING:
    from vael.estimators import VAE, Autoencoder, load

__all__ = [
    "VAE",
    "Autoencoder",
    "InputError",
    "NonFiniteError",
    "RunError",
    "VaelError",
    "VaelWarning",
    "load",
]

_ESTIMATORS = ("VAE", "Autoencoder", "load")
_ROOMS = (
    "datasets",
    "distributions",
    "estimators",
    "evaluation",
    "models",
    "nn",
    "objectives",
    "plots",
    "training",
)


def __getattr__(name: str) -> Any:
    """Load heavy parts when they are first used."""
    if name in _ESTIMATORS:
        return getattr(import_module("vael.estimators"), name)
    if name in _ROOMS:
        return import_module(f"vael.{name}")
    raise AttributeError(f"module 'vael' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_ROOMS])
