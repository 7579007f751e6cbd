"""The data sets that are known by name, against published facts about them."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from vael import datasets
from vael.datasets import mnist
from vael.errors import InputError


@pytest.fixture(scope="module")
def digits_of_mnist():
    return datasets.load("mnist")


def test_mnist_has_the_published_counts(digits_of_mnist):
    train = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    test = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert np.bincount(digits_of_mnist.y).tolist() == train
    assert np.bincount(digits_of_mnist.y_test).tolist() == test
    assert digits_of_mnist.y[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert digits_of_mnist.y_test[:5].tolist() == [7, 2, 1, 0, 4]


def test_mnist_has_the_published_mean_and_deviation(digits_of_mnist):
    # 0.1307 and 0.3081 are the constants of every tutorial's Normalize.
    X = digits_of_mnist.X
    squares = np.arange(256, dtype=np.uint16) ** 2
    mean = X.sum(dtype=np.int64) / X.size / 255
    mean_square = squares[X].sum(dtype=np.int64) / X.size / 255**2
    assert mean == pytest.approx(0.1306604762738429, abs=1e-12)
    assert np.sqrt(mean_square - mean**2) == pytest.approx(0.3081, abs=5e-5)


def test_mnist_is_the_original_idx_files_byte_for_byte(digits_of_mnist):
    # SHA-256 of the four IDX files as published, heads included.
    def digest(array, *shape):
        head = b"\0\0\x08" + bytes([len(shape)]) + np.array(shape, ">u4").tobytes()
        return hashlib.sha256(head + array.astype(np.uint8).tobytes()).hexdigest()

    d = digits_of_mnist
    assert digest(d.X, 60000, 28, 28) == ("ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db")
    assert digest(d.y, 60000) == "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"
    assert digest(d.X_test, 10000, 28, 28) == (
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"
    )
    assert digest(d.y_test, 10000) == ("ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2")


def test_mnist_is_bytes_flat_and_read_only(digits_of_mnist):
    d = digits_of_mnist
    assert (d.X.dtype, d.X.shape, d.X_test.shape) == (np.uint8, (60000, 784), (10000, 784))
    assert d.image_shape == (28, 28)
    assert d.feature_names[29] == "pixel_1_1"
    assert d.licence == "CC BY-SA 3.0"
    assert "LeCun" in d.source
    assert d.X.flags.c_contiguous
    with pytest.raises(ValueError, match="read-only"):
        d.X[0, 0] = 1


def test_mnist_file_is_one_lzma_npz_below_ten_megabytes_with_its_licence_beside():
    folder = files("vael.datasets") / "data"
    packed = folder / "mnist.npz"
    assert len(packed.read_bytes()) < 10_000_000
    with packed.open("rb") as file, zipfile.ZipFile(file) as archive:
        assert {member.compress_type for member in archive.infolist()} == {zipfile.ZIP_LZMA}
    licence = (folder / "MNIST-LICENCE.txt").read_text()
    assert "Creative Commons Attribution-ShareAlike 3.0" in licence
    assert all(digest in licence for digest in mnist.SHA256.values())


def test_a_damaged_mnist_is_refused(tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    target = tmp_path / "data" / "mnist.npz"
    monkeypatch.setattr(mnist, "files", lambda _: tmp_path)
    original = (files("vael.datasets") / "data" / "mnist.npz").read_bytes()
    target.write_bytes(original[: len(original) // 2])
    with pytest.raises(InputError, match=r"mnist\.npz is damaged"):
        mnist.load_mnist()
    blank = {key: np.zeros(10, np.uint8) for key in mnist.SHA256}
    np.savez(target, **blank)
    with pytest.raises(InputError, match="SHA-256 of X"):
        mnist.load_mnist()


def test_digits_are_scikit_learns():
    d = datasets.load("digits")
    assert d.X.shape == (1797, 64)
    assert d.X.dtype == np.float64
    assert (d.X.min(), d.X.max(), len(np.unique(d.X))) == (0, 16, 17)
    assert np.bincount(d.y).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert d.X.mean() == pytest.approx(4.884164579855314)
    assert (d.image_shape, d.X_test, d.y_test) == ((8, 8), None, None)
    assert d.feature_names[9] == "pixel_1_1"


def test_names():
    assert datasets.names() == ("mnist", "digits", "fashion-mnist", "sprites")
    assert datasets.load("Digits").name == "digits"


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("mnits", "did you mean 'mnist'"),
        ("fashion_mnst", "did you mean 'fashion-mnist'"),
        ("zebra", "known names: mnist, digits, fashion-mnist, sprites"),
        ("nowhere/x.npy", r"no such file or folder: .*nowhere/x\.npy"),
        (Path("zebra"), "no such file or folder"),
    ],
)
def test_an_unknown_name_or_a_missing_file_says_so(wanted, said):
    with pytest.raises(InputError, match=said):
        datasets.load(wanted)


def test_a_built_in_takes_no_label_and_another_image_shape_if_it_fits():
    with pytest.raises(InputError, match="fashion-mnist has labels of its own"):
        datasets.load("Fashion_MNIST", label="y")
    assert datasets.load("digits", image_shape=[4, 16]).feature_names[17] == "pixel_1_1"
    with pytest.raises(InputError, match=r"image_shape \(9, 8\) has 72 values.* has 64"):
        datasets.load("digits", image_shape=(9, 8))


def test_importing_the_room_loads_no_heavy_library():
    heavy = ("PIL", "pandas", "rich", "pooch", "narwhals", "sklearn", "matplotlib", "torch")
    code = f"import vael.datasets, sys; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
