from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from vael.datasets.shades import value_range
from vael.errors import InputError
from vael.plots import decoded_grid, denoising, interpolation, reconstructions, samples
from vael.plots.images import colour_images, tile
from vael.plots.numbers import same_digits, signed


def shown(figure, panel=0):
    return np.asarray(figure.axes[panel].images[0].get_array())


def cell(pixels, row, column, side=8, gap=1):
    top, left = row * (side + gap), column * (side + gap)
    return pixels[top : top + side, left : left + side]


@pytest.mark.parametrize(
    ("X", "expected"),
    [
        (np.array([[0, 3, 255]], dtype=np.uint8), (0.0, 255.0)),
        (np.array([[0, 90, 200]], dtype=np.uint8), (0.0, 255.0)),
        (np.array([[0, 1, 1]], dtype=np.uint8), (0.0, 1.0)),
        (np.array([[0.0, 16.0, 8.0]]), (0.0, 16.0)),
        (np.array([[0.1, 0.3]]), (0.0, 1.0)),
        (np.array([[-0.05, 1.1]]), (0.0, 1.0)),
        (np.array([[-0.9, 0.8]]), (-1.0, 1.0)),
        (np.array([[True, False]]), (0.0, 1.0)),
        (np.zeros((2, 4)), (0.0, 1.0)),
    ],
)
def test_black_and_white_follow_the_scale(X, expected):
    assert value_range(X) == expected


def test_values_outside_are_clipped():
    images = colour_images(np.array([[-5.0, 0.0, 5.0, 99.0]]), (2, 2), (0.0, 10.0))
    assert images[0, ..., 0].ravel().tolist() == [0.0, 0.0, 0.5, 1.0]
    assert (images[..., 3] == 1).all()


def test_colour_images_keep_their_channels():
    X = np.arange(24, dtype=np.uint8).reshape(1, 24)
    images = colour_images(X, (2, 4, 3), (0.0, 255.0))
    np.testing.assert_allclose(images[0, ..., :3] * 255, X.reshape(2, 4, 3))


def test_tiles_run_along_rows_and_a_short_row_stays_clear():
    images = colour_images(np.array([[0.1], [0.2], [0.3]]), (1, 1), (0.0, 1.0))
    mosaic = tile(images, 2, gap=1)
    assert mosaic.pixels.shape == (3, 3, 4)
    np.testing.assert_allclose(mosaic.pixels[::2, ::2, 0], [[0.1, 0.2], [0.3, 0.0]])
    assert mosaic.pixels[::2, ::2, 3].tolist() == [[1, 1], [1, 0]]
    assert mosaic.pixels[1, :, 3].tolist() == [0, 0, 0]
    assert mosaic.column_centres.tolist() == [0.0, 2.0]


def test_numbers_share_their_decimals():
    assert same_digits([31.25, 4.0]) == ["31.2", "4.0"]
    assert same_digits([0.01234, 0.5]) == ["0.012", "0.500"]
    assert same_digits([0.0]) == ["0.00"]
    assert signed(-0.01, 1) == "0.0"
    assert signed(-1.26, 1) == "\N{MINUS SIGN}1.3"


def test_samples_stand_in_their_cells(digits, sound, theme):
    X = digits[0][:10]
    figure = samples(X, (8, 8), columns=4, theme=theme)
    sound(figure, theme)
    for i in range(10):
        tile_ = cell(shown(figure), i // 4, i % 4)
        np.testing.assert_allclose(tile_[..., 1] * 16, X[i].reshape(8, 8))


def test_samples_of_a_table_are_lines(sound, theme):
    X = np.random.default_rng(0).normal(3.0, 5.0, (30, 4))
    figure = samples(X, None, feature_names=list("abcd"), theme=theme)
    sound(figure, theme)
    lines = np.array([line.get_ydata() for line in figure.axes[0].lines])
    np.testing.assert_allclose(lines, (X - X.mean(axis=0)) / X.std(axis=0))
    assert [t.get_text() for t in figure.axes[0].get_xticklabels()] == list("abcd")


def test_a_colour_sample_is_shown_in_colour(sound, theme):
    X = np.random.default_rng(0).integers(0, 256, (6, 75), dtype=np.uint8)
    figure = samples(X, (5, 5, 3), theme=theme)
    sound(figure, theme)
    np.testing.assert_allclose(shown(figure)[:5, :5, :3] * 255, X[0].reshape(5, 5, 3))


def test_reconstructions_stand_below_their_originals(digits, codec, sound, theme):
    X = digits[0][:7]
    X_hat = codec.inverse_transform(codec.transform(X))
    figure = reconstructions(X, X_hat, (8, 8), columns=4, theme=theme)
    sound(figure, theme)
    assert len(figure.axes) == 2
    errors = []
    for i in range(7):
        pixels, column = shown(figure, i // 4), i % 4
        np.testing.assert_allclose(cell(pixels, 0, column)[..., 0], X[i].reshape(8, 8) / 16)
        expected = np.clip(X_hat[i].reshape(8, 8) / 16, 0, 1)
        np.testing.assert_allclose(cell(pixels, 1, column)[..., 0], expected)
        errors.append(float(np.sqrt(np.mean((X[i] - X_hat[i]) ** 2))))
    written = [t.get_text() for axes in figure.axes for t in axes.get_xticklabels()]
    assert written == [f"{e:.2f}" for e in errors]


def test_bytes_and_floats_share_one_range():
    X = np.array([[0, 255, 128, 3]], dtype=np.uint8)
    figure = reconstructions(X, np.array([[0.0, 127.5, 300.0, -9.0]]), (2, 2))
    below = cell(shown(figure), 1, 0, side=2)
    assert below[..., 0].tolist() == [[0.0, 0.5], [1.0, 0.0]]


def test_reconstructions_of_a_table_are_dashed_lines(sound, theme):
    rng = np.random.default_rng(1)
    X = rng.normal(5.0, 2.0, (6, 5))
    figure = reconstructions(X, X + 1.0, None, theme=theme)
    sound(figure, theme)
    lines = figure.axes[0].lines
    assert len(lines) == 12
    apart = lines[6].get_ydata() - lines[0].get_ydata()
    np.testing.assert_allclose(apart, 1.0 / X.std(axis=0))
    assert not lines[0].is_dashed()
    assert lines[6].is_dashed()


def test_the_grid_is_decoded_at_the_normals_quantiles(codec, sound, theme):
    asked = []

    def decode(Z):
        asked.append(Z)
        return codec.inverse_transform(Z)

    fixed = np.array([9.0, 0.5, 9.0])
    figure = decoded_grid(
        decode, (8, 8), n=5, latent=3, axes=(0, 2), fixed=fixed, value_limits=(0.0, 16.0), theme=theme
    )
    sound(figure, theme)
    (Z,) = asked
    quantiles = norm.ppf([0.1, 0.3, 0.5, 0.7, 0.9])
    np.testing.assert_allclose(Z[:, 0].reshape(5, 5), np.tile(quantiles, (5, 1)), atol=1e-12)
    np.testing.assert_allclose(Z[:, 2].reshape(5, 5).T, np.tile(quantiles[::-1], (5, 1)), atol=1e-12)
    assert (Z[:, 1] == 0.5).all()
    # top right: both latents at their largest
    corner = codec.inverse_transform([[quantiles[-1], 0.5, quantiles[-1]]]).reshape(8, 8) / 16
    np.testing.assert_allclose(cell(shown(figure), 0, 4, gap=0)[..., 0], np.clip(corner, 0, 1))
    assert [t.get_text() for t in figure.axes[0].get_xticklabels()][2] == "0.0"


def test_the_grid_hides_no_image_behind_grid_lines(codec):
    figure = decoded_grid(lambda Z: codec.inverse_transform(np.c_[Z, Z[:, :1]]), (8, 8), n=3)
    figure.draw_without_rendering()
    assert not any(line.get_visible() for line in figure.axes[0].get_xgridlines())


def test_strips_run_from_start_to_end(digits, sound, theme):
    strips = np.stack([np.linspace(a, b, 6) for a, b in (digits[0][:2], digits[0][2:4])])
    figure = interpolation(strips, (8, 8), theme=theme)
    sound(figure, theme)
    pixels = shown(figure)
    for i, top in enumerate((0, 9)):
        for step in range(6):
            part = pixels[top : top + 8, 8 * step : 8 * step + 8, 0]
            np.testing.assert_allclose(part * 16, strips[i, step].reshape(8, 8))
    names = [t.get_text() for t in figure.axes[0].get_xticklabels()]
    assert (names[0], names[-1]) == ("start", "end")


def test_denoising_rows_and_errors(digits, sound, theme):
    clean = digits[0][:5]
    figure = denoising(clean, clean + 3.0, clean - 0.25, (8, 8), theme=theme)
    sound(figure, theme)
    pixels = shown(figure)
    for row, shift in enumerate((0.0, 3.0, -0.25)):
        expected = np.clip((clean[2] + shift) / 16, 0, 1).reshape(8, 8)
        np.testing.assert_allclose(cell(pixels, row, 2)[..., 0], expected)
    names = [t.get_text() for t in figure.axes[0].get_yticklabels()]
    assert names == ["clean", "corrupted\nerror 3.00", "restored\nerror 0.25"]


IMAGES = np.zeros((3, 64))


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (lambda: samples(IMAGES, (8, 9)), "64 features but image_shape .8, 9. holds 72"),
        (lambda: samples(IMAGES, (8, 4, 2)), r"image_shape must be \(height, width\)"),
        (lambda: samples(IMAGES, (8, 8), columns=0), "columns must be 1 or more"),
        (lambda: samples(IMAGES[0], (8, 8)), "X must have rows and columns"),
        (lambda: samples(IMAGES[:0], (8, 8)), "at least one"),
        (lambda: samples(IMAGES.astype(complex), (8, 8)), "real numbers"),
        (lambda: samples(np.where(np.eye(3, 64), np.nan, 1), (8, 8)), "row 0, column 0"),
        (lambda: samples(IMAGES, (8, 8), value_limits=(1.0, 1.0)), "black < white"),
        (lambda: samples(IMAGES, None, feature_names=["a"]), "1 feature names"),
        (lambda: reconstructions(IMAGES, IMAGES[:2], (8, 8)), "drawn in pairs"),
        (lambda: denoising(IMAGES, IMAGES, IMAGES[:, :32], (8, 8)), "drawn in pairs"),
        (lambda: interpolation(IMAGES, (8, 8)), r"strips\[None\]"),
        (lambda: decoded_grid(lambda Z: IMAGES, (8, 8), n=4), "3 rows for 16 latents"),
        (lambda: decoded_grid(lambda Z: IMAGES, (8, 8), n=0), "n must be 1"),
        (lambda: decoded_grid(lambda Z: IMAGES, (8, 8), latent=1), "two latents or more"),
        (lambda: decoded_grid(lambda Z: IMAGES, (8, 8), axes=(0, 2)), "two different latents"),
        (lambda: decoded_grid(lambda Z: IMAGES, (8, 8), fixed=np.zeros(3)), "each of 2 latents"),
    ],
)
def test_what_does_not_fit_is_said(draw, words):
    with pytest.raises(InputError, match=words):
        draw()
