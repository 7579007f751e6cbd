"""What is said about arrays and labels that cannot be used."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from vael.datasets import check_array, check_labels
from vael.datasets.checks import NotNumbersError, first_non_finite
from vael.errors import InputError


def with_cell(value, shape=(5, 3), index=(3, 2)):
    X = np.zeros(shape)
    X[index] = value
    return X


@pytest.mark.parametrize(
    ("X", "said"),
    [
        (with_cell(np.nan), r"X contains NaN .* at row 3, column 2, rows counted from 0"),
        (with_cell(np.inf), r"X contains infinity \(inf\) at row 3, column 2"),
        (with_cell(-np.inf), r"infinity \(inf\) at row 3, column 2"),
        (np.zeros((0, 3)), r"0 sample\(s\) \(shape=\(0, 3\)\) while a minimum of 1 is required"),
        (np.zeros((12, 0)), r"0 feature\(s\) \(shape=\(12, 0\)\) while a minimum of 1 is required"),
        (np.zeros(4), r"shape \(4,\), but must be \(rows, features\). Reshape your data"),
        (np.zeros((2, 2, 2)), r"shape \(2, 2, 2\), but must be .* Reshape your data"),
        (np.float64(3), r"shape \(\), but must be"),
        (np.array([["a", "b"]]), "holds strings .*'a'"),
        ([[1, "b"]], "holds strings"),
        (np.zeros((2, 2), complex), "Complex data not supported"),
        (np.array([[1j, 2]], object), "Complex data not supported"),
        (np.array([[1, "b"]], object), "string 'b' at row 0, column 1"),
        (np.array([[1, None]], object), "NaN .* at row 0, column 1"),
        ([[1, 2], [3]], "rows of different lengths"),
        (np.zeros((2, 2), "M8[s]"), "datetime64.*not numbers"),
        (scipy.sparse.eye(3).tocsr(), "sparse matrix: give a dense one"),
    ],
)
def test_bad_arrays_are_refused(X, said):
    with pytest.raises(InputError, match=said):
        check_array(X)


def test_a_cell_that_is_no_number_is_a_type_error_as_scikit_learn_wants():
    X = np.array([[1.0, {"a": 1}]], object)
    with pytest.raises(
        NotNumbersError, match=r"dict at row 0, column 1.*argument must be .* string.* number"
    ):
        check_array(X)
    assert issubclass(NotNumbersError, TypeError)
    assert issubclass(NotNumbersError, ValueError)


def test_too_few_rows():
    with pytest.raises(InputError, match=r"1 sample\(s\) \(n_samples=1,.* minimum of 2"):
        check_array([[1.0, 2.0]], min_rows=2)


def test_images_name_the_pixel():
    X = with_cell(np.nan, (2, 4, 4), (1, 2, 3))
    with pytest.raises(InputError, match=r"NaN .* at row 1, pixel \(2, 3\)"):
        check_array(X, ranks=(2, 3, 4))


def test_columns_are_named():
    with pytest.raises(InputError, match=r"table contains NaN .* row 3, column 2 \('c'\)"):
        check_array(with_cell(np.nan), name="table", columns=["a", "b", "c"])


@pytest.mark.parametrize("library", [pd, pl])
def test_frames_name_their_columns(library):
    good = library.DataFrame({"a": [1, 2], "b": [0.5, 1.5], "c": [True, False]})
    assert check_array(good).tolist() == [[1, 0.5, 1], [2, 1.5, 0]]
    with pytest.raises(InputError, match=r"NaN .* row 1, column 1 \('b'\)"):
        check_array(library.DataFrame({"a": [1, 2], "b": [0.5, None]}))
    with pytest.raises(InputError, match=r"column 'b' holds .*, not numbers: drop it"):
        check_array(library.DataFrame({"a": [1, 2], "b": ["x", "y"]}))


@pytest.mark.parametrize("dtype", ["u1", "i2", "i8", "f4", "f8", "?"])
def test_numbers_keep_their_dtype(dtype):
    X = np.array([[0, 1], [1, 0]], dtype)
    checked = check_array(X)
    assert checked.dtype == X.dtype
    assert np.array_equal(checked, X)


def test_objects_that_are_numbers_become_float64():
    X = np.array([[1, Fraction(1, 2)], [np.float32(0.25), True]], object)
    checked = check_array(X)
    assert checked.dtype == np.float64
    assert checked.tolist() == [[1, 0.5], [0.25, 1]]


def test_byte_order_and_layout_become_the_machines():
    checked = check_array(np.asfortranarray(np.arange(6, dtype=">f4").reshape(2, 3)))
    assert checked.dtype.isnative
    assert checked.flags.c_contiguous
    assert checked.tolist() == [[0, 1, 2], [3, 4, 5]]


@given(
    hnp.arrays(
        np.float32,
        hnp.array_shapes(min_dims=1, max_dims=4, max_side=5),
        elements=st.floats(width=32),
    )
)
def test_the_first_bad_cell_is_the_one_that_argwhere_finds(X):
    bad = np.argwhere(~np.isfinite(X))
    assert first_non_finite(X) == (tuple(bad[0]) if len(bad) else None)


def test_the_first_bad_cell_is_found_beyond_the_first_block():
    X = np.zeros((3000, 3000), np.float32)
    X[2999, 17] = np.nan
    assert first_non_finite(X) == (2999, 17)


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        (np.array([0, 255], np.uint8), np.array([0, 255], np.int64)),
        ([1.0, -1.0], np.array([1, -1], np.int64)),
        ([0.5, 1.0], np.array([0.5, 1.0])),
        ([True, False], np.array([1, 0], np.int64)),
        (["a", "bc"], np.array(["a", "bc"])),
        (np.array(["a", "b"], object), np.array(["a", "b"])),
        (np.array([3, 4], object), np.array([3, 4], np.int64)),
    ],
)
def test_labels_are_int64_float64_or_strings(y, expected):
    labels = check_labels(y, 2)
    assert labels.dtype == expected.dtype
    assert labels.tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("y", "said"),
    [
        ([1, 2, 3], "y has 3 labels, but there are 2 rows"),
        ([[1], [2]], r"one axis \(rows,\), got shape \(2, 1\)"),
        ([1.0, np.nan], "NaN or infinity at row 1"),
        (np.array(["a", None], object), "Unknown label type.*missing"),
        ([1j, 2], "Unknown label type: y holds complex128"),
    ],
)
def test_bad_labels_are_refused(y, said):
    with pytest.raises(InputError, match=said):
        check_labels(y, 2)
