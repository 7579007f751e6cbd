"""IDX files, written here by hand from the format's description."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from vael.datasets import load
from vael.datasets.idx import is_idx, read_idx
from vael.errors import InputError

CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def idx_bytes(array):
    code = CODES[array.dtype.str[1:]]
    head = struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape)
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


def write_mnist_like(folder, rows=4, tests=2, suffix=""):
    rng = np.random.default_rng(0)
    parts = {}
    pack = gzip.compress if suffix else bytes
    for part, count in (("train", rows), ("t10k", tests)):
        images = rng.integers(0, 256, (count, 3, 5), np.uint8)
        labels = rng.integers(0, 10, count).astype(np.uint8)
        (folder / f"{part}-images-idx3-ubyte{suffix}").write_bytes(pack(idx_bytes(images)))
        (folder / f"{part}-labels-idx1-ubyte{suffix}").write_bytes(pack(idx_bytes(labels)))
        parts[part] = images, labels
    return parts


@given(
    array=st.sampled_from(sorted(CODES)).flatmap(
        lambda code: hnp.arrays(np.dtype(code), hnp.array_shapes(min_dims=1, max_dims=4))
    ),
    zipped=st.booleans(),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_what_was_written_is_read(tmp_path, array, zipped):
    path = tmp_path / "array.idx"
    content = idx_bytes(array)
    path.write_bytes(gzip.compress(content) if zipped else content)
    read = read_idx(path)
    assert is_idx(path)
    assert read.dtype == array.dtype
    assert read.tobytes() == array.tobytes()
    assert read.shape == array.shape


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_folder_of_four_files_is_a_data_set(tmp_path, suffix):
    parts = write_mnist_like(tmp_path, suffix=suffix)
    dataset = load(tmp_path)
    assert np.array_equal(dataset.X.reshape(4, 3, 5), parts["train"][0])
    assert dataset.y.tolist() == parts["train"][1].tolist()
    assert np.array_equal(dataset.X_test.reshape(2, 3, 5), parts["t10k"][0])
    assert dataset.y_test.tolist() == parts["t10k"][1].tolist()
    assert dataset.image_shape == (3, 5)
    assert dataset.X.dtype == np.uint8
    with pytest.raises(InputError, match="leave label out"):
        load(tmp_path, label="y")


def test_a_file_finds_the_labels_beside_it_or_where_it_is_told(tmp_path):
    images, labels = write_mnist_like(tmp_path)["t10k"]
    path = tmp_path / "t10k-images-idx3-ubyte"
    dataset = load(path)
    assert dataset.y.tolist() == labels.tolist()
    assert dataset.X_test is None
    np.save(tmp_path / "other.npy", labels + 1)
    assert load(path, label="other.npy").y.tolist() == (labels + 1).tolist()
    (tmp_path / "other.txt").write_text("cat\ndog\n")
    assert load(path, label=str(tmp_path / "other.txt")).y.tolist() == ["cat", "dog"]
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    assert load(path).y is None
    assert np.array_equal(load(path, image_shape=(3, 5, 1)).X, images.reshape(2, 15))


def test_labels_of_another_length(tmp_path):
    write_mnist_like(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx_bytes(np.zeros(3, np.uint8)))
    with pytest.raises(InputError, match=r"y of .* has 3 labels, but there are 4 rows"):
        load(tmp_path / "train-images-idx3-ubyte")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (idx_bytes(np.zeros((2, 3, 3), np.uint8))[:-1], r"truncated: shape \(2, 3, 3\) needs 34"),
        (idx_bytes(np.zeros((2, 3, 3), np.uint8)) + b"x", "too long"),
        (b"\0\0\x08\x03\0\0\0\x02", "truncated: it ends inside its head"),
        (gzip.compress(idx_bytes(np.zeros((99, 9), np.uint8)), mtime=0)[:-12], "truncated or damaged"),
        (idx_bytes(np.zeros(5, np.uint8)), r"shape \(5,\), but must be"),
        (b"\x89PNG", "of no kind that can be read"),
        (b"", "of no kind that can be read"),
    ],
    ids=["too short", "too long", "no head", "cut gzip", "one axis", "a picture", "empty"],
)
def test_bad_files_are_refused(tmp_path, content, said):
    path = tmp_path / "images-idx3-ubyte"
    path.write_bytes(content)
    with pytest.raises(InputError, match=said):
        load(path)


def test_a_missing_file_of_labels(tmp_path):
    write_mnist_like(tmp_path)
    with pytest.raises(InputError, match=r"no file of labels at nowhere\.npy"):
        load(tmp_path / "train-images-idx3-ubyte", label="nowhere.npy")
