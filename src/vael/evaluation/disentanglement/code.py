"""The code of a ground truth's images, each image encoded once."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from vael.datasets import GroundTruth
from vael.errors import InputError

__all__ = ["Code"]

_CHUNK = 2048  # images encoded together
_TABLE_BYTES = 1 << 29


class Code:
    """Latents as a function of factors, for a representation and a ground truth.

    The scores draw up to three million images; where the latents of all combinations fit half a gigabyte
    they are kept, so that no image is made twice, whatever the number of draws and of scores.

    Arguments:
        represent: From images ``(n, ...)``, as the ground truth makes them, to latents ``(n, latents)``: the
            posterior means, say. It must give an image the same latents each time.
        ground_truth: Images made from known factors.
    """

    def __init__(self, represent: Callable[[Any], Any], ground_truth: GroundTruth) -> None:
        self.represent = represent
        self.ground_truth = ground_truth
        self.names, self.sizes = _checked(ground_truth)
        self.encoded = 0
        twice = np.zeros((2, len(self.sizes)), dtype=np.int64)
        first = self._encode(twice)
        self.latents = first.shape[1]
        if not np.allclose(first, self._encode(twice), rtol=1e-3, atol=1e-6):
            raise InputError(
                "represent gives the same images other latents each time: give the posterior mean, not a draw"
            )
        self._table: np.ndarray | None = None
        if math.prod(self.sizes) * self.latents * first.dtype.itemsize <= _TABLE_BYTES:
            self._table = np.empty((math.prod(self.sizes), self.latents), dtype=first.dtype)
            self._known = np.zeros(len(self._table), dtype=bool)

    def __call__(self, factors: np.ndarray) -> np.ndarray:
        """Latents ``(n, latents)`` of combinations ``(n, factors)``."""
        if self._table is None:
            return np.concatenate(
                [self._encode(factors[start : start + _CHUNK]) for start in range(0, len(factors), _CHUNK)]
            )
        place = np.asarray(np.ravel_multi_index(tuple(factors.T), self.sizes))
        missing = np.unique(place[~self._known[place]])
        for start in range(0, len(missing), _CHUNK):
            part = missing[start : start + _CHUNK]
            self._table[part] = self._encode(np.stack(np.unravel_index(part, self.sizes), axis=1))
        self._known[missing] = True
        return self._table[place]

    def sample(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Draw n combinations; give them, ``(n, factors)``, and their latents, ``(n, latents)``."""
        factors = self.ground_truth.sample_factors(n, rng)
        return factors, self(factors)

    def _encode(self, factors: np.ndarray) -> np.ndarray:
        latents = np.asarray(self.represent(self.ground_truth.images(factors)))
        if latents.ndim != 2 or len(latents) != len(factors) or latents.shape[1] == 0:
            raise InputError(
                f"represent gave an array of shape {latents.shape} for {len(factors)} images: "
                "it must give latents of shape (n, latents), one row for each image"
            )
        if self.encoded and latents.shape[1] != self.latents:
            raise InputError(f"represent gave {latents.shape[1]} latents, and {self.latents} before")
        if latents.dtype.kind not in "biuf":
            raise InputError(f"represent must give real numbers, got {latents.dtype}")
        if latents.dtype.kind != "f":
            latents = latents.astype(np.float64)
        if not np.isfinite(latents).all():
            row, latent = (int(place) for place in np.argwhere(~np.isfinite(latents))[0])
            values = dict(zip(self.names, factors[row].tolist(), strict=True))
            raise InputError(
                f"represent gave {latents[row, latent]} for latent {latent} of the image {values}"
            )
        self.encoded += len(factors)
        return latents


def _checked(ground_truth: GroundTruth) -> tuple[tuple[str, ...], tuple[int, ...]]:
    names, sizes = ground_truth.factor_names, ground_truth.factor_sizes
    if len(names) != len(sizes) or not names:
        raise InputError(f"the ground truth has {len(names)} factor names and {len(sizes)} factor sizes")
    for name, size in zip(names, sizes, strict=True):
        if size < 2:
            raise InputError(
                f"factor {name!r} has {size} value: a score needs factors that vary, leave it out"
            )
    return tuple(names), tuple(sizes)
