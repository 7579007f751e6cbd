from __future__ import annotations

import base64
import dataclasses
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from vael.plots.style import DARK, LIGHT
from vael.report import PointCloud
from vael.report.clouds import pack_cloud


def unpack(text: str, dtype: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype)


@given(st.integers(0, 2**32 - 1), st.floats(1e-3, 1e4), st.floats(-1e3, 1e3))
def test_packed_points_come_back_within_half_a_step(seed, spread, shift):
    points = spread * np.random.default_rng(seed).standard_normal((20, 3)) + shift
    data = pack_cloud(PointCloud(points)).data
    back = data["centre"] + unpack(data["points"], "<i2").reshape(-1, 3) * data["scale"] / 32767
    # Half a step of the 16 bits, and the six digits to which the centre and scale are written.
    tolerance = data["scale"] / 65534 + 1e-5 * (data["scale"] + np.abs(points).max())
    assert np.abs(back - points).max() <= tolerance


def test_a_cloud_of_one_place_is_packed():
    data = pack_cloud(PointCloud(np.full((3, 3), 2.5))).data
    assert data["centre"] == [2.5, 2.5, 2.5]
    assert not unpack(data["points"], "<i2").any()


def test_labels_are_names_in_order_and_counts_agree():
    labels = np.array(["b", "a", "b", "c"])
    packed = pack_cloud(PointCloud(np.eye(4, 3), labels=labels))
    assert packed.names == ["a", "b", "c"]
    assert packed.counts == [1, 2, 1]
    assert unpack(packed.data["labels"], "<u2").tolist() == [1, 0, 1, 2]


def test_names_without_points_keep_their_place():
    packed = pack_cloud(PointCloud(np.eye(2, 3), labels=np.array([0, 2]), label_names=("a", "b", "c")))
    assert packed.counts == [1, 0, 1]


def test_values_span_the_scale():
    data = pack_cloud(PointCloud(np.eye(3), values=np.array([-2.0, 0.0, 2.0]))).data
    assert unpack(data["values"], "<u2").tolist() == [0, 32768, 65535]
    assert data["valueText"] == ["−2.0", "2.0"]


def test_an_outlier_does_not_stretch_the_frame():
    points = np.random.default_rng(0).uniform(-1, 1, (1000, 3))
    points[0] = 500.0
    low, high = np.array(pack_cloud(PointCloud(points)).data["box"]).T
    assert (high < 1.5).all()
    assert (low >= -1.0).all()


@pytest.mark.parametrize("shape", [(7, 5, 3), (1, 8, 8), (10, 4, 6, 3)])
def test_each_thumbnail_is_a_tile_of_the_sheet(shape):
    rng = np.random.default_rng(0)
    images = rng.choice(np.arange(0, 256, 17, dtype=np.uint8), shape)
    if len(shape) == 4:
        images[:] = rng.integers(0, 255, (len(images), 1, 1, 3))
    points = rng.standard_normal((len(images), 3))
    sheet = pack_cloud(PointCloud(points, thumbnails=images)).data["thumbnails"]
    content = base64.b64decode(sheet["address"].removeprefix("data:image/png;base64,"))
    pixels = np.asarray(Image.open(BytesIO(content)).convert("RGB"))
    height, width = shape[1:3]
    for index, image in enumerate(images):
        row, column = divmod(index, sheet["columns"])
        tile = pixels[row * height : (row + 1) * height, column * width : (column + 1) * width]
        expected = image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)
        assert np.abs(tile.astype(int) - expected).max() <= 2


def test_many_classes_all_have_colours_of_their_own():
    labels = np.arange(40)
    packed = pack_cloud(PointCloud(np.random.default_rng(0).normal(size=(40, 3)), labels=labels))
    assert len(set(packed.colours)) == 40


def test_colours_are_those_of_the_pictures_unless_given():
    cloud = PointCloud(np.eye(2, 3), labels=np.array([0, 1]))
    expected = [f"light-dark({LIGHT.classes[i]}, {DARK.classes[i]})" for i in range(2)]
    assert pack_cloud(cloud).colours == expected
    given = dataclasses.replace(cloud, colours=[("#000000", "#ffffff")] * 2)
    assert pack_cloud(given).colours == ["light-dark(#000000, #ffffff)"] * 2


def test_ten_thousand_points_with_thumbnails_stay_small():
    rng = np.random.default_rng(0)
    points = rng.standard_normal((10_000, 3))
    images = np.zeros((10_000, 28, 28), np.uint8)
    images[:, 8:20, 8:20] = rng.integers(0, 2, (10_000, 12, 12)) * 255
    data = pack_cloud(PointCloud(points, labels=rng.integers(0, 10, 10_000))).data
    assert len(data["points"]) + len(data["labels"]) < 110_000
    sheet = pack_cloud(PointCloud(points, thumbnails=images)).data["thumbnails"]
    assert len(sheet["address"]) < 1_500_000
