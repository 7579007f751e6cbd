"""Arrays of rank 2 to 4 to a ``Dataset``: what every reader of files ends with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from vael.datasets.checks import check_array, check_labels
from vael.datasets.dataset import Dataset
from vael.errors import InputError

__all__ = ["dataset_from_arrays"]


def dataset_from_arrays(
    X: Any,
    y: Any = None,
    X_test: Any = None,
    y_test: Any = None,
    *,
    name: str,
    source: str,
    image_shape: tuple[int, ...] | None = None,
    feature_names: Sequence[str] = (),
) -> Dataset:
    """Check the arrays and flatten images: (rows, H, W[, C]) gives ``image_shape`` (H, W[, C]).

    Raises ``InputError`` for anything that ``check_array``, ``check_labels`` or ``Dataset`` refuse.
    """
    columns = feature_names or None
    train = check_array(X, name=f"X of {source}", ranks=(2, 3, 4), columns=columns)
    image_shape = _image_shape(train, image_shape, source)
    if X_test is not None:
        X_test = check_array(X_test, name=f"X_test of {source}", ranks=(train.ndim,))
        if X_test.shape[1:] != train.shape[1:]:
            raise InputError(
                f"{source}: a row of X has shape {train.shape[1:]}, of X_test {X_test.shape[1:]}"
            )
    elif y_test is not None:
        raise InputError(f"{source} has y_test, but no X_test")
    tests = 0 if X_test is None else len(X_test)
    return Dataset(
        X=train.reshape(len(train), -1),
        y=None if y is None else check_labels(y, len(train), name=f"y of {source}"),
        X_test=None if X_test is None else X_test.reshape(len(X_test), -1),
        y_test=None if y_test is None else check_labels(y_test, tests, name=f"y_test of {source}"),
        name=name,
        feature_names=tuple(feature_names),
        image_shape=image_shape,
        source=source,
    )


def _image_shape(X: np.ndarray, given: tuple[int, ...] | None, source: str) -> tuple[int, ...] | None:
    own = X.shape[1:] if X.ndim > 2 else None
    if given is None or own is None:
        given = given or own
    elif math.prod(given) != math.prod(own):
        raise InputError(f"{source}: image_shape {given} was given, but the images have {own}")
    if given is not None and len(given) not in (2, 3):
        raise InputError(f"image_shape must be (H, W) or (H, W, C), got {given}")
    return given
