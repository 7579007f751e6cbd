"""scikit-learn's 1797 small digits."""

from __future__ import annotations

from typing import Any

import numpy as np

from vael.datasets.dataset import Dataset

__all__ = ["load_digits"]


def load_digits() -> Dataset:
    """Handwritten digits, 8 x 8, whole numbers 0 to 16 as float64; 1797 rows, no test split.

    Source: Alpaydin and Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning
    Repository, 1998, https://doi.org/10.24432/C50P49; its test part, as scikit-learn ships it.
    """
    from sklearn.datasets import load_digits as load_bunch

    bunch: Any = load_bunch()
    return Dataset(
        X=bunch.data,
        y=bunch.target.astype(np.int64),
        name="digits",
        feature_names=tuple(bunch.feature_names),
        image_shape=(8, 8),
        licence="CC BY 4.0",
        source="Alpaydin and Kaynak: Optical Recognition of Handwritten Digits (UCI), by scikit-learn",
    )
