"""What the data are: their shape, their scale, and the likelihood that fits them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from vael.datasets.scaling import Scaling
from vael.errors import InputError, VaelWarning
from vael.models import likelihoods
from vael.models.likelihoods import Likelihood

__all__ = ["LIKELIHOODS", "Schema", "choose_likelihood", "flat_rows"]

MAX_CATEGORIES = 16
_BYTES = 255

# What each name means for `features` columns of `levels` integer levels.
LIKELIHOODS: dict[str, Callable[[int, int], Likelihood]] = {
    "bernoulli": lambda features, levels: likelihoods.Bernoulli("dynamic"),
    "bernoulli-static": lambda features, levels: likelihoods.Bernoulli("static"),
    "bernoulli-greys": lambda features, levels: likelihoods.Bernoulli(None),
    "continuous-bernoulli": lambda features, levels: likelihoods.ContinuousBernoulli(),
    "gaussian": lambda features, levels: likelihoods.FeatureGaussian(features),
    "gaussian-shared": lambda features, levels: likelihoods.SharedGaussian(),
    "gaussian-fixed": lambda features, levels: likelihoods.FixedGaussian(),
    "discretised-logistic": lambda features, levels: likelihoods.DiscretisedLogistic(levels),
    "categorical": lambda features, levels: likelihoods.Categorical(levels),
}
_ON_UNIT_INTERVAL = ("bernoulli", "bernoulli-static", "bernoulli-greys", "continuous-bernoulli")
_ON_LEVELS = ("discretised-logistic", "categorical")
_NAMES: dict[type[Likelihood], str] = {
    likelihoods.Bernoulli: "bernoulli",
    likelihoods.ContinuousBernoulli: "continuous-bernoulli",
    likelihoods.FeatureGaussian: "gaussian",
    likelihoods.SharedGaussian: "gaussian-shared",
    likelihoods.FixedGaussian: "gaussian-fixed",
    likelihoods.DiscretisedLogistic: "discretised-logistic",
    likelihoods.Categorical: "categorical",
}


@dataclass(frozen=True)
class _Range:
    """What the choice of likelihood and scale depends on."""

    minimum: float
    maximum: float
    whole: bool
    binary: bool
    bytes: bool

    @classmethod
    def of(cls, X: np.ndarray) -> _Range:
        low, high = float(X.min()), float(X.max())
        whole = X.dtype.kind in "biu" or all(bool((c == np.floor(c)).all()) for c in _chunks(X))
        unit = high if X.dtype == np.uint8 and high > 1 else 1.0
        binary = whole and low >= 0 and all(bool(((c == 0) | (c == unit)).all()) for c in _chunks(X))
        if binary and unit > 1 and unit != _BYTES:
            binary = False
        return cls(low, high, whole, binary, X.dtype == np.uint8 and high > 1)

    @property
    def unit_interval(self) -> bool:
        return self.bytes or (self.minimum >= 0 and self.maximum <= 1)

    @property
    def counts(self) -> bool:
        return self.whole and self.minimum >= 0


def _chunks(X: np.ndarray) -> list[np.ndarray]:
    return np.array_split(X, max(1, X.size // (1 << 24)))


def choose_likelihood(X: np.ndarray) -> str:
    """Name the likelihood that fits flat data.

    Only 0 and 1: Bernoulli. Other values in [0, 1], or bytes: continuous Bernoulli. Whole numbers from 0:
    categorical if there are 16 values or fewer, else Gaussian with a warning. Else Gaussian with a learned
    scale for each feature.
    """
    found = _Range.of(X)
    if found.binary:
        return "bernoulli"
    if found.unit_interval:
        return "continuous-bernoulli"
    if found.counts and found.maximum < MAX_CATEGORIES:
        return "categorical"
    if found.counts and X.dtype.kind in "iu":
        warnings.warn(
            f"whole numbers up to {found.maximum:g} are modelled by a Gaussian, which is no law of whole "
            "numbers: choose likelihood='discretised-logistic', or divide by a known maximum",
            VaelWarning,
            stacklevel=2,
        )
    return "gaussian"


@dataclass(frozen=True)
class Schema:
    """What was given to `fit`, and how it is brought to the model's scale.

    Attributes:
        row_shape: Shape of a row as given: ``(features,)``, ``(H, W)`` or ``(H, W, C)``.
        image_shape: ``(H, W)`` or ``(H, W, C)`` if rows are images.
        dtype: Name of the dtype as given.
        scaling: The map to the model's scale.
        likelihood: Name of the likelihood.
        levels: Number of integer levels, where the likelihood has levels.
    """

    row_shape: tuple[int, ...]
    image_shape: tuple[int, ...] | None
    dtype: str
    scaling: Scaling
    likelihood: str
    levels: int

    @property
    def features(self) -> int:
        """Number of values in a row."""
        return prod(self.row_shape)

    @classmethod
    def infer(
        cls,
        X: np.ndarray,
        row_shape: tuple[int, ...],
        image_shape: tuple[int, ...] | None,
        likelihood: str | Likelihood,
        rescale: bool,
    ) -> Schema:
        """Look at flat training rows and decide."""
        found = _Range.of(X)
        name = _NAMES.get(type(likelihood), "custom") if isinstance(likelihood, Likelihood) else likelihood
        if name == "auto":
            name = choose_likelihood(X)
        if name != "custom" and name not in LIKELIHOODS:
            raise InputError(f"unknown likelihood {name!r}: choose 'auto' or one of {', '.join(LIKELIHOODS)}")
        scaling, levels = _scaling(X, found, name, rescale)
        if scaling.constant and name == "gaussian":
            _warn_constant(scaling.constant)
        shape = _image_shape(row_shape, image_shape)
        return cls(row_shape, shape, str(X.dtype), scaling, name, levels)

    def to_dict(self) -> dict[str, Any]:
        """Return a dictionary for JSON."""
        return {
            "row_shape": list(self.row_shape),
            "image_shape": None if self.image_shape is None else list(self.image_shape),
            "dtype": self.dtype,
            "scaling": self.scaling.to_dict(),
            "likelihood": self.likelihood,
            "levels": self.levels,
        }

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> Schema:
        """Rebuild from `to_dict`."""
        image = value["image_shape"]
        return cls(
            row_shape=tuple(value["row_shape"]),
            image_shape=None if image is None else tuple(image),
            dtype=value["dtype"],
            scaling=Scaling.from_dict(value["scaling"]),
            likelihood=value["likelihood"],
            levels=value["levels"],
        )


def flat_rows(X: np.ndarray) -> np.ndarray:
    """Flatten ``(n, ...)`` to ``(n, features)``."""
    return X.reshape(len(X), -1)


def _image_shape(row_shape: tuple[int, ...], image_shape: tuple[int, ...] | None) -> tuple[int, ...] | None:
    if image_shape is None:
        return row_shape if len(row_shape) > 1 else None
    shape = tuple(int(side) for side in image_shape)
    if len(shape) not in (2, 3) or prod(shape) != prod(row_shape):
        raise InputError(
            f"image_shape={shape} holds {prod(shape)} values, but a row of X has {prod(row_shape)}: "
            "give (H, W) or (H, W, C)"
        )
    return shape


def _scaling(X: np.ndarray, found: _Range, name: str, rescale: bool) -> tuple[Scaling, int]:
    features = X.shape[1]
    if name in _ON_LEVELS:
        if not found.counts:
            raise InputError(
                f"likelihood={name!r} needs whole numbers from 0, but X holds values from "
                f"{found.minimum:g} to {found.maximum:g}: choose another likelihood, or round X"
            )
        maximum = _BYTES if found.bytes else max(int(found.maximum), 1)
        return Scaling.unit(features, maximum), maximum + 1
    if name in _ON_UNIT_INTERVAL:
        if found.bytes:
            return Scaling.unit(features, _BYTES), 0
        if found.unit_interval:
            return Scaling.identity(features), 0
        if found.counts:
            return Scaling.unit(features, int(found.maximum)), 0
        raise InputError(
            f"likelihood={name!r} needs values in [0, 1] or whole numbers from 0, but X holds values from "
            f"{found.minimum:g} to {found.maximum:g}: choose likelihood='gaussian', or scale X"
        )
    if not rescale:
        return Scaling.identity(features), 0
    if found.bytes:
        return Scaling.unit(features, _BYTES), 0
    if name == "gaussian-fixed" and found.unit_interval:
        return Scaling.identity(features), 0
    return Scaling.standardise(X), 0


def _warn_constant(columns: tuple[int, ...]) -> None:
    shown = ", ".join(map(str, columns[:8])) + (", ..." if len(columns) > 8 else "")
    warnings.warn(
        f"{len(columns)} constant columns ({shown}) have no scale to learn: their likelihood is held at a "
        "floor and says nothing; drop them to compare likelihoods",
        VaelWarning,
        stacklevel=2,
    )
