"""What every picture asks of its arrays before it draws."""

from __future__ import annotations

import math

import numpy as np

from vael.errors import InputError

__all__ = ["check_image_shape", "check_matrix", "check_same_shape"]


def check_matrix(X: np.ndarray, name: str) -> np.ndarray:
    """Return ``X`` as a finite real matrix of at least one row, or say where it is not one."""
    if X.ndim != 2 or 0 in X.shape:
        raise InputError(
            f"{name} must have rows and columns, got an array of shape {X.shape}: "
            "give an array of shape (rows, columns) with at least one of each"
        )
    if X.dtype.kind not in "biuf":
        raise InputError(f"{name} must hold real numbers, got dtype {X.dtype}: convert it first")
    if X.dtype.kind == "f" and not np.isfinite(X).all():
        row, column = np.argwhere(~np.isfinite(X))[0]
        raise InputError(
            f"{name} has a value that is not finite at row {row}, column {column}: "
            "drop the row or fill the value in"
        )
    return X


def check_same_shape(A: np.ndarray, B: np.ndarray, name_a: str, name_b: str) -> None:
    """Raise unless two arrays that are drawn in pairs have one shape."""
    if A.shape != B.shape:
        raise InputError(
            f"{name_a} has shape {A.shape} and {name_b} has shape {B.shape}: "
            "they are drawn in pairs, so give the same rows and features of both"
        )


def check_image_shape(features: int, image_shape: tuple[int, ...], name: str) -> None:
    """Raise unless ``features`` values fill an image of shape (H, W), (H, W, 1) or (H, W, 3)."""
    shape = tuple(image_shape)
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] not in (1, 3)):
        raise InputError(
            f"image_shape must be (height, width), (height, width, 1) or (height, width, 3), got {shape}"
        )
    if math.prod(shape) != features:
        raise InputError(
            f"{name} has {features} features but image_shape {shape} holds {math.prod(shape)}: "
            "give the shape that the images had before they were flattened"
        )
