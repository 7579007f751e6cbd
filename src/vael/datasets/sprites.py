"""Sprites: white shapes on black, drawn on the fly from five known factors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np

from vael.datasets.dataset import Dataset
from vael.errors import InputError

__all__ = ["Sprites", "load_sprites", "sprite_factors"]

_SIDE = 64
_RADIUS = 16  # of the circle about a shape of scale 1, in pixels
_STAMP = 2 * _RADIUS + 1
_SHAPES, _SCALES, _ROTATIONS, _PLACES = 3, 6, 40, _SIDE - _STAMP + 1
_SAMPLES = 8  # a side, in each pixel
# Steps of 9 degrees after which a shape is the same again: square, ellipse, heart.
_PERIODS = (10, 20, 40)


@dataclass(frozen=True)
class Sprites:
    """A set like dSprites, 737280 images of 64 x 64 that are never all in memory.

    An image is made by five factors, here and in a row of factors in this order:

    ========  ======  =======================================================================
    factor    values
    ========  ======  =======================================================================
    shape     3       square, ellipse (axes 2 : 1), heart
    scale     6       0.5, 0.6, ..., 1 times a shape that fits a circle of radius 16 pixels
    rotation  40      multiples of 9 degrees, anticlockwise
    x         32      the circle's centre lies in column 16 + x, from the left
    y         32      the circle's centre lies in row 16 + y, from the top
    ========  ======  =======================================================================

    Pixels are 0 or 1 (uint8), without grey: 1 where at least half of 8 x 8 points of the pixel lie in the
    shape. No shape leaves the image.

    A square is the same after 90 degrees and an ellipse after 180, so 430080 of the images differ: given
    the image, ln 2 nats of the rotation's ln 40 stay unknown on average, and no code made from images can
    tell more than ln 20 / ln 40 = 0.81 of it. (dSprites has the same symmetries; its angles run from 0 to
    360 degrees inclusive, so that its first and last coincide.)

    Source of the factors: Matthey, Higgins, Hassabis and Lerchner 2017, dSprites,
    https://github.com/deepmind/dsprites-dataset; the images are drawn here and are not its images.
    """

    @property
    def factor_names(self) -> tuple[str, ...]:
        """Names of the factors."""
        return "shape", "scale", "rotation", "x", "y"

    @property
    def factor_sizes(self) -> tuple[int, ...]:
        """Number of values of each factor."""
        return _SHAPES, _SCALES, _ROTATIONS, _PLACES, _PLACES

    @property
    def image_shape(self) -> tuple[int, int]:
        """Height and width."""
        return _SIDE, _SIDE

    @property
    def shape_names(self) -> tuple[str, ...]:
        """Names of the shapes, by index."""
        return "square", "ellipse", "heart"

    def __len__(self) -> int:
        """Count the combinations of factors."""
        return math.prod(self.factor_sizes)

    def sample_factors(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw n combinations, (n, 5), each factor uniform and independent of the others."""
        return rng.integers(0, self.factor_sizes, size=(n, len(self.factor_sizes)))

    def images(self, factors: np.ndarray) -> np.ndarray:
        """Draw the images (n, 64, 64) of combinations (n, 5): uint8, 0 or 1."""
        shape, scale, rotation, x, y = self._checked(factors).T
        canvas = np.zeros((len(shape), _SIDE, _SIDE), dtype=np.uint8)
        windows = np.lib.stride_tricks.sliding_window_view(
            canvas, (_STAMP, _STAMP), axis=(1, 2), writeable=True
        )
        windows[np.arange(len(shape)), y, x] = _stamps()[shape, scale, rotation]
        return canvas

    def _checked(self, factors: np.ndarray) -> np.ndarray:
        rows = np.asarray(factors)
        if rows.ndim != 2 or rows.shape[1] != len(self.factor_sizes) or rows.dtype.kind not in "iu":
            raise InputError(
                "factors must be whole numbers of shape (n, 5), for "
                f"{', '.join(self.factor_names)}; got {rows.dtype} of shape {rows.shape}"
            )
        outside = (rows < 0) | (rows >= np.array(self.factor_sizes))
        if outside.any():
            row, column = (int(place) for place in np.argwhere(outside)[0])
            raise InputError(
                f"row {row}: {self.factor_names[column]} must be 0 to {self.factor_sizes[column] - 1}, "
                f"got {rows[row, column]}"
            )
        return rows


@cache
def _stamps() -> np.ndarray:
    """Draw every shape at every scale and rotation, (3, 6, 40, 33, 33): 0.8 MB."""
    middles = (np.arange(_STAMP * _SAMPLES) + 0.5) / _SAMPLES - _STAMP / 2
    right, up = np.meshgrid(middles, -middles)
    stamps = np.empty((_SHAPES, _SCALES, _ROTATIONS, _STAMP, _STAMP), dtype=np.uint8)
    for scale, size in enumerate(_RADIUS * np.linspace(0.5, 1.0, _SCALES)):
        for rotation in range(_ROTATIONS):
            angle = 2 * math.pi * rotation / _ROTATIONS
            u = (math.cos(angle) * right + math.sin(angle) * up) / size
            v = (math.cos(angle) * up - math.sin(angle) * right) / size
            for shape, (inside, period) in enumerate(zip(_INSIDE, _PERIODS, strict=True)):
                same = stamps[shape, scale, rotation % period]
                stamps[shape, scale, rotation] = same if rotation >= period else _pixels(inside(u, v))
    stamps.flags.writeable = False
    return stamps


def _pixels(points: np.ndarray) -> np.ndarray:
    blocks = points.reshape(_STAMP, _SAMPLES, _STAMP, _SAMPLES)
    return (2 * blocks.sum(axis=(1, 3)) >= _SAMPLES**2).astype(np.uint8)


# Which points lie inside a shape whose smallest circle has radius 1 and centre 0; v points up.


def _square(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.maximum(np.abs(u), np.abs(v)) <= math.sqrt(0.5)


def _ellipse(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return u * u + 4 * v * v <= 1


def _heart(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    # The curve (a^2 + b^2 - 1)^3 = a^2 b^3 lies in the circle of radius 5/4 about (0, 1/4).
    a, b = 1.25 * u, 1.25 * v + 0.25
    ring = a * a + b * b - 1
    return ring * ring * ring <= a * a * b * b * b


_INSIDE = (_square, _ellipse, _heart)


def sprite_factors(rows: int = 10000, random_state: int | np.random.Generator | None = 0) -> np.ndarray:
    """Give the factors (rows, 5) of `load_sprites` with the same arguments."""
    sprites = Sprites()
    if not 1 <= rows <= len(sprites):
        raise InputError(f"rows must be 1 to {len(sprites)}, got {rows}")
    chosen = np.random.default_rng(random_state).choice(len(sprites), rows, replace=False)
    return np.stack(np.unravel_index(chosen, sprites.factor_sizes), axis=1)


def load_sprites(rows: int = 10000, random_state: int | np.random.Generator | None = 0) -> Dataset:
    """Draw a sample of `Sprites`, without a combination twice: 64 x 64, 0 or 1; no test split.

    ``y`` is the shape: 0 square, 1 ellipse, 2 heart. All factors of the rows: `sprite_factors`.
    """
    sprites = Sprites()
    factors = sprite_factors(rows, random_state)
    return Dataset(
        X=sprites.images(factors).reshape(rows, -1),
        y=factors[:, 0].astype(np.int64),
        name="sprites",
        image_shape=sprites.image_shape,
        licence="CC0 1.0",
        source="drawn by vael.datasets.Sprites, after the factors of dSprites (Matthey et al. 2017)",
    )
