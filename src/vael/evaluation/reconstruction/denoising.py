"""Corrupt rows, reconstruct them, and measure how much of the damage is mended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from vael.errors import InputError
from vael.evaluation.tables import text_table

__all__ = ["CORRUPTIONS", "DenoisingResult", "corrupt", "denoise", "value_range_of"]


def _gaussian(unit: np.ndarray, amount: float, rng: np.random.Generator) -> np.ndarray:
    """Add noise of standard deviation `amount`, then clip to the range."""
    return np.clip(unit + amount * rng.standard_normal(unit.shape), 0.0, 1.0)


def _salt_and_pepper(unit: np.ndarray, amount: float, rng: np.random.Generator) -> np.ndarray:
    """Put a share `amount` of the entries to the top or the bottom of the range, evenly."""
    draw = rng.random(unit.shape)
    return np.where(draw < amount, (draw < amount / 2).astype(np.float64), unit)


def _masking(unit: np.ndarray, amount: float, rng: np.random.Generator) -> np.ndarray:
    """Put a share `amount` of the entries to the bottom of the range."""
    return np.where(rng.random(unit.shape) < amount, 0.0, unit)


Corruption = Callable[[np.ndarray, float, np.random.Generator], np.ndarray]

CORRUPTIONS: Mapping[str, Corruption] = MappingProxyType(
    {"gaussian": _gaussian, "salt-and-pepper": _salt_and_pepper, "masking": _masking}
)


def value_range_of(X: ArrayLike) -> tuple[float, float]:
    """Lowest and highest value: 0, 255 for uint8; 0, 1 where all lie there; else those that X has."""
    values = np.asarray(X)
    if values.dtype == np.uint8:
        return 0.0, 255.0
    low, high = float(values.min()), float(values.max())
    return (0.0, 1.0) if low >= 0 and high <= 1 else (low, high)


def corrupt(
    X: ArrayLike,
    kind: str,
    amount: float,
    random_state: int | np.random.Generator | None = None,
    *,
    value_range: tuple[float, float] | None = None,
) -> np.ndarray:
    """Damage each entry of X on its own; units, shape and dtype stay.

    Parameters
    ----------
    X : array-like of shape (n_rows, ...)
        Finite numbers.
    kind : str
        "gaussian" (noise of standard deviation `amount` of the range, clipped to it), "salt-and-pepper" (a
        share `amount` of the entries goes to one end of the range or the other) or "masking" (a share
        `amount` goes to the lower end).
    amount : float
        In [0, 1] for shares, >= 0 for noise.
    random_state : int, Generator or None, default=None
        Draws the damage.
    value_range : (low, high), default=None
        None takes `value_range_of(X)`.
    """
    values = _checked(X)
    if kind not in CORRUPTIONS:
        raise InputError(f"no corruption is called {kind!r}: choose from {', '.join(CORRUPTIONS)}")
    if not 0 <= amount < np.inf or (kind != "gaussian" and amount > 1):
        raise InputError(f"amount of {kind} must be >= 0, and <= 1 for a share; got {amount}")
    low, high = _checked_range(value_range_of(values) if value_range is None else value_range)
    unit = (values.astype(np.float64) - low) / (high - low)
    damaged = CORRUPTIONS[kind](unit, amount, np.random.default_rng(random_state))
    back = low + damaged * (high - low)
    # An entry that was left alone comes back to the bit.
    back = np.where(damaged == unit, values, back)
    if values.dtype.kind in "iu":
        return np.rint(back).astype(values.dtype)
    return back.astype(values.dtype)


@dataclass(frozen=True, eq=False)
class DenoisingResult:
    """How near a reconstruction of corrupted rows comes to the rows before the damage.

    Errors are squared, averaged over the features of a row, in units of the value range: on [0, 1].

    Attributes
    ----------
    kind, amount : of the corruption
    value_range : (low, high) in the data's units
    error_before : of the corrupted rows, shape (n,)
    error_after : of their reconstructions, shape (n,)
    error_clean : of the reconstructions of the rows before the damage, shape (n,): what no denoising
        by this model can be expected to go much below
    clean, corrupted, restored : the first rows of each, in the data's units, for pictures
    """

    kind: str
    amount: float
    value_range: tuple[float, float]
    error_before: np.ndarray
    error_after: np.ndarray
    error_clean: np.ndarray
    clean: np.ndarray
    corrupted: np.ndarray
    restored: np.ndarray

    def to_rows(self) -> list[dict[str, Any]]:
        """One flat dictionary of means over the rows."""
        return [self.to_dict()]

    def to_dict(self) -> dict[str, Any]:
        """Means over the rows, and the setting, in types that `json.dumps` takes."""
        return {
            "kind": self.kind,
            "amount": float(self.amount),
            "rows": len(self.error_before),
            "value_range": [float(end) for end in self.value_range],
            "error_before": float(self.error_before.mean()),
            "error_after": float(self.error_after.mean()),
            "error_clean": float(self.error_clean.mean()),
            "share_improved": float((self.error_after < self.error_before).mean()),
        }

    def __str__(self) -> str:
        """Text: the means as a table of one row."""
        entry = self.to_dict()
        header = ["corruption", "amount", "before", "after", "clean", "rows improved"]
        errors = [f"{entry[name]:.5f}" for name in ("error_before", "error_after", "error_clean")]
        row = [self.kind, f"{self.amount:g}", *errors, f"{100 * entry['share_improved']:.1f} %"]
        low, high = self.value_range
        return (
            text_table(header, [row])
            + f"\n\nMean squared error a feature over {entry['rows']} rows, values [{low:g}, {high:g}] "
            "taken to [0, 1];\nclean: of the reconstruction of the rows before the damage"
        )


def denoise(
    reconstruct: Callable[[np.ndarray], ArrayLike],
    X: ArrayLike,
    *,
    kind: str = "gaussian",
    amount: float = 0.3,
    random_state: int | np.random.Generator | None = 0,
    value_range: tuple[float, float] | None = None,
    examples: int = 10,
) -> DenoisingResult:
    """Reconstruct corrupted rows and measure the squared error before and after.

    `reconstruct` takes rows in the data's units and shape and gives the same back, as the estimators'
    method of that name does. `examples` rows are kept for pictures. The other arguments: `corrupt`.
    """
    values = _checked(X)
    span = _checked_range(value_range_of(values) if value_range is None else value_range)
    damaged = corrupt(values, kind, amount, random_state, value_range=span)
    restored = np.asarray(reconstruct(damaged))
    again = np.asarray(reconstruct(values))
    for result in (restored, again):
        if result.shape != values.shape:
            raise InputError(f"reconstruct must give back shape {values.shape}, but gave {result.shape}")
    return DenoisingResult(
        kind=kind,
        amount=amount,
        value_range=span,
        error_before=_error(values, damaged, span),
        error_after=_error(values, restored, span),
        error_clean=_error(values, again, span),
        clean=values[:examples].copy(),
        corrupted=damaged[:examples].copy(),
        restored=restored[:examples].copy(),
    )


def _error(truth: np.ndarray, other: np.ndarray, span: tuple[float, float]) -> np.ndarray:
    """Mean squared difference of each row, with the range taken to [0, 1]."""
    difference = (other.astype(np.float64) - truth.astype(np.float64)) / (span[1] - span[0])
    return np.square(difference).reshape(len(truth), -1).mean(axis=1)


def _checked(X: ArrayLike) -> np.ndarray:
    values = np.asarray(X)
    if values.ndim < 2 or values.size == 0 or values.dtype.kind not in "iuf":
        raise InputError(f"denoising needs numbers, rows first; got {values.dtype} of shape {values.shape}")
    if not np.isfinite(values).all():
        where = np.argwhere(~np.isfinite(values))[0]
        raise InputError(f"X has {values[tuple(where)]} in row {where[0]}, place {where[1:].tolist()}")
    return values


def _checked_range(span: tuple[float, float]) -> tuple[float, float]:
    if not (np.isfinite(span).all() and span[0] < span[1]):
        raise InputError(f"value_range must be (low, high) with low < high, got {span}")
    return float(span[0]), float(span[1])
