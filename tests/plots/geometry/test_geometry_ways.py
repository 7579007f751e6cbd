from __future__ import annotations

import numpy as np
import pytest
import torch
from figure_surfaces import bowl, paraboloid, rows
from matplotlib.colors import to_hex
from scipy.stats import spearmanr

from vael.datasets.classes import Classes
from vael.errors import InputError
from vael.geometry import LatentManifold
from vael.plots.geometry import distance_matrices, geodesic_strips, geodesics_3d
from vael.plots.geometry.curves import even_points
from vael.plots.geometry.distances import order_of_rows

SHAPE = (4, 3)


def pictures(z):
    """Twelve pixels in [0, 1] that tell where z is."""
    return 1 / (1 + np.exp(-np.repeat(np.asarray(z)[:, :2], 6, axis=1)))


def test_strips_show_what_is_decoded_on_both_ways_and_how_long_they_are(sound, theme):
    m = paraboloid()
    a, b = m.data[:2] * 2, m.data[2:4] * -2
    found = m.geodesic(a, b)
    figure = geodesic_strips(m, found, pictures, SHAPE, steps=5, value_limits=(0, 1), theme=theme)
    sound(figure, theme)
    assert len(figure.axes) == 2
    for i, axes in enumerate(figure.axes):
        straight = float(found.length[i] * (1 + found.straight_excess[i]))
        names = [label.get_text() for label in axes.get_yticklabels()]
        assert names == [f"straight {straight:.2f}", f"geodesic {float(found.length[i]):.2f}"]
        pixels = np.asarray(axes.images[0].get_array())
        below = pixels.shape[0] - SHAPE[0]
        for top in (0, below):
            start, end = (pixels[top : top + 4, x : x + 3, 0].ravel() for x in (0, 12))
            np.testing.assert_allclose(start, pictures(a[i : i + 1])[0], rtol=1e-12)
            np.testing.assert_allclose(end, pictures(b[i : i + 1])[0], rtol=1e-12)
        lines = even_points(m, np.stack([a[i] + t * (b[i] - a[i]) for t in np.linspace(0, 1, 129)])[None], 5)
        middle = pixels[0:4, 6:9, 0].ravel()
        np.testing.assert_allclose(middle, pictures(lines[0, 2:3])[0], rtol=1e-12)


def test_even_points_are_even_on_the_image():
    # F = (z + z^3, 0): half the length is where z + z^3 = 1 of 2.
    m = LatentManifold(lambda z: torch.cat([z[:, :1] + z[:, :1] ** 3, z[:, 1:]], -1), latent=2, data=rows())
    line = np.stack([np.linspace(0, 1, 513), np.zeros(513)], axis=1)[None]
    even = even_points(m, line, 5)[0, :, 0]
    np.testing.assert_allclose(even + even**3, [0, 0.5, 1, 1.5, 2], atol=1e-5)
    still = even_points(m, np.ones((1, 9, 2)), 4)
    np.testing.assert_array_equal(still, np.ones((1, 4, 2)))


def test_rows_that_are_no_images_become_profiles(sound, theme):
    m = paraboloid()
    names = ["length", "width", "depth"]

    def decode(z):
        return np.concatenate([z, z.sum(1, keepdims=True)], axis=1)

    found = m.geodesic(m.data[:2], m.data[2:4])
    figure = geodesic_strips(m, found, decode, steps=4, feature_names=names, theme=theme)
    sound(figure, theme)
    straight = figure.axes[0]
    assert [label.get_text() for label in figure.axes[2].get_xticklabels()] == names
    drawn = np.array([line.get_ydata() for line in straight.lines])
    np.testing.assert_allclose(drawn[[0, -1], :2], np.stack([m.data[0], m.data[2]]), atol=1e-12)
    assert straight.get_title(loc="left").startswith("straight ")
    assert figure.axes[1].get_title(loc="left") == f"geodesic {float(found.length[0]):.2f}"
    assert to_hex(straight.lines[-1].get_color()) == to_hex(theme.values(1.0))


@pytest.mark.parametrize(
    ("decode", "options", "message"),
    [
        (pictures, {"image_shape": (5, 5)}, "12 features"),
        (pictures, {"steps": 1}, "steps must be 2 or more"),
        (lambda z: pictures(z)[:3], {}, "gave 3 rows for"),
        (lambda z: pictures(z) * np.nan, {}, "not finite"),
        (pictures, {"feature_names": ["a"]}, "1 feature names for 12"),
    ],
)
def test_strips_refuse(decode, options, message):
    with pytest.raises(InputError, match=message):
        geodesic_strips(paraboloid(), 2, decode, **options)


def two_clusters(n=20):
    rng = np.random.default_rng(0)
    y = np.arange(n) % 2
    points = rng.normal(size=(n, 2)) + 8 * y[:, None]
    return np.linalg.norm(points[:, None] - points, axis=2), y


def test_matrices_are_over_their_medians_in_the_order_of_classes(sound, theme):
    D, y = two_clusters()
    curved = 10 * D**1.5
    figure = distance_matrices(D, curved, np.array(["far", "near"])[y], theme=theme)
    sound(figure, theme)
    order = order_of_rows(curved, Classes(("far", "near"), y))
    np.testing.assert_array_equal(y[order], np.repeat([0, 1], 10))
    upper = np.triu_indices(20, 1)
    for axes, matrix in zip(figure.axes, (D, curved)):
        expected = matrix[np.ix_(order, order)] / np.median(matrix[upper])
        np.testing.assert_allclose(axes.images[0].get_array(), expected, rtol=1e-12)
        assert axes.images[0].get_clim() == figure.axes[0].images[0].get_clim()
        assert [label.get_text() for label in axes.get_yticklabels()] == ["far", "near"]
        np.testing.assert_allclose(axes.get_yticks(), [4.5, 14.5])
    assert figure.axes[2].get_title(loc="left") == "rank correlation 1.000"
    points = np.asarray(figure.axes[2].collections[0].get_offsets())
    assert len(points) == 190
    np.testing.assert_allclose(np.median(points, axis=0), 1, rtol=1e-12)


def test_the_rank_correlation_is_that_of_all_pairs():
    rng = np.random.default_rng(1)
    D, _ = two_clusters()
    noise = np.abs(D + rng.normal(scale=3, size=D.shape))
    noise = (noise + noise.T) / 2 * (1 - np.eye(20))
    upper = np.triu_indices(20, 1)
    rank = spearmanr(D[upper], noise[upper])[0]
    assert f"{rank:.3f}" in distance_matrices(D, noise).axes[2].get_title(loc="left")


def test_without_classes_near_points_stand_together():
    D, y = two_clusters()
    assert len(np.flatnonzero(np.diff(y[order_of_rows(D, None)]))) == 1


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (np.ones((3, 4)), np.ones((3, 4)), "square matrix"),
        (np.ones((2, 2)), np.ones((2, 2)), "3 points or more"),
        (np.triu(np.ones((4, 4))), np.ones((4, 4)), "symmetric"),
        (-np.ones((4, 4)), np.ones((4, 4)), "not negative"),
        (np.ones((4, 4)), np.ones((5, 5)), "drawn in pairs"),
        (np.ones((4, 4)), np.zeros((4, 4)), "median distance 0"),
        (np.full((4, 4), np.nan), np.ones((4, 4)), "not finite"),
    ],
)
def test_matrices_refuse(first, second, message):
    with pytest.raises(InputError, match=message):
        distance_matrices(first, second)


@pytest.mark.parametrize("kind", ["none", "classes", "values"])
def test_geodesics_in_space_go_through_their_points(sound, theme, kind):
    m = bowl(4)
    y = {"none": None, "classes": np.arange(60) % 3, "values": m.data[:, 0].numpy()}[kind]
    found = m.geodesic(m.data[:3], m.data[3:6])
    figure = geodesics_3d(m, found, y, latents=(3, 0, 1), label_name="kind", theme=theme)
    sound(figure, theme)
    lines = [np.stack(line.get_data_3d(), axis=1) for line in figure.axes[0].lines]
    assert len(lines) == 6
    for i in range(3):
        ends = np.stack([m.data[i], m.data[3 + i]])[:, [3, 0, 1]]
        np.testing.assert_allclose(lines[2 * i], ends, atol=1e-12)
        np.testing.assert_allclose(lines[2 * i + 1][::4], found.points[i][:, [3, 0, 1]], atol=1e-9)
    assert figure.axes[0].get_zlabel() == "$z_{2}$"


def test_a_map_in_space_refuses():
    with pytest.raises(InputError, match="use volume_map"):
        geodesics_3d(paraboloid(), 2)
    with pytest.raises(InputError, match="three different ones"):
        geodesics_3d(bowl(), 2, latents=(0, 1, 1))
    with pytest.raises(InputError, match="needs encoded data"):
        geodesics_3d(LatentManifold(lambda z: z, latent=3), 2)
