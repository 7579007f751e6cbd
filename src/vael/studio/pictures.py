"""A picture from somewhere, brought to the size and the manner of a run's images."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps

from vael.errors import InputError
from vael.studio.kept import kept
from vael.studio.loaded import TRAIN, Loaded

__all__ = ["row_of_picture"]

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP")
MOST_PIXELS = 2**24
SMALL = 64  # sides up to which a grey picture is taken for a drawn sign, cropped and centred
EMPTY = 0.06  # of black to white: what is less is background
LOOKED_AT = 1_000  # training rows that tell how signs stand


@dataclass(frozen=True)
class _Manner:
    """How signs stand in a run's images.

    Attributes:
        bright: Whether the background is.
        room: Median of the longer side of their boxes, in pixels.
        middle: Mean of their centres of mass, (row, column).
    """

    bright: bool
    room: float
    middle: tuple[float, float]


def row_of_picture(loaded: Loaded, content: bytes, name: str) -> np.ndarray:
    """Bring a picture's content to one row (features,) in the data's units, its shades in 256 steps.

    Grey images of at most 64 pixels a side are taken for signs, as digits are: the picture is turned to their
    background, cropped, scaled to their median size, and put where their mass is. Others are cropped to the
    ratio of the sides and scaled. Raises `InputError` for what is no picture, too large, or empty.
    """
    if loaded.image_shape is None:
        raise InputError(f"{name} is no row of numbers, and this run's rows are no images: give a CSV row")
    height, width = loaded.image_shape[:2]
    channels = loaded.image_shape[2] if len(loaded.image_shape) == 3 else 1
    picture = _opened(content, name)
    if channels > 1 or max(height, width) > SMALL:
        mode = {1: "L", 3: "RGB", 4: "RGBA"}.get(channels)
        if mode is None:
            raise InputError(
                f"{name} is a picture, and this run's images have {channels} channels: give .npy"
            )
        fitted = ImageOps.fit(picture.convert(mode), (width, height))
        shades = np.asarray(fitted, np.float64) / 255
    else:
        shades = _sign(_manner(loaded), np.asarray(picture.convert("L"), np.float64) / 255, height, width)
    low, high = loaded.value_range
    row = (low + np.rint(255 * shades) / 255 * (high - low)).reshape(-1)
    if loaded.rows.dtype.kind == "f":
        return row.astype(loaded.rows.dtype)
    return np.rint(row)


def _opened(content: bytes, name: str) -> Image.Image:
    """Open a picture upright, of 8 bits a channel; what is transparent is paper."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(content), formats=FORMATS)
            if picture.width * picture.height > MOST_PIXELS:
                raise Image.DecompressionBombError
            picture.load()
            turned = ImageOps.exif_transpose(picture)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise InputError(
            f"{name} unpacks to more than {MOST_PIXELS} pixels: give a smaller picture"
        ) from None
    except Exception as error:  # a broken file makes Pillow's readers raise nearly anything
        kinds = ", ".join(FORMATS)
        raise InputError(f"{name} is no picture ({kinds}), no array (.npy), and no row of numbers") from error
    if turned.mode.startswith(("I", "F")):  # of 16 bits
        deep = np.asarray(turned, np.float64)
        return Image.fromarray(np.rint(255 * np.clip(deep / 65535, 0, 1)).astype(np.uint8))
    if "A" in turned.getbands() or "transparency" in turned.info:
        paper = Image.new("RGBA", turned.size, (255, 255, 255, 255))
        return Image.alpha_composite(paper, turned.convert("RGBA")).convert("RGB")
    return turned


@kept
def _manner(loaded: Loaded) -> _Manner:
    assert loaded.image_shape is not None
    height, width = loaded.image_shape[:2]
    rows = np.flatnonzero(loaded.parts == TRAIN)
    rows = np.sort(np.random.default_rng(0).permutation(rows)[:LOOKED_AT])
    low, high = loaded.value_range
    shades = (loaded.rows[rows].reshape(-1, height, width).astype(np.float64) - low) / (high - low)
    edges = np.concatenate([shades[:, [0, -1]].ravel(), shades[:, :, [0, -1]].ravel()])
    bright = bool(np.median(edges) > 0.5)
    signs = [1 - each if bright else each for each in shades]
    signs = [each for each in signs if each.max() > EMPTY]
    if not signs:
        return _Manner(bright, float(max(height, width)), ((height - 1) / 2, (width - 1) / 2))
    sides = [max(box.stop - box.start for box in _box(each)) for each in signs]
    middles = np.mean([_middle(each) for each in signs], axis=0)
    return _Manner(bright, float(np.median(sides)), (float(middles[0]), float(middles[1])))


def _sign(manner: _Manner, shades: np.ndarray, height: int, width: int) -> np.ndarray:
    """Shades of a drawn sign as the run's images have it, (height, width)."""
    border = float(np.median(np.concatenate([shades[0], shades[-1], shades[:, 0], shades[:, -1]])))
    bright = border > 0.5
    if shades.shape == (height, width) and bright == manner.bright:
        return shades  # already as the data are
    ink = np.clip(border - shades if bright else shades - border, 0, 1)
    if ink.max() <= EMPTY:
        raise InputError("the picture is empty: nothing on it stands out from its background")
    ink = ink / ink.max()
    if ink.shape != (height, width):  # a picture of the data's own size stays where it is
        sign = Image.fromarray(np.rint(255 * ink[_box(ink)]).astype(np.uint8))
        scale = min(manner.room / max(sign.size), width / sign.width, height / sign.height)
        size = (max(1, round(sign.width * scale)), max(1, round(sign.height * scale)))
        small = np.asarray(sign.resize(size, Image.Resampling.LANCZOS), np.float64) / 255
        ink = _placed(small, manner.middle, height, width)
    return 1 - ink if manner.bright else ink


def _box(ink: np.ndarray) -> tuple[slice, slice]:
    """Rows and columns that hold more than background."""
    inked = ink > EMPTY
    top, bottom = np.flatnonzero(inked.any(1))[[0, -1]]
    left, right = np.flatnonzero(inked.any(0))[[0, -1]]
    return slice(int(top), int(bottom) + 1), slice(int(left), int(right) + 1)


def _middle(ink: np.ndarray) -> tuple[float, float]:
    """Centre of mass, (row, column), in pixels."""
    mass = ink.sum()
    y, x = (float(ink.sum(1 - axis) @ np.arange(ink.shape[axis]) / mass) for axis in (0, 1))
    return y, x


def _placed(small: np.ndarray, middle: tuple[float, float], height: int, width: int) -> np.ndarray:
    """Put a small picture on a dark one, its centre of mass in the middle as far as it fits."""
    rows, columns = small.shape
    y, x = _middle(small)
    top = int(np.clip(round(middle[0] - y), 0, height - rows))
    left = int(np.clip(round(middle[1] - x), 0, width - columns))
    whole = np.zeros((height, width))
    whole[top : top + rows, left : left + columns] = small
    return whole
