"""The record that every reader returns."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from vael.datasets import Dataset
from vael.errors import InputError


def test_the_digest_knows_values_dtype_shape_and_labels():
    X = np.arange(6, dtype=np.int32).reshape(2, 3)
    digests = {
        Dataset(X).sha256(),
        Dataset(X + 1).sha256(),
        Dataset(X.astype(np.int64)).sha256(),
        Dataset(X.reshape(3, 2)).sha256(),
        Dataset(X, np.array([0, 1])).sha256(),
        Dataset(X, np.array(["0", "1"])).sha256(),
    }
    assert len(digests) == 6


def test_the_digest_is_the_same_on_every_machine_and_of_any_layout():
    X = np.arange(6, dtype="<i4").reshape(2, 3)
    # Written out once: "<i4", the shape, the bytes in C order.
    assert Dataset(X).sha256() == "5a135ab6e4ab4dcdd3a467a12e8d40d1b2641dcdc022c1eb1b00bdb87f50afd7"
    assert Dataset(X.astype(">i4")).sha256() == Dataset(X).sha256()
    assert Dataset(np.asfortranarray(X)).sha256() == Dataset(X).sha256()
    named = Dataset(X, name="other", source="elsewhere", feature_names=("a", "b", "c"))
    assert named.sha256() == Dataset(X).sha256()


def test_it_is_frozen_and_leaves_the_callers_array_writeable():
    X = np.zeros((2, 2))
    dataset = Dataset(X)
    with pytest.raises(FrozenInstanceError):
        dataset.name = "other"
    with pytest.raises(ValueError, match="read-only"):
        dataset.X[0, 0] = 1
    X[0, 0] = 1
    assert dataset.feature_names == ("x0", "x1")


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"y": np.zeros(3)}, r"y has shape \(3,\), but X has 2 rows"),
        ({"X_test": np.zeros((1, 5))}, r"X_test has shape \(1, 5\), but X has 4 features"),
        ({"y_test": np.zeros(1)}, "y_test was given without X_test"),
        (
            {"X_test": np.zeros((2, 4)), "y_test": np.zeros(1)},
            r"y_test has shape \(1,\), but X_test has 2 rows",
        ),
        ({"image_shape": (3, 2)}, r"\(3, 2\) has 6 values, but a row of X has 4"),
        ({"feature_names": ("a",)}, "1 feature names for 4 features"),
    ],
)
def test_parts_that_do_not_fit_are_refused(parts, said):
    with pytest.raises(InputError, match=said):
        Dataset(np.zeros((2, 4)), **parts)


def test_X_of_another_rank_is_refused():
    with pytest.raises(InputError, match=r"two axes .* got shape \(4,\)"):
        Dataset(np.zeros(4))


def test_colour_pixels_are_named_by_row_column_and_channel():
    dataset = Dataset(np.zeros((1, 12)), image_shape=(2, 2, 3))
    assert dataset.feature_names[:4] == ("pixel_0_0_0", "pixel_0_0_1", "pixel_0_0_2", "pixel_0_1_0")


def test_its_repr_tells_what_it_holds():
    dataset = Dataset(np.zeros((2, 4), np.uint8), np.array([0, 1]), image_shape=(2, 2), name="tiny")
    assert repr(dataset) == "Dataset('tiny', X=(2, 4) uint8, y=2 labels, image_shape=(2, 2))"
