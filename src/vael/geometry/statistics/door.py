"""What statistics look at before any work: points, weights, settings; numpy in and out."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import validate_data
from torch import Tensor

from vael.datasets import check_array
from vael.datasets.frames import as_frame
from vael.errors import InputError
from vael.geometry.manifold import Manifold

__all__ = [
    "as_numpy",
    "check_manifold",
    "one_of",
    "random_generator",
    "read_points",
    "read_rows",
    "read_weights",
    "whole_number",
]


def check_manifold(manifold: Any) -> Manifold:
    """Return the manifold, or say that it is none."""
    if not isinstance(manifold, Manifold):
        raise InputError(
            f"manifold must be one of vael.geometry, as vae.manifold(X) makes, got {type(manifold).__name__}"
        )
    return manifold


def read_points(manifold: Manifold, Z: Any, *, name: str = "Z", least: int = 1) -> Tensor:
    """Return points as a tensor ``(n, latent)`` of the manifold's dtype and device, without gradients."""
    if isinstance(Z, Tensor):
        given = Z.detach()
        if given.dim() != 2 or len(given) < least:
            raise InputError(
                f"{name} must have shape (n, latent) with n >= {least}, got {tuple(given.shape)}"
            )
    else:
        array = check_array(Z, name=name, min_rows=least)
        given = torch.from_numpy(array if array.dtype.kind == "f" else array.astype(np.float64))
    return manifold.read(given, name).flat


def read_rows(estimator: BaseEstimator, Z: Any, *, reset: bool, least: int = 1) -> Tensor:
    """Return points as `read_points` does; note their columns at fit, and compare with them after it."""
    points = read_points(check_manifold(estimator.manifold), Z, name="X", least=least)  # pyright: ignore[reportAttributeAccessIssue]
    named = Z if as_frame(Z) is not None else as_numpy(points)
    try:
        validate_data(estimator, named, reset=reset, skip_check_array=True)  # pyright: ignore[reportArgumentType]
    except ValueError as error:
        raise InputError(str(error)) from error
    return points


def read_weights(weights: Any, points: Tensor) -> Tensor:
    """Return weights that sum to one, ``(n,)``, in double precision; None: all the same."""
    n = len(points)
    if weights is None:
        return torch.full((n,), 1 / n, dtype=torch.float64, device=points.device)
    given = weights.detach().cpu() if isinstance(weights, Tensor) else weights
    found = np.asarray(given, dtype=np.float64)
    if found.shape != (n,):
        raise InputError(f"weights must be {n} numbers, one a point, got shape {found.shape}")
    if not (np.isfinite(found) & (found >= 0)).all() or found.sum() <= 0:
        raise InputError("weights must be finite, none negative and not all zero")
    return torch.as_tensor(found / found.sum(), device=points.device)


def whole_number(name: str, value: Any, least: int = 1) -> int:
    """Return a whole number that is large enough, or say that it is none."""
    if isinstance(value, bool) or not isinstance(value, Integral) or int(value) < least:
        raise InputError(f"{name} must be a whole number >= {least}, got {value!r}")
    return int(value)


def one_of(name: str, value: Any, allowed: tuple[str, ...]) -> str:
    """Return a name that is known, or say which are."""
    if value not in allowed:
        raise InputError(f"{name} must be one of {', '.join(map(repr, allowed))}, got {value!r}")
    return value


def random_generator(random_state: Any) -> np.random.Generator:
    """Return a generator, seeded as scikit-learn does: a number gives the same one always."""
    return np.random.default_rng(int(check_random_state(random_state).randint(2**31 - 1)))


def as_numpy(values: Tensor) -> np.ndarray:
    """Return a tensor's numbers as an array."""
    return values.detach().cpu().numpy()
