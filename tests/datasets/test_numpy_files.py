"""Files of numpy."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from vael.datasets import load
from vael.errors import InputError

FINITE = st.sampled_from(["u1", "<i4", ">i8", "<f4", ">f8", "?"]).flatmap(
    lambda code: hnp.arrays(
        np.dtype(code),
        hnp.array_shapes(min_dims=2, max_dims=4, max_side=4),
        elements={"allow_nan": False, "allow_infinity": False} if "f" in code else None,
    )
)


@given(array=FINITE, single=st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_what_was_saved_is_loaded(tmp_path, array, single):
    path = tmp_path / ("array.npz" if single else "array.npy")
    if single:
        np.savez_compressed(path, array)
    else:
        np.save(path, array)
    dataset = load(path)
    assert dataset.X.dtype == array.dtype.newbyteorder("=")
    assert np.array_equal(dataset.X, array.reshape(len(array), -1))
    assert dataset.image_shape == (array.shape[1:] if array.ndim > 2 else None)


@pytest.mark.parametrize(
    "keys",
    [
        ("X", "y", "X_test", "y_test"),
        ("x_train", "y_train", "x_test", "y_test"),
        ("data", "target", "test_images", "test_labels"),
    ],
)
def test_an_npz_of_parts(tmp_path, keys):
    X, y = np.arange(6.0).reshape(3, 2), np.array([2, 0, 1])
    np.savez(tmp_path / "parts.npz", **dict(zip(keys, (X, y, X[:2] + 9, y[:2]))))
    dataset = load(tmp_path / "parts.npz")
    assert np.array_equal(dataset.X, X)
    assert np.array_equal(dataset.X_test, X[:2] + 9)
    assert (dataset.y.tolist(), dataset.y_test.tolist()) == ([2, 0, 1], [2, 0])
    assert (dataset.name, dataset.source) == ("parts", str(tmp_path / "parts.npz"))


def test_label_names_the_key(tmp_path):
    np.savez(tmp_path / "a.npz", X=np.zeros((2, 1)), y=np.array([0, 1]), kind=np.array(["a", "b"]))
    assert load(tmp_path / "a.npz", label="kind").y.tolist() == ["a", "b"]
    with pytest.raises(InputError, match=r"no array 'color' for labels; it has X, y, kind"):
        load(tmp_path / "a.npz", label="color")


def test_flat_rows_take_an_image_shape(tmp_path):
    np.save(tmp_path / "flat.npy", np.zeros((2, 12), np.uint8))
    assert load(tmp_path / "flat.npy", image_shape=(2, 2, 3)).image_shape == (2, 2, 3)
    with pytest.raises(InputError, match=r"\(5, 2\) has 10 values, but a row of X has 12"):
        load(tmp_path / "flat.npy", image_shape=(5, 2))
    with pytest.raises(InputError, match=r"must be \(H, W\) or \(H, W, C\)"):
        load(tmp_path / "flat.npy", image_shape=(12,))
    np.save(tmp_path / "images.npy", np.zeros((2, 3, 4)))
    with pytest.raises(InputError, match=r"\(5, 2\) was given, but the images have \(3, 4\)"):
        load(tmp_path / "images.npy", image_shape=(5, 2))


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"X": np.zeros((3, 2)), "y": np.zeros(2)}, "y of .* has 2 labels, but there are 3 rows"),
        ({"X": np.zeros((3, 2)), "y_test": np.zeros(2)}, "has y_test, but no X_test"),
        ({"X": np.zeros((3, 2)), "X_test": np.zeros((3, 1))}, r"shape \(2,\), of X_test \(1,\)"),
        ({"a": np.zeros((3, 2)), "b": np.zeros((3, 2))}, "has the arrays a, b: call the data X"),
        ({"X": np.zeros((3, 2)), "x_train": np.zeros((3, 2))}, "several arrays could be X"),
        ({"X": np.array([[1, None]])}, "holds Python objects, which are not read"),
        ({"X": np.array([["a"]])}, "holds strings"),
        ({"X": np.array([[1j]])}, "Complex data not supported"),
        ({"X": np.array([[0.0, np.nan]])}, "NaN .* row 0, column 1"),
        ({"X": np.zeros((0, 2))}, "is empty: 0 sample"),
        ({"X": np.zeros(3)}, r"shape \(3,\), but must be"),
        ({"X": np.zeros((1, 2, 2, 2, 2))}, "Reshape your data"),
        ({}, "has the arrays none"),
    ],
)
def test_bad_npz_files_are_refused(tmp_path, parts, said):
    np.savez(tmp_path / "bad.npz", **parts)
    with pytest.raises(InputError, match=said):
        load(tmp_path / "bad.npz")


def test_truncated_and_foreign_files_are_refused(tmp_path):
    X = np.random.default_rng(0).normal(size=(50, 20))
    np.save(tmp_path / "a.npy", X)
    np.savez_compressed(tmp_path / "a.npz", X=X)
    for name in ("a.npy", "a.npz"):
        content = (tmp_path / name).read_bytes()
        for length in (0, 5, 200, len(content) - 30):
            (tmp_path / f"cut-{name}").write_bytes(content[:length])
            with pytest.raises(InputError, match="truncated"):
                load(tmp_path / f"cut-{name}")
    (tmp_path / "swapped.npy").write_bytes((tmp_path / "a.npz").read_bytes())
    (tmp_path / "swapped.npz").write_bytes((tmp_path / "a.npy").read_bytes())
    for name in ("swapped.npy", "swapped.npz"):
        with pytest.raises(InputError, match=name):
            load(tmp_path / name)


def test_a_member_damaged_inside_the_archive_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, X=np.zeros((50, 20)))
    content = bytearray(path.read_bytes())
    content[600] ^= 1
    path.write_bytes(content)
    assert zipfile.is_zipfile(path)
    with pytest.raises(InputError, match="damaged"):
        load(path)


def test_nothing_is_unpickled(tmp_path):
    np.save(tmp_path / "objects.npy", np.array([{"a": 1}], object), allow_pickle=True)
    with pytest.raises(InputError, match="Python objects, which are not read because"):
        load(tmp_path / "objects.npy")
