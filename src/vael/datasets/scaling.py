"""The affine map between the data's units and the model's."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from vael.errors import InputError

__all__ = ["Scaling"]

_KINDS = ("identity", "unit", "standardise", "centre")
_BLOCK = 1 << 21  # values scaled together, so that the float64 copy stays small


@dataclass(frozen=True, eq=False)
class Scaling:
    """Affine map: model value = (data value - ``offset``) / ``scale``, for each feature.

    Make one with ``identity``, ``centre``, ``unit`` or ``standardise``. ``offset`` and ``scale`` are float64
    of shape () or (features,); ``constant`` lists the features that had one value only when the
    map was made.
    """

    kind: str
    offset: np.ndarray
    scale: np.ndarray
    features: int
    constant: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            raise InputError(f"scaling must be one of {', '.join(_KINDS)}, got {self.kind!r}")
        for field in ("offset", "scale"):
            array = np.array(getattr(self, field), dtype=np.float64)
            if array.shape not in ((), (self.features,)) or not np.isfinite(array).all():
                raise InputError(f"scaling: {field} must be one or {self.features} finite numbers")
            array.flags.writeable = False
            object.__setattr__(self, field, array)
        if not (self.scale > 0).all():
            raise InputError("scaling: every scale must be above 0")

    @classmethod
    def identity(cls, features: int) -> Scaling:
        """Leave the data as it is."""
        return cls("identity", np.array(0.0), np.array(1.0), features)

    @classmethod
    def centre(cls, X: np.ndarray) -> Scaling:
        """Bring each feature of ``X``, (rows, features), to mean 0, and leave its unit."""
        return cls("centre", _moments(X)[0], np.array(1.0), X.shape[1])

    @classmethod
    def unit(cls, features: int, maximum: int) -> Scaling:
        """Bring whole numbers 0 to ``maximum`` (255 for bytes) into [0, 1]."""
        if maximum < 1:
            raise InputError(f"the maximum of integer data must be at least 1, got {maximum}")
        return cls("unit", np.array(0.0), np.array(float(maximum)), features)

    @classmethod
    def standardise(cls, X: np.ndarray) -> Scaling:
        """Bring each feature of ``X``, (rows, features), to mean 0 and standard deviation 1.

        A constant feature gets scale 1, and is listed in ``constant``.
        """
        mean, deviation = _moments(X)
        low, high = X.min(axis=0).astype(np.float64), X.max(axis=0).astype(np.float64)
        # Below this the deviation of a feature is rounding; the second bound keeps 1/scale finite.
        rounding = 8 * np.finfo(np.float64).eps * np.maximum(np.abs(low), np.abs(high))
        constant = (low == high) | (deviation <= np.maximum(rounding, np.finfo(np.float64).tiny))
        indices = tuple(int(index) for index in np.flatnonzero(constant))
        return cls("standardise", mean, np.where(constant, 1.0, deviation), X.shape[1], indices)

    @property
    def log_jacobian(self) -> float:
        """Nats to add to a log-density of a row in model units.

        For ``standardise`` the sum is a log-density of the data as given: -sum(ln scale). For
        ``identity`` and ``centre`` nothing changes. For ``unit`` it is 0 by convention:
        log-densities of integer images are those of the values scaled to [0, 1] (``density_of``
        says so).
        """
        if self.kind == "unit":
            return 0.0
        return -math.fsum(np.log(np.broadcast_to(self.scale, self.features)))

    @property
    def density_of(self) -> str:
        """What a log-density with ``log_jacobian`` added is a density of, in words."""
        if self.kind == "unit":
            return f"the values divided by {int(self.scale)}"
        return "the data as given"

    def to_model(self, X: np.ndarray) -> np.ndarray:
        """Model units, float32, of data (..., features); computed in float64."""
        self._check_features(X)
        if self.kind == "unit" and X.dtype == np.uint8:  # the same numbers, at a third of the time
            return np.divide(X, np.float32(self.scale), dtype=np.float32)
        return self._by_blocks(X, np.dtype(np.float32), lambda x: (x - self.offset) / self.scale)

    def to_data(self, x: np.ndarray, *, dtype: npt.DTypeLike | None = None) -> np.ndarray:
        """Give the data units of model values (..., features).

        Whole numbers (``unit``) are clamped to 0 and the maximum and rounded to even, in the
        smallest unsigned dtype that holds the maximum; a floating ``dtype`` keeps the fractions.
        Otherwise float64, unless ``dtype`` says more.
        """
        self._check_features(x)
        if self.kind != "unit":
            wanted = np.dtype(np.float64 if dtype is None else dtype)
            return self._by_blocks(x, wanted, lambda v: v * self.scale + self.offset)
        maximum = float(self.scale)
        wanted = np.dtype(np.min_scalar_type(int(maximum)) if dtype is None else dtype)
        digits = np.rint if wanted.kind in "iub" else np.asarray
        # Clamped before the cast: 1.02 * 255 as a byte would be 4.
        return self._by_blocks(x, wanted, lambda v: digits(np.clip(v * maximum, 0.0, maximum)))

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, from which ``from_dict`` makes the same map bit for bit."""
        return {
            "kind": self.kind,
            "offset": self.offset.tolist(),
            "scale": self.scale.tolist(),
            "features": self.features,
            "constant": list(self.constant),
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Scaling:
        """Make the map that ``to_dict`` described; raises ``InputError`` for anything else."""
        expected = {"kind", "offset", "scale", "features", "constant"}
        if set(values) != expected:
            raise InputError(f"a scaling has {sorted(expected)}, got {sorted(values)}")
        offset, scale = np.array(values["offset"]), np.array(values["scale"])
        return cls(values["kind"], offset, scale, int(values["features"]), tuple(values["constant"]))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scaling) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((self.kind, self.offset.tobytes(), self.scale.tobytes(), self.features))

    def __repr__(self) -> str:
        detail = f", maximum={int(self.scale)}" if self.kind == "unit" else ""
        return f"Scaling({self.kind!r}, features={self.features}{detail})"

    def _check_features(self, values: np.ndarray) -> None:
        if values.ndim == 0 or values.shape[-1] != self.features:
            raise InputError(f"the scaling was made for {self.features} features, got shape {values.shape}")

    def _by_blocks(
        self, values: np.ndarray, dtype: np.dtype, function: Callable[[np.ndarray], np.ndarray]
    ) -> np.ndarray:
        rows = values.reshape(-1, self.features)
        out = np.empty(rows.shape, dtype)
        step = max(1, _BLOCK // max(self.features, 1))
        with np.errstate(over="ignore"):
            for start in range(0, len(rows), step):
                block = rows[start : start + step].astype(np.float64)
                out[start : start + step] = function(block)
        if dtype.kind == "f" and not np.isfinite(out).all():
            raise InputError(f"values too large for {dtype}: bring the data to a smaller scale")
        return out.reshape(values.shape)


def _moments(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation (over rows, divided by their number) of each feature."""
    mean, deviation = np.empty(X.shape[1]), np.empty(X.shape[1])
    step = max(1, _BLOCK // len(X))
    for start in range(0, X.shape[1], step):
        part = X[:, start : start + step].astype(np.float64)
        # Relative to the largest value, so that no square overflows.
        largest = np.abs(part).max(axis=0)
        largest[largest == 0] = 1.0
        part /= largest
        mean[start : start + step] = part.mean(axis=0) * largest
        deviation[start : start + step] = part.std(axis=0) * largest
    return mean, deviation
