from __future__ import annotations

import base64

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from vael.errors import InputError
from vael.geometry import LatentManifold
from vael.report import PointCloud, Polylines, Report, Section, render
from vael.report.clouds import pack_cloud
from vael.report.geodesic_cloud import geodesic_cloud


def bowl(latent):
    def decoder(z):
        return torch.cat([z, z.square().sum(-1, keepdim=True) / 2], dim=-1)

    data = np.random.default_rng(0).normal(size=(50, latent))
    return LatentManifold(decoder, latent=latent, data=data)


def unpack(group, data):
    steps = np.frombuffer(base64.b64decode(group["points"]), "<i2").reshape(-1, 3)
    places = data["centre"] + steps * data["scale"] / 32767
    return np.split(places, np.cumsum(group["counts"])[:-1])


def test_packed_lines_come_back_even_where_they_leave_the_points():
    rng = np.random.default_rng(0)
    lines = [rng.normal(size=(n, 3)) * 30 for n in (2, 7, 4)]
    points = rng.normal(size=(20, 3))
    cloud = PointCloud(points, curves=[Polylines("ways", lines, ("#112233", "#445566"), dashed=True)])
    data = pack_cloud(cloud).data
    (group,) = data["curves"]
    assert (group["name"], group["dashed"]) == ("ways", True)
    assert group["colour"] == "light-dark(#112233, #445566)"
    for back, line in zip(unpack(group, data), lines):
        np.testing.assert_allclose(back, line, atol=data["scale"] / 65534 + 2e-3)
    # the frame stays that of the points
    assert np.abs(data["box"]).max() < 4


def test_a_cloud_without_lines_has_none():
    assert pack_cloud(PointCloud(np.eye(3))).data["curves"] == []


@pytest.mark.parametrize(
    ("lines", "colour", "message"),
    [
        ([], None, "one line or more"),
        ([np.zeros((4, 2))], None, "line 0 must have shape"),
        ([np.zeros((4, 3)), np.zeros((1, 3))], None, "line 1 must have shape"),
        ([np.full((2, 3), np.inf)], None, "line 0 is not finite"),
        ([np.zeros((2, 3))], ("red", "#000000"), "#rrggbb"),
    ],
)
def test_bad_lines_are_refused(lines, colour, message):
    with pytest.raises(InputError, match=message):
        Polylines("ways", lines, colour)


def test_the_legend_and_the_words_name_the_lines():
    name = "<b>ways</b>"
    cloud = PointCloud(np.eye(3), curves=[Polylines(name, [np.eye(3)], dashed=True)])
    page = render(Report("r", sections=[Section("s", blocks=[cloud])]))
    assert name not in page
    assert 'data-curves="0"' in page
    assert '<i class="line dashed"' in page
    assert "&lt;b&gt;ways&lt;/b&gt; (1 lines)" in page


def test_two_latents_become_a_landscape_of_the_log_volume():
    m = bowl(2)
    y = np.arange(50) % 3
    made = geodesic_cloud(m, m.geodesic(m.data[:4], m.data[4:8]), y, label_name="kind", caption="c", alt="a")
    assert made.axis_names == ("z1", "z2", "log volume")
    geodesics, straight = made.curves
    assert straight.dashed
    assert not geodesics.dashed
    for places in (made.points, *geodesics.lines, *straight.lines):
        height = 0.5 * np.log(1 + np.square(places[:, :2]).sum(1))
        np.testing.assert_allclose(places[:, 2], height, rtol=1e-12)
    np.testing.assert_array_equal(made.points[:, :2], m.data)
    np.testing.assert_array_equal(made.labels, y)
    for i in range(4):
        for group in (geodesics, straight):
            np.testing.assert_allclose(group.lines[i][[0, -1], :2], m.data[[i, 4 + i]], atol=1e-12)


def test_three_latents_are_drawn_as_they_are_and_more_by_their_components():
    m = bowl(3)
    made = geodesic_cloud(m, 3)
    np.testing.assert_array_equal(made.points, m.data)
    assert made.axis_names == ("z1", "z2", "z3")
    m = bowl(5)
    found = m.geodesic(m.data[0], m.data[1])
    made = geodesic_cloud(m, found)
    pca = PCA(3, svd_solver="full").fit(m.data.numpy())
    np.testing.assert_allclose(made.points, pca.transform(m.data.numpy()), atol=1e-12)
    np.testing.assert_allclose(made.curves[0].lines[0][::2], pca.transform(found.points.numpy()), atol=1e-9)


def test_images_are_thumbnails_of_the_rows():
    X = np.random.default_rng(0).uniform(size=(50, 12))
    assert geodesic_cloud(bowl(3), 1, X=X, image_shape=(4, 3)).thumbnails.shape == (50, 4, 3)


def test_one_latent_has_no_turning_map():
    with pytest.raises(InputError, match="two latents or more"):
        geodesic_cloud(LatentManifold(lambda z: z, latent=1, data=np.arange(9.0)[:, None]), 1)
