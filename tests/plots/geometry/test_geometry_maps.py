from __future__ import annotations

import numpy as np
import pytest
import torch
from figure_surfaces import TILT, bowl, paraboloid, rows, tilted
from matplotlib.collections import EllipseCollection, PathCollection
from matplotlib.colors import to_hex, to_rgb

from vael.errors import InputError
from vael.geometry import LatentManifold, MetricManifold
from vael.plots.geometry import curvature_map, exponential_fan, indicatrix_field, volume_map
from vael.plots.geometry.fans import unit_directions
from vael.plots.geometry.plane import plane_of


def ground(figure):
    (image,) = figure.axes[0].images
    return np.asarray(image.get_array())


def middles(figure, resolution):
    """Where the ground's pixels lie, from its extent alone."""
    image = figure.axes[0].images[0]
    left, right, bottom, top = image.get_extent()
    down, across = image.get_array().shape
    xs = left + (np.arange(across) + 0.5) / across * (right - left)
    ys = bottom + (np.arange(down) + 0.5) / down * (top - bottom)
    assert max(across, down) == resolution
    return np.meshgrid(xs, ys)


def drawn_lines(figure, dashed):
    return [
        np.asarray(line.get_xydata())
        for line in figure.axes[0].lines
        if (line.get_linestyle() == "--") == dashed
    ]


def test_the_ground_is_the_log_volume_at_its_pixels(sound, theme):
    m = paraboloid()
    y = np.arange(120) % 3
    figure = volume_map(m, y, geodesics=3, resolution=40, label_name="kind", theme=theme)
    sound(figure, theme)
    x, up = middles(figure, 40)
    np.testing.assert_allclose(ground(figure), 0.5 * np.log(1 + x**2 + up**2), rtol=1e-12)
    assert "nats" in figure.axes[1].get_ylabel()
    (cloud,) = [
        c for c in figure.axes[0].collections if isinstance(c, PathCollection) and len(c.get_offsets()) == 120
    ]
    for digit in range(3):
        own = [to_hex(c) == theme.classes[digit] for c in cloud.get_facecolors()]
        drawn, given = np.asarray(cloud.get_offsets())[own], m.data.numpy()[y == digit]
        np.testing.assert_array_equal(drawn[np.lexsort(drawn.T)], given[np.lexsort(given.T)])


def test_a_singular_metric_leaves_a_hole_and_no_error(sound, theme):
    m = LatentManifold(lambda z: z.relu(), latent=2, data=rows())
    figure = volume_map(m, resolution=20, theme=theme)
    sound(figure, theme)
    x, up = middles(figure, 20)
    np.testing.assert_array_equal(np.isnan(ground(figure)), (x < 0) | (up < 0))


def test_curves_and_straight_lines_join_the_same_ends():
    m = paraboloid()
    a, b = m.data[:4], m.data[4:8]
    found = m.geodesic(a, b)
    figure = volume_map(m, geodesics=found, resolution=8)
    curves, straight = drawn_lines(figure, False), drawn_lines(figure, True)
    assert len(curves) == len(straight) == 4
    for i in range(4):
        np.testing.assert_allclose(curves[i][[0, -1]], [a[i], b[i]], atol=1e-12)
        np.testing.assert_allclose(straight[i], [a[i], b[i]], atol=1e-12)
        np.testing.assert_allclose(curves[i][::4], found.points[i], atol=1e-9)


def test_random_pairs_are_data_and_follow_their_seed():
    m = tilted()
    first, again, other = (
        np.array(drawn_lines(volume_map(m, geodesics=5, resolution=4, seed=seed), True)) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    ends = first.reshape(-1, 2)
    assert len(np.unique(ends, axis=0)) == 10
    assert all((np.abs(m.data.numpy() - end).max(1) < 1e-12).any() for end in ends)


def test_more_latents_are_held_at_the_mean_or_where_told():
    m = bowl()
    mean = m.data.mean(0).numpy()
    for at, held in ((None, mean[1]), ([9.0, 2.0, 9.0], 2.0)):
        figure = volume_map(m, latents=(2, 0), at=at, geodesics=1, resolution=12)
        x, up = middles(figure, 12)
        expected = 0.5 * np.log(1 + x**2 + up**2 + held**2)
        np.testing.assert_allclose(ground(figure), expected, rtol=1e-12)
        assert figure.axes[0].get_xlabel() == "$z_{3}$"
        assert figure.axes[0].get_ylabel() == "$z_{1}$"


def test_the_map_is_as_large_as_the_data_but_for_an_outlier():
    data = np.random.default_rng(0).uniform(-1, 1, (1000, 2))
    data[0] = 50.0
    (left, right), (bottom, top) = plane_of(paraboloid(data), (0, 1), None, None, 4).limits
    assert -1.3 < left < -1
    assert 1 < right < 2
    assert -1.3 < bottom < -1
    assert 1 < top < 2


def test_values_get_a_second_bar(sound, theme):
    m = paraboloid()
    figure = volume_map(m, m.data[:, 0].numpy(), resolution=8, label_name="height (cm)", theme=theme)
    sound(figure, theme)
    assert [a.get_xlabel() for a in figure.axes[1:]].count("height (cm)") == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"resolution": 1}, "2 or more points"),
        ({"latents": (0, 2)}, "two different ones of 0 to 1"),
        ({"latents": (1, 1)}, "two different ones of 0 to 1"),
        ({"limits": ((1, 0), (0, 1))}, "each rising"),
        ({"limits": ((0, np.inf), (0, 1))}, "each rising"),
        ({"at": [0.0, 0.0, 0.0]}, "at has points of 3 coordinates"),
        ({"at": [[0.0, 0.0], [1.0, 1.0]]}, "one point of 2 latents"),
        ({"y": np.zeros(7)}, "y has shape"),
        ({"geodesics": 0}, "must be 1 to 60"),
        ({"geodesics": 61}, "must be 1 to 60"),
    ],
)
def test_bad_input_is_refused(options, message):
    with pytest.raises(InputError, match=message):
        volume_map(paraboloid(), **options)


def test_a_map_without_data_needs_limits_and_geodesics_of_its_own_latents():
    m = MetricManifold(lambda z: torch.eye(2).expand(len(z), 2, 2))
    with pytest.raises(InputError, match="limits="):
        volume_map(m)
    assert (ground(volume_map(m, limits=((0, 2), (0, 1)), resolution=4)) == 0).all()
    with pytest.raises(InputError, match="needs encoded data"):
        volume_map(m, limits=((0, 2), (0, 1)), geodesics=2)
    with pytest.raises(InputError, match="3 latents"):
        volume_map(paraboloid(), geodesics=bowl().geodesic([0.0, 0.0, 0.0], [1.0, 0.0, 0.0]))
    with pytest.raises(InputError, match="two latents or more"):
        volume_map(LatentManifold(lambda z: z, latent=1, data=rows(9, 1)))


def test_ellipses_have_the_metric_s_eigenvalues(sound, theme):
    figure = indicatrix_field(tilted(), np.arange(120) % 4, radius=0.3, resolution=6, theme=theme)
    sound(figure, theme)
    (field,) = [c for c in figure.axes[0].collections if isinstance(c, EllipseCollection)]
    values, vectors = np.linalg.eigh((TILT.T @ TILT).numpy())
    np.testing.assert_allclose(field.get_widths(), 2 * 0.3 / np.sqrt(values[0]), rtol=1e-12)
    np.testing.assert_allclose(field.get_heights(), 2 * 0.3 / np.sqrt(values[1]), rtol=1e-12)
    angle = np.degrees(np.arctan2(vectors[1, 0], vectors[0, 0]))
    np.testing.assert_allclose(np.asarray(field.get_angles()) % 180, angle % 180, rtol=1e-9)
    assert "0.3" in figure.axes[0].get_title(loc="left")


def test_ellipses_that_are_drawn_are_circles_of_the_metric():
    m = paraboloid()
    figure = indicatrix_field(m, resolution=5)
    (field,) = [c for c in figure.axes[0].collections if isinstance(c, EllipseCollection)]
    radius = float(figure.axes[0].get_title(loc="left").split()[-1])
    turn = np.radians(np.asarray(field.get_angles()))
    for z, a, b, t in zip(field.get_offsets(), field.get_widths() / 2, field.get_heights() / 2, turn):
        G = np.eye(2) + np.outer(z, z)
        for s in (0.0, 0.7, 2.0):
            v = np.array([[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]]) @ [a * np.cos(s), b * np.sin(s)]
            assert v @ G @ v == pytest.approx(radius**2, rel=1e-9)


def test_an_indicatrix_field_refuses_a_radius_of_nothing_and_a_metric_of_nothing():
    with pytest.raises(InputError, match="radius must be more than 0"):
        indicatrix_field(tilted(), radius=0)
    with pytest.raises(InputError, match="singular all over"):
        indicatrix_field(LatentManifold(lambda z: z[:, :1], latent=2, data=rows()), resolution=3)


def test_a_fan_on_a_plane_is_straight_and_its_circles_are_ellipses(sound, theme):
    z = np.array([0.2, -0.1])
    figure = exponential_fan(
        tilted(), z, np.arange(120) % 3, radii=[0.5, 1, 2.5], n_directions=8, resolution=10, theme=theme
    )
    sound(figure, theme)
    lines = [np.asarray(line.get_xydata()) for line in figure.axes[0].lines]
    rays, circles = lines[:8], lines[8:]
    G = (TILT.T @ TILT).numpy()
    assert len(circles) == 3
    for ray in rays:
        v = ray[-1] - z
        assert v @ G @ v == pytest.approx(2.5**2, rel=1e-9)
        away = np.linalg.norm(ray - z, axis=1)
        assert (np.diff(away) > 0).all()
        np.testing.assert_allclose(
            (ray - z)[1:] / away[1:, None], np.tile(v / away[-1], (len(ray) - 1, 1)), atol=1e-9
        )
    for circle, radius in zip(circles, (0.5, 1, 2.5)):
        away = circle - z
        np.testing.assert_allclose(np.einsum("ni,ij,nj->n", away, G, away), radius**2, rtol=1e-9)
        np.testing.assert_array_equal(circle[0], circle[-1])
    told = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    assert "at distance 0.5, 1, 2.5" in told


def test_a_fan_on_the_paraboloid_reaches_as_far_as_it_says():
    m = paraboloid()
    figure = exponential_fan(m, [0.3, -0.2], radii=[0.4, 1.2], n_directions=5, resolution=4)
    for circle, radius in zip(
        [np.asarray(line.get_xydata()) for line in figure.axes[0].lines][5:], (0.4, 1.2)
    ):
        distance = m.distance(np.array([0.3, -0.2]), circle[:-1])
        np.testing.assert_allclose(distance, radius, rtol=1e-5)


def test_directions_have_unit_length_at_equal_angles():
    m = bowl()
    plane = plane_of(m, (0, 2), [0.5, 1.0, -0.4], None, 4)
    V = unit_directions(m, plane, 12)
    z = plane.held
    G = np.eye(3) + np.outer(z, z)
    np.testing.assert_allclose(np.einsum("ni,ij,nj->n", V, G, V), 1, rtol=1e-12)
    np.testing.assert_allclose(
        np.einsum("ni,ij,nj->n", V, G, np.roll(V, 1, 0)), np.cos(np.pi / 6), rtol=1e-12
    )
    assert (V[:, 1] == 0).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"radii": [1.0, 0.5]}, "rising"),
        ({"radii": []}, "rising"),
        ({"radii": [0.0, 1.0]}, "more than 0"),
        ({"n_directions": 0}, "1 or more"),
    ],
)
def test_a_fan_refuses(options, message):
    with pytest.raises(InputError, match=message):
        exponential_fan(tilted(), [0.0, 0.0], resolution=4, **options)


def test_a_fan_refuses_a_point_where_the_metric_is_singular():
    m = LatentManifold(lambda z: torch.stack([z[:, 0], z[:, 1] ** 2], -1), latent=2, data=rows())
    with pytest.raises(InputError, match="singular at z"):
        exponential_fan(m, [1.0, 0.0], resolution=4)


def test_a_fan_stops_where_the_metric_does():
    # Beyond x = 1 the decoder has no values: geodesics that get there are drawn as far as they came.
    def decoder(z):
        return torch.stack([torch.where(z[:, 0] > 1, torch.nan, z[:, 0]), z[:, 1], z[:, 1] ** 2], -1)

    m = LatentManifold(decoder, latent=2, data=rows(40) / 4)
    limits = ((-2, 0.9), (-1, 1))
    figure = exponential_fan(m, [0.0, 0.0], radii=[0.5, 1.5], n_directions=4, limits=limits, resolution=4)
    right, up, left, down = (np.asarray(line.get_xydata()) for line in figure.axes[0].lines[:4])
    assert np.isnan(right[-1]).all()
    assert np.nanmax(right[:, 0]) <= 1
    np.testing.assert_allclose(left[-1], [-1.5, 0], atol=1e-9)
    assert np.isfinite([up[-1], down[-1]]).all()


def test_a_piecewise_linear_decoder_has_no_fan_and_no_curvature():
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(2, 16), torch.nn.ReLU(), torch.nn.Linear(16, 5)).double()
    m = LatentManifold(net, latent=2, data=rows())
    with pytest.raises(InputError, match="piecewise linear"):
        exponential_fan(m, [0.0, 0.0], resolution=4)
    with pytest.raises(InputError, match="piecewise linear"):
        curvature_map(m, resolution=4)


def test_the_curvature_is_the_paraboloid_s(sound, theme):
    figure = curvature_map(paraboloid(), resolution=24, theme=theme)
    sound(figure, theme)
    x, up = middles(figure, 24)
    exact = 1 / (1 + x**2 + up**2) ** 2
    np.testing.assert_allclose(ground(figure), exact, atol=1e-10)
    low, high = figure.axes[0].images[0].get_clim()
    assert low == -high
    assert high == pytest.approx(np.quantile(exact, 0.95), rel=1e-9)
    middle = figure.axes[0].images[0].get_cmap()(0.5)
    assert np.abs(np.array(middle[:3]) - to_rgb(theme.background)).max() < 0.02


def test_a_singular_metric_leaves_a_hole_in_the_curvature():
    m = LatentManifold(
        lambda z: torch.stack([z[:, 0], z[:, 1].relu() ** 3, z[:, 1].relu() ** 2], -1), latent=2, data=rows()
    )
    figure = curvature_map(m, resolution=12)
    _, up = middles(figure, 12)
    np.testing.assert_array_equal(np.isnan(ground(figure)), up < 0)
    np.testing.assert_allclose(ground(figure)[up > 0], 0, atol=1e-8)


def test_curvature_is_refused_in_single_precision_and_of_more_latents():
    single = torch.nn.Sequential(torch.nn.Linear(2, 16), torch.nn.Tanh(), torch.nn.Linear(16, 5))
    with pytest.raises(InputError, match="double precision"):
        curvature_map(LatentManifold(single, latent=2, data=rows()), resolution=4)
    with pytest.raises(InputError, match="two latents, this manifold has 3"):
        curvature_map(bowl(), resolution=4)
    with pytest.raises(InputError, match="clip must be"):
        curvature_map(paraboloid(), clip=1)
