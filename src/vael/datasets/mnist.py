"""MNIST's 70000 digits, which ship inside the package."""

from __future__ import annotations

import hashlib
import lzma
import zipfile
from importlib.resources import as_file, files

import numpy as np

from vael.datasets.dataset import Dataset
from vael.errors import InputError

__all__ = ["IMAGE_SHAPE", "SHA256", "load_mnist"]

IMAGE_SHAPE = (28, 28)

# Of the values as bytes: those of the original IDX files after their heads.
SHA256 = {
    "X": "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
    "y": "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
    "X_test": "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
    "y_test": "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
}


def load_mnist() -> Dataset:
    """Handwritten digits: 60000 train and 10000 test images, 28 x 28 bytes, labels 0 to 9.

    The file is a zip of four ``.npy`` members under LZMA, which ``numpy.load`` reads. Raises
    ``InputError`` when it was damaged. Source: LeCun, Cortes and Burges, "The MNIST database of
    handwritten digits", http://yann.lecun.com/exdb/mnist/.
    """
    with as_file(files("vael.datasets") / "data" / "mnist.npz") as path:
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
                arrays = {key: archive[key] for key in SHA256}
        except (
            OSError,
            EOFError,
            KeyError,
            ValueError,
            lzma.LZMAError,
            zipfile.BadZipFile,
        ) as error:
            raise InputError(f"{path} is damaged ({error}): install vael again") from error
        for key, expected in SHA256.items():
            if hashlib.sha256(arrays[key]).hexdigest() != expected:
                raise InputError(f"{path} is damaged (SHA-256 of {key}): install vael again")
    return Dataset(
        X=arrays["X"].reshape(60_000, -1),
        y=arrays["y"].astype(np.int64),
        X_test=arrays["X_test"].reshape(10_000, -1),
        y_test=arrays["y_test"].astype(np.int64),
        name="mnist",
        image_shape=IMAGE_SHAPE,
        licence="CC BY-SA 3.0",
        source="Yann LeCun, Corinna Cortes and Christopher J. C. Burges: "
        "The MNIST database of handwritten digits",
    )
