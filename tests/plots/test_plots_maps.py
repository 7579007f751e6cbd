from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.offsetbox import AnnotationBbox
from sklearn.decomposition import PCA
from sklearn.preprocessing import QuantileTransformer

from vael.datasets.classes import Classes, Values, read_labels
from vael.errors import InputError
from vael.plots import LIGHT, decoded_points_3d, latent_map, latent_map_3d
from vael.plots.scatter import push_apart


def sorted_rows(points):
    return points[np.lexsort(points.T)]


def legend_names(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def in_space(cloud):
    return np.stack([np.asarray(a) for a in cloud._offsets3d], axis=1)


def test_every_point_has_its_place_and_its_colour(digits, codec, sound, theme):
    Z, y = codec.transform(digits[0])[:, :2], digits[1]
    figure = latent_map(Z, y, label_name="digit", theme=theme)
    sound(figure, theme)
    (cloud,) = figure.axes[0].collections
    offsets, colours = np.asarray(cloud.get_offsets()), cloud.get_facecolors()
    assert cloud.get_rasterized()
    for digit in range(10):
        own = [to_hex(c) == theme.classes[digit] for c in colours]
        np.testing.assert_array_equal(sorted_rows(offsets[own]), sorted_rows(Z[y == digit]))
    assert legend_names(figure) == [str(d) for d in range(10)]
    assert figure.legends[0].get_title().get_text() == "digit"


def test_no_class_is_laid_on_top(digits, codec):
    order = np.argsort(digits[1], kind="stable")
    Z, y = codec.transform(digits[0])[order, :2], digits[1][order]
    (cloud,) = latent_map(Z, y).axes[0].collections
    drawn = [LIGHT.classes.index(to_hex(c)) for c in cloud.get_facecolors()]
    assert abs(np.corrcoef(np.arange(len(drawn)), drawn)[0, 1]) < 0.1


def test_names_stand_at_the_medians():
    rng = np.random.default_rng(0)
    y = np.repeat(["left", "right"], 101)
    Z = rng.normal(size=(202, 2)) + np.where(y == "left", -6.0, 6.0)[:, None]
    figure = latent_map(Z, y)
    places = {t.get_text(): t.get_position() for t in figure.axes[0].texts}
    for name in ("left", "right"):
        np.testing.assert_allclose(places[name], np.median(Z[y == name], axis=0))


def test_colliding_names_are_pushed_apart():
    places = push_apart(np.array([[0.5, 0.5], [0.5, 0.51], [0.9, 0.1]]), np.array([1, 1, 1]))
    assert np.abs(places[0] - places[1]).max() >= 0.036
    assert places[2].tolist() == [0.9, 0.1]


def test_many_latents_are_projected_by_pca(digits, sound, theme):
    X, y = digits
    figure = latent_map(X[:300], y[:300], theme=theme)
    sound(figure, theme)
    pca = PCA(2, svd_solver="full").fit(X[:300])
    offsets = np.asarray(figure.axes[0].collections[0].get_offsets())
    np.testing.assert_allclose(sorted_rows(offsets), sorted_rows(pca.transform(X[:300])))
    share = pca.explained_variance_ratio_
    assert figure.axes[0].get_xlabel() == f"PCA 1 ({share[0]:.0%} of variance)"
    assert figure.axes[0].get_ylabel() == f"PCA 2 ({share[1]:.0%} of variance)"


def test_any_transformer_may_project(codec, digits):
    Z = codec.transform(digits[0])[:, :2]
    figure = latent_map(Z, projection=QuantileTransformer(n_quantiles=50))
    expected = QuantileTransformer(n_quantiles=50).fit_transform(Z)
    offsets = np.asarray(figure.axes[0].collections[0].get_offsets())
    np.testing.assert_allclose(sorted_rows(offsets), sorted_rows(expected))
    assert figure.axes[0].get_xlabel() == "QuantileTransformer 1"


def test_values_get_a_colour_bar(codec, digits, sound, theme):
    Z, values = codec.transform(digits[0])[:, :2], digits[0].mean(axis=1) + 0.01
    figure = latent_map(Z, values, label_name="ink", theme=theme)
    sound(figure, theme)
    cloud = figure.axes[0].collections[0]
    drawn = np.column_stack([np.asarray(cloud.get_offsets()), cloud.get_array()])
    np.testing.assert_allclose(sorted_rows(drawn), sorted_rows(np.column_stack([Z, values])))
    assert figure.axes[1].get_ylabel() == "ink"
    assert not figure.legends


def test_without_labels_the_crowded_are_told_from_the_lonely(sound, theme):
    Z = np.concatenate([np.random.default_rng(0).normal(size=(2000, 2)), [[8.0, 8.0]]])
    figure = latent_map(Z, theme=theme)
    sound(figure, theme)
    cloud = figure.axes[0].collections[0]
    density, offsets = cloud.get_array(), np.asarray(cloud.get_offsets())
    lonely = np.flatnonzero((offsets == 8.0).all(axis=1))
    assert density[lonely] < 0.1
    assert np.linalg.norm(offsets[np.argmax(density)]) < 1.0
    assert (np.diff(density) >= 0).all()


def test_one_latent_gives_a_histogram_a_class(codec, digits, sound, theme):
    z, y = codec.transform(digits[0])[:, :1], digits[1]
    figure = latent_map(z, y, theme=theme)
    sound(figure, theme)
    steps = figure.axes[0].patches
    assert [s.get_label() for s in steps] == [str(d) for d in range(10)]
    values, edges, base = steps[3].get_data()
    heights, _ = np.histogram(z[y == 3, 0], bins=edges, density=True)
    drawn = values - base
    np.testing.assert_allclose(drawn / drawn.max(), heights / heights.max(), atol=1e-12)


def test_one_latent_without_labels_is_a_density(codec, digits, sound, theme):
    figure = latent_map(codec.transform(digits[0])[:, :1], theme=theme)
    sound(figure, theme)
    values, edges, _ = figure.axes[0].patches[0].get_data()
    assert np.sum(values * np.diff(edges)) == pytest.approx(1.0)


def test_one_latent_against_values(codec, digits, sound, theme):
    z = codec.transform(digits[0])[:, :1]
    figure = latent_map(z, digits[0].mean(axis=1) + 0.01, theme=theme)
    sound(figure, theme)
    offsets = np.asarray(figure.axes[0].collections[0].get_offsets())
    np.testing.assert_array_equal(offsets[:, 0], z[:, 0])


def test_one_point_and_equal_points_are_drawn(sound, theme):
    sound(latent_map(np.zeros((1, 2)), theme=theme), theme)
    sound(latent_map(np.ones((50, 2)), np.arange(50) % 2, theme=theme), theme)


def test_beyond_ten_classes_markers_change(sound, theme):
    y = np.arange(240) % 24
    Z = np.random.default_rng(0).normal(size=(240, 2))
    figure = latent_map(Z, y, theme=theme)
    sound(figure, theme)
    assert len(figure.axes[0].collections) == 3
    looks = {(h.get_marker(), h.get_color()) for h in figure.legends[0].legend_handles}
    assert len(looks) == 24


@pytest.mark.parametrize(
    ("y", "names"),
    [
        (np.array([2, 0, 2]), ("0", "2")),
        (np.array([1.0, 0.0, 1.0]), ("0", "1")),
        (np.array([True, False, True]), ("False", "True")),
        (np.array(["b", "a", "b"], dtype=object), ("a", "b")),
        (np.array([["b"], ["a"], ["b"]]), ("a", "b")),
    ],
)
def test_classes_are_read(y, names):
    labels = read_labels(y, 3)
    assert isinstance(labels, Classes)
    assert labels.names == names
    assert labels.codes.tolist() == [1, 0, 1]


def test_numbers_of_many_values_are_values():
    labels = read_labels(np.arange(40), 40)
    assert isinstance(labels, Values)
    assert labels.values[-1] == 39.0


def test_rare_names_become_other():
    y = np.array([f"c{i:02d}" for i in range(40)] + [f"c{i:02d}" for i in range(11, 40)])
    labels = read_labels(y, len(y))
    assert len(labels.names) == 30
    assert labels.names[0] == "c11"
    assert labels.names[-1] == "other (11 classes)"
    assert (labels.codes == 29).sum() == 11


def test_points_in_space(codec, digits, sound, theme):
    Z, y = codec.transform(digits[0]), digits[1]
    figure = latent_map_3d(Z, y, theme=theme)
    sound(figure, theme)
    (cloud,) = figure.axes[0].collections
    np.testing.assert_array_equal(in_space(cloud), Z)
    assert legend_names(figure) == [str(d) for d in range(10)]
    assert sorted(t.get_text() for t in figure.axes[0].texts) == [str(d) for d in range(10)]


def test_points_in_space_by_pca_with_values(digits, sound, theme):
    X = digits[0][:200]
    figure = latent_map_3d(X, X.mean(axis=1) + 0.01, label_name="ink", theme=theme)
    sound(figure, theme)
    expected = PCA(3, svd_solver="full").fit_transform(X)
    np.testing.assert_allclose(in_space(figure.axes[0].collections[0]), expected)
    assert figure.axes[0].get_zlabel().startswith("PCA 3 (")


def test_points_in_space_without_labels(codec, digits, sound, theme):
    sound(latent_map_3d(codec.transform(digits[0]), theme=theme), theme)


def thumbnails(figure):
    return [a for a in figure.axes[0].artists if isinstance(a, AnnotationBbox)]


def test_thumbnails_stand_where_their_latents_lie(codec, digits, sound, theme):
    Z, X, y = codec.transform(digits[0])[:40], digits[0][:40], digits[1][:40]
    figure = decoded_points_3d(Z, X, (8, 8), y, most=30, theme=theme)
    sound(figure, theme)
    axes, boxes = figure.axes[0], thumbnails(figure)
    assert len(boxes) == 30
    across, up, depth, _ = axes.get_proj() @ np.c_[Z[:30], np.ones(30)].T
    scale = (axes.get_proj() @ np.c_[Z[:30], np.ones(30)].T)[3]
    order = np.argsort(-depth / scale)
    np.testing.assert_allclose([b.xy for b in boxes], np.c_[across / scale, up / scale][order])
    shown = np.asarray(boxes[0].offsetbox.get_data())
    np.testing.assert_allclose(shown[..., 3] * 16, X[order[0]].reshape(8, 8))  # ink on nothing
    assert to_hex(shown[0, 0, :3]) == theme.classes[y[order[0]]]
    zoom = [b.offsetbox.get_zoom() for b in boxes]
    assert (np.diff(zoom) >= 0).all()  # the farthest first and smallest


def test_photographs_keep_their_ground(sound, theme):
    rng = np.random.default_rng(0)
    X = rng.integers(100, 256, (20, 75), dtype=np.uint8)
    figure = decoded_points_3d(rng.normal(size=(20, 5)), X, (5, 5, 3), np.arange(20) % 2, theme=theme)
    sound(figure, theme)
    box = thumbnails(figure)[0]
    assert (np.asarray(box.offsetbox.get_data())[..., 3] == 1).all()
    assert to_hex(box.patch.get_facecolor()) in theme.classes[:2]


def test_three_features_are_a_cloud_over_the_data(sound, theme):
    rng = np.random.default_rng(0)
    Z, X, data = rng.normal(size=(50, 2)), rng.normal(size=(50, 3)), rng.normal(size=(80, 3))
    figure = decoded_points_3d(Z, X, None, data=data, theme=theme)
    sound(figure, theme)
    below, cloud = figure.axes[0].collections
    np.testing.assert_array_equal(in_space(below), data)
    np.testing.assert_array_equal(in_space(cloud), X)
    np.testing.assert_array_equal(cloud.get_array(), Z[:, 0])
    sound(decoded_points_3d(Z, X, None, np.arange(50) % 3, theme=theme), theme)


POINTS = np.random.default_rng(0).normal(size=(6, 3))


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (lambda: latent_map(POINTS, np.zeros(5)), "one label for each point"),
        (lambda: latent_map(POINTS, np.array([0.5, np.nan, 1, 1, 1, 1])), "NaN. at row 1"),
        (lambda: latent_map(POINTS[:1]), "give more points"),
        (lambda: latent_map(POINTS, projection=PCA(3)), "make it with n_components=2"),
        (lambda: latent_map(np.where(POINTS > 9, 0, np.inf)), "row 0, column 0"),
        (lambda: latent_map_3d(POINTS[:, :2]), "use latent_map"),
        (lambda: decoded_points_3d(POINTS, POINTS[:4], None), "one decoded row a latent"),
        (lambda: decoded_points_3d(POINTS, POINTS[:, :2], None), "only three"),
        (lambda: decoded_points_3d(POINTS, POINTS, None, data=POINTS[:, :2]), "same ones"),
        (lambda: decoded_points_3d(POINTS[:, :2], POINTS, (1, 3)), "use decoded_grid"),
        (lambda: decoded_points_3d(POINTS, POINTS, (1, 3), most=0), "most must be"),
    ],
)
def test_what_does_not_fit_the_map_is_said(draw, words):
    with pytest.raises(InputError, match=words):
        draw()
