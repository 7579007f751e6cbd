"""Errors and warnings that vael raises on purpose."""

from __future__ import annotations

__all__ = [
    "DownloadError",
    "InputError",
    "MissingDependencyError",
    "NonFiniteError",
    "RunError",
    "VaelError",
    "VaelWarning",
]


class VaelError(Exception):
    """Base of every error that vael raises on purpose."""


class InputError(VaelError, ValueError):
    """Data or an argument that cannot be used: what, where, what to do."""


class RunError(VaelError, OSError):
    """A run folder that cannot be read, written or resumed."""


class DownloadError(VaelError, OSError):
    """A data set that is not here and could not be fetched."""


class NonFiniteError(VaelError, ArithmeticError):
    """Training met a loss or a gradient that is not finite."""


class MissingDependencyError(VaelError, ImportError):
    """An optional package is needed: the message names the extra to install."""


class VaelWarning(UserWarning):
    """Base of every warning of vael; its message carries what to do."""
