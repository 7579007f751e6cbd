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

__all__ = ["CUSTOM", "LIKELIHOODS", "Schema", "choose_likelihood", "flat_rows", "likelihood_name"]

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
    likelihoods.ContinuousBernoulli: "continuous-bernoulli",
    likelihoods.FeatureGaussian: "gaussian",
    likelihoods.SharedGaussian: "gaussian-shared",
    likelihoods.FixedGaussian: "gaussian-fixed",
    likelihoods.DiscretisedLogistic: "discretised-logistic",
    likelihoods.Categorical: "categorical",
}
_BERNOULLIS = {"dynamic": "bernoulli", "static": "bernoulli-static", None: "bernoulli-greys"}
CUSTOM = "custom"  # a likelihood that is not vael's: it meets the data as given (bytes in [0, 1])


def likelihood_name(likelihood: Likelihood) -> str:
    """Return the name in `LIKELIHOODS` of a likelihood of vael's, ``"custom"`` for a user's own."""
    if type(likelihood) is likelihoods.Bernoulli:
        return _BERNOULLIS[likelihood.binarise]
    return _NAMES.get(type(likelihood), CUSTOM)


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
        bytes_ = X.dtype == np.uint8 and high > 1
        one = _BYTES if bytes_ else 1
        binary = whole and all(bool(((c == 0) | (c == one)).all()) for c in _chunks(X))
        return cls(low, high, whole, binary, bytes_)

    @property
    def unit_interval(self) -> bool:
        return self.bytes or (self.minimum >= 0 and self.maximum <= 1)

    @property
    def counts(self) -> bool:
        return self.whole and self.minimum >= 0


def _chunks(X: np.ndarray) -> list[np.ndarray]:
    return np.array_split(X, max(1, X.size // (1 << 24)))


def choose_likelihood(X: np.ndarray, *, images: bool = False) -> str:
    """Name the likelihood that fits flat data.

    Only 0 and 1: Bernoulli. Other values in [0, 1], bytes, or images of whole numbers from 0, which are
    greys: continuous Bernoulli. Other whole numbers from 0: categorical if there are 16 values or fewer,
    else Gaussian with a warning. Else Gaussian with a learned scale for each feature.
    """
    found = _Range.of(X)
    if found.binary:
        return "bernoulli"
    if found.unit_interval or (images and found.counts):
        return "continuous-bernoulli"
    if found.counts and found.maximum < MAX_CATEGORIES:
        return "categorical"
    if found.counts:
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
        names: np.ndarray | None = None,
    ) -> Schema:
        """Look at flat training rows, whose features may have names, and decide."""
        found = _Range.of(X)
        name = likelihood_name(likelihood) if isinstance(likelihood, Likelihood) else likelihood
        if name == "auto":
            name = choose_likelihood(X, images=image_shape is not None or len(row_shape) > 1)
        if name != CUSTOM and name not in LIKELIHOODS:
            raise InputError(f"unknown likelihood {name!r}: choose 'auto' or one of {', '.join(LIKELIHOODS)}")
        scaling, levels = _scaling(X, found, name, rescale, getattr(likelihood, "levels", None))
        if name == "gaussian":
            _warn_constant(np.flatnonzero(X.min(axis=0) == X.max(axis=0)), names)
        shape = _image_shape(row_shape, image_shape)
        return cls(row_shape, shape, str(X.dtype), scaling, name, levels)

    def given(self, x: np.ndarray, *, drawn: bool = False) -> np.ndarray:
        """Bring flat rows from the model's scale to the units and shape that were given to `fit`.

        Bytes come back as bytes and single precision as such; anything else is float64 (the mean of a coin
        is no coin). Rows `drawn` from a law over levels are whole numbers.
        """
        dtype = np.dtype(self.dtype)
        if dtype == np.uint8 and self.scaling.kind == "unit":
            wanted = dtype
        else:
            wanted = np.dtype(np.float32 if self.dtype in ("float16", "float32") else np.float64)
        data = self.scaling.to_data(x, dtype=wanted)
        if drawn and self.levels and wanted.kind == "f":
            data = np.rint(data)
        return data.reshape(len(data), *self.row_shape)

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


def _scaling(
    X: np.ndarray, found: _Range, name: str, rescale: bool, levels: int | None
) -> tuple[Scaling, int]:
    features = X.shape[1]
    if name in _ON_LEVELS:
        return _levels(features, found, name, levels)
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
    if name == CUSTOM:
        return (Scaling.unit(features, _BYTES) if found.bytes else Scaling.identity(features)), 0
    if not rescale:
        return Scaling.centre(X), 0
    if found.bytes:
        return Scaling.unit(features, _BYTES), 0
    if name == "gaussian-fixed" and found.unit_interval:
        return Scaling.identity(features), 0
    return Scaling.standardise(X), 0


def _levels(features: int, found: _Range, name: str, levels: int | None) -> tuple[Scaling, int]:
    """Scale whole numbers for a likelihood over levels: as many as it has, or else as the data need."""
    if not found.counts:
        raise InputError(
            f"likelihood={name!r} needs whole numbers from 0, but X holds values from "
            f"{found.minimum:g} to {found.maximum:g}: choose another likelihood, or round X"
        )
    if levels is None:
        bytes_ = found.bytes and name == "discretised-logistic"
        levels = 1 + (_BYTES if bytes_ else max(int(found.maximum), 1))
    if found.maximum > levels - 1:
        raise InputError(
            f"likelihood {name!r} has {levels} levels, 0 to {levels - 1}, but X holds {found.maximum:g}: "
            f"give it levels={int(found.maximum) + 1}"
        )
    return Scaling.unit(features, levels - 1), levels


def _warn_constant(columns: np.ndarray, names: np.ndarray | None) -> None:
    if not len(columns):
        return
    shown = [str(c) if names is None else str(names[c]) for c in columns[:8]]
    more = ", ..." if len(columns) > 8 else ""
    warnings.warn(
        f"{len(columns)} constant column{'s' if len(columns) > 1 else ''} ({', '.join(shown)}{more}) have no "
        "scale to learn: their likelihood is held at a floor and says nothing; drop them to compare "
        "likelihoods",
        VaelWarning,
        stacklevel=3,
    )
