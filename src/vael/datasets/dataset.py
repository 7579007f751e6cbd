"""The one thing that every reader returns."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from vael.errors import InputError

__all__ = ["Dataset", "column_names", "pixel_names"]


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Rows of numbers, with labels where there are some, and where they came from.

    ``X`` is (rows, features) in the dtype of its source: bytes stay bytes. Images are flattened in
    the order height, width, channel, and ``image_shape`` is (H, W) or (H, W, C). The arrays are
    read-only and C-contiguous, so that no step can change what another one sees.

    Raises ``InputError`` when the parts do not fit each other.
    """

    X: np.ndarray
    y: np.ndarray | None = None
    X_test: np.ndarray | None = None
    y_test: np.ndarray | None = None
    name: str = "data"
    feature_names: tuple[str, ...] = ()
    image_shape: tuple[int, ...] | None = None
    licence: str = "unknown"
    source: str = "memory"

    def __post_init__(self) -> None:
        if self.X.ndim != 2:
            raise InputError(f"{self.name}: X must have two axes (rows, features), got shape {self.X.shape}")
        features = self.X.shape[1]
        if not self.feature_names:
            names = pixel_names(self.image_shape) if self.image_shape else column_names(features)
            object.__setattr__(self, "feature_names", names)
        self._check_fit(features)
        for field in ("X", "y", "X_test", "y_test"):
            array = getattr(self, field)
            if array is not None:
                object.__setattr__(self, field, _read_only(array))

    def _check_fit(self, features: int) -> None:
        if self.image_shape is not None and math.prod(self.image_shape) != features:
            raise InputError(
                f"{self.name}: image_shape {self.image_shape} has {math.prod(self.image_shape)} "
                f"values, but a row of X has {features}"
            )
        if len(self.feature_names) != features:
            raise InputError(f"{self.name}: {len(self.feature_names)} feature names for {features} features")
        if self.X_test is None and self.y_test is not None:
            raise InputError(f"{self.name}: y_test was given without X_test")
        if self.X_test is not None and self.X_test.shape[1:] != (features,):
            raise InputError(
                f"{self.name}: X_test has shape {self.X_test.shape}, but X has {features} features"
            )
        for labels, rows, suffix in ((self.y, self.X, ""), (self.y_test, self.X_test, "_test")):
            if labels is not None and rows is not None and labels.shape != (len(rows),):
                raise InputError(
                    f"{self.name}: y{suffix} has shape {labels.shape}, but X{suffix} has "
                    f"{len(rows)} rows: give one label for each row"
                )

    def sha256(self) -> str:
        """Hex digest of ``X``, and of ``y`` where there is one: dtype, shape and values."""
        digest = hashlib.sha256()
        for array in (self.X, self.y):
            if array is not None:
                _feed(digest, array)
        return digest.hexdigest()

    def __repr__(self) -> str:
        parts = [f"X={self.X.shape} {self.X.dtype}"]
        if self.y is not None:
            parts.append(f"y={len(np.unique(self.y))} labels")
        if self.X_test is not None:
            parts.append(f"X_test={self.X_test.shape}")
        if self.image_shape is not None:
            parts.append(f"image_shape={self.image_shape}")
        return f"Dataset({self.name!r}, {', '.join(parts)})"


def column_names(features: int) -> tuple[str, ...]:
    """Names of columns that have none: x0, x1, ..., as scikit-learn calls them."""
    return tuple(f"x{index}" for index in range(features))


def pixel_names(image_shape: tuple[int, ...]) -> tuple[str, ...]:
    """Names of the pixels of an image, in the order of a row: pixel_ROW_COLUMN[_CHANNEL]."""
    return tuple("pixel_" + "_".join(map(str, index)) for index in np.ndindex(*image_shape))


def _read_only(array: np.ndarray) -> np.ndarray:
    # A view, so that the caller's own array stays writeable for the caller.
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view


def _feed(digest: Any, array: np.ndarray) -> None:
    # Little-endian on every machine, so that one data set has one digest.
    portable = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    digest.update(f"{portable.dtype.str}{portable.shape}".encode())
    digest.update(portable.view(np.uint8) if portable.dtype.kind == "U" else portable)
