"""Representations of the same rows by any transformers that the user names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from vael.errors import InputError

__all__ = ["is_fitted", "representations", "rows_as_numbers"]


def representations(
    transformers: Mapping[str, Any], X_train: ArrayLike, X_test: ArrayLike
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Transform training and test rows, for `compare_representations`.

    Parameters
    ----------
    transformers : mapping of name to transformer
        A fitted scikit-learn transformer (a VAE too) is used as it is; one that is not fitted is cloned and
        fitted on the training rows, without labels; a function maps rows to matrices; None
        takes the rows themselves, flat, bytes divided by 255. The first is the one that
        `compare_representations` compares with each other.
    X_train, X_test : array-like of shape (n_rows, ...)
        Rows as the transformers take them: flat, for most of scikit-learn's.

    Returns
    -------
    dict of name to (Z_train, Z_test), each of shape (n_rows, features)

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.decomposition import PCA
    >>> X = np.random.default_rng(0).normal(size=(30, 5))
    >>> made = representations({"PCA": PCA(2), "features": None}, X[:20], X[20:])
    >>> {name: pair[1].shape for name, pair in made.items()}
    {'PCA': (10, 2), 'features': (10, 5)}
    """
    train, test = np.asarray(X_train), np.asarray(X_test)
    if train.ndim < 2 or train.shape[1:] != test.shape[1:] or 0 in (train.size, test.size):
        raise InputError(
            f"X_train and X_test must be rows of one shape, not empty; got {train.shape} and {test.shape}"
        )
    return {name: _both(name, transformer, train, test) for name, transformer in transformers.items()}


def _both(name: str, transformer: Any, train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    transform = _function(name, transformer, train)
    pair: list[np.ndarray] = []
    for rows in (train, test):
        Z = np.asarray(transform(rows))
        if Z.ndim != 2 or len(Z) != len(rows):
            raise InputError(
                f"{name}: {len(rows)} rows must become a matrix of as many, but became shape {Z.shape}"
            )
        pair.append(Z)
    return pair[0], pair[1]


def _function(name: str, transformer: Any, train: np.ndarray) -> Callable[[np.ndarray], ArrayLike]:
    if transformer is None:
        return rows_as_numbers
    if hasattr(transformer, "transform"):
        return transformer.transform if is_fitted(transformer) else _fitted(name, transformer, train)
    if callable(transformer):
        function: Any = transformer
        return function
    hint = ": it embeds only the rows that it is fitted on" if hasattr(transformer, "fit_transform") else ""
    raise InputError(
        f"{name}: {type(transformer).__name__} cannot transform new rows{hint}; give a scikit-learn "
        "transformer, a function of rows, or None"
    )


def _fitted(name: str, transformer: Any, train: np.ndarray) -> Callable[[np.ndarray], ArrayLike]:
    from sklearn.base import clone

    if not hasattr(transformer, "get_params"):
        raise InputError(f"{name}: this {type(transformer).__name__} is not fitted: fit it, then give it")
    ours: Any = clone(transformer)
    return ours.fit(train).transform


def is_fitted(transformer: Any) -> bool:
    """Whether a transformer can be used as it is; True for what scikit-learn cannot tell of."""
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    if not hasattr(transformer, "fit"):
        return True
    try:
        check_is_fitted(transformer)
    except NotFittedError:
        return False
    except TypeError:  # no estimator of scikit-learn's kind: its owner knows
        return True
    return True


def rows_as_numbers(X: np.ndarray) -> np.ndarray:
    """Flatten rows; bytes become float32 in [0, 1]."""
    flat = X.reshape(len(X), -1)
    return flat.astype(np.float32) / 255 if flat.dtype == np.uint8 else flat
