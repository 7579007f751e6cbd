"""Structural similarity of images."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import toeplitz

from vael.errors import InputError
from vael.evaluation.reconstruction.denoising import value_range_of
from vael.evaluation.reconstruction.errors import checked_pair
from vael.evaluation.tables import text_table

__all__ = ["SSIMResult", "ssim"]

WINDOW = 11
SIGMA = 1.5  # pixels
K1, K2 = 0.01, 0.03
CHUNK = 256  # images at once


@dataclass(frozen=True, eq=False)
class SSIMResult:
    """Structural similarity, 1 for equal images.

    Attributes
    ----------
    similarity : of each pair, shape (n,), the mean over windows that lie inside, and over channels
    window : side of the Gaussian window, pixels: 11, or less where the images are smaller
    data_range : highest less lowest value that a pixel can have
    image_shape : (height, width) or (height, width, channels)
    """

    similarity: np.ndarray
    window: int
    data_range: float
    image_shape: tuple[int, ...]

    @property
    def mean(self) -> float:
        """Mean over the pairs."""
        return float(self.similarity.mean())

    @property
    def standard_error(self) -> float | None:
        """Of the mean, over pairs; None for one pair."""
        n = len(self.similarity)
        return float(self.similarity.std(ddof=1)) / math.sqrt(n) if n > 1 else None

    def to_dict(self) -> dict[str, Any]:
        """Mean, and the setting, in types that `json.dumps` takes."""
        return {
            "mean": self.mean,
            "standard_error": self.standard_error,
            "rows": len(self.similarity),
            "window": self.window,
            "sigma": SIGMA,
            "data_range": self.data_range,
            "image_shape": list(self.image_shape),
        }

    def __str__(self) -> str:
        """Text: a table of one row."""
        error = "" if self.standard_error is None else f"{self.standard_error:.4f}"
        smaller = "" if self.window == WINDOW else f", smaller than Wang's {WINDOW} as the images are"
        return (
            text_table(
                ["SSIM", "standard error", "images"], [[f"{self.mean:.4f}", error, f"{len(self.similarity)}"]]
            )
            + f"\n\nWang 2004: Gaussian window of {self.window} x {self.window} pixels{smaller}, deviation "
            f"{SIGMA} pixels,\nK1 = {K1}, K2 = {K2}, data range {self.data_range:g}; mean over channels"
        )


def ssim(
    X: ArrayLike,
    Y: ArrayLike,
    image_shape: tuple[int, ...] | None = None,
    data_range: float | int | None = None,
) -> SSIMResult:
    r"""Structural similarity of each image with its partner.

    .. math:: \frac{(2\mu_x\mu_y + c_1)(2\sigma_{xy} + c_2)}
        {(\mu_x^2 + \mu_y^2 + c_1)(\sigma_x^2 + \sigma_y^2 + c_2)}, \quad c_i = (K_i L)^2

    with moments under a Gaussian window of 11 x 11 pixels and deviation 1.5, averaged over all places where
    the window lies inside the image. Images smaller than 11 pixels get the largest odd window that fits.

    Parameters
    ----------
    X, Y : array-like of shape (n, H, W), (n, H, W, C), or flat with `image_shape`
        Images, in the same units; channels last.
    image_shape : (H, W) or (H, W, C), default=None
        Needed where rows are flat.
    data_range : float, default=None
        L: highest less lowest value that a pixel can have. None takes 255 for bytes, 1 where all of X lies
        in [0, 1], else the range that X has.

    References
    ----------
    Wang, Bovik, Sheikh, Simoncelli 2004, "Image quality assessment", IEEE TIP 13(4), eq. 13 to 17.
    """
    first, second = np.asarray(X), np.asarray(Y)
    shape = _image_shape(first, image_shape)
    rows, partners = checked_pair(first, second)
    low, high = value_range_of(first)
    span = float(high - low) if data_range is None else float(data_range)
    if not 0 < span < math.inf:
        raise InputError(f"data_range must be > 0 and finite, got {span}: name the range of a pixel")
    height, width = shape[:2]
    window = min(WINDOW, height, width)
    window -= 1 - window % 2
    blur = _blur(height, window), _blur(width, window)
    found = np.empty(len(rows))
    for start in range(0, len(rows), CHUNK):
        part = slice(start, start + CHUNK)
        found[part] = _similarity(_planes(rows[part], shape), _planes(partners[part], shape), blur, span)
    return SSIMResult(similarity=found, window=window, data_range=span, image_shape=shape)


def _image_shape(images: np.ndarray, given: tuple[int, ...] | None) -> tuple[int, ...]:
    shape = tuple(int(side) for side in (images.shape[1:] if given is None else given))
    if len(shape) not in (2, 3):
        raise InputError(
            f"images have shape (H, W) or (H, W, C), got {shape}: name image_shape for flat rows"
        )
    if images.ndim < 2 or math.prod(shape) != math.prod(images.shape[1:]):
        raise InputError(f"rows of shape {images.shape[1:]} are no images of shape {shape}")
    if min(shape[:2]) < 3:
        raise InputError(f"images of {shape[0]} x {shape[1]} pixels are too small for SSIM: at least 3 x 3")
    return shape


def _planes(rows: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return ``(n, C, H, W)`` in float64."""
    images = rows.astype(np.float64).reshape(len(rows), *shape[:2], -1)
    return np.moveaxis(images, 3, 1)


def _blur(side: int, window: int) -> np.ndarray:
    """Matrix ``(side - window + 1, side)`` that averages a line under the Gaussian window."""
    away = np.arange(window) - window // 2
    weights = np.exp(-np.square(away) / (2 * SIGMA**2))
    first_row = np.zeros(side)
    first_row[:window] = weights / weights.sum()
    first_column = np.zeros(side - window + 1)
    first_column[0] = first_row[0]
    return toeplitz(first_column, first_row)


def _similarity(x: np.ndarray, y: np.ndarray, blur: tuple[np.ndarray, np.ndarray], span: float) -> np.ndarray:
    def average(values: np.ndarray) -> np.ndarray:
        return blur[0] @ values @ blur[1].T

    c1, c2 = (K1 * span) ** 2, (K2 * span) ** 2
    mean_x, mean_y = average(x), average(y)
    variance_x = average(x * x) - mean_x**2
    variance_y = average(y * y) - mean_y**2
    covariance = average(x * y) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    structure = (2 * covariance + c2) / (variance_x + variance_y + c2)
    return (luminance * structure).mean(axis=(1, 2, 3))
