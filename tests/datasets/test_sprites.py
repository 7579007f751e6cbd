"""Sprites against what their factors say about them."""

from __future__ import annotations

import numpy as np
import pytest

from vael import datasets
from vael.datasets import GroundTruth, Sprites, load_sprites, sprite_factors
from vael.errors import InputError


@pytest.fixture(scope="module")
def sprites():
    return Sprites()


@pytest.fixture(scope="module")
def in_the_middle(sprites):
    """Every shape, scale and rotation at one place, (3, 6, 40, 64, 64)."""
    grid = np.stack(np.meshgrid(*map(np.arange, (3, 6, 40)), [16], [16], indexing="ij"), axis=-1)
    return sprites.images(grid.reshape(-1, 5)).reshape(3, 6, 40, 64, 64)


def test_counts_and_values(sprites, in_the_middle):
    assert isinstance(sprites, GroundTruth)
    assert sprites.factor_sizes == (3, 6, 40, 32, 32)
    assert len(sprites) == 737280
    assert in_the_middle.dtype == np.uint8
    assert np.unique(in_the_middle).tolist() == [0, 1]


def test_areas_are_those_of_the_shapes(in_the_middle):
    # In units of the squared radius: square 2, ellipse pi / 2, heart's curve 3.661972 / 1.25^2.
    radii = 16 * np.linspace(0.5, 1, 6)
    area = in_the_middle.sum(axis=(3, 4)).mean(axis=2)
    for shape, unit in enumerate((2, np.pi / 2, 3.661972 / 1.25**2)):
        np.testing.assert_allclose(area[shape], unit * radii**2, rtol=0.015)


def test_a_shape_is_distinct_up_to_its_symmetry_and_no_further(in_the_middle):
    flat = in_the_middle.reshape(3, 6, 40, -1)
    for shape, period in enumerate((10, 20, 40)):
        np.testing.assert_array_equal(flat[shape], flat[shape][:, np.arange(40) % period])
    # 6 scales x (10 + 20 + 40) rotations: no shape looks like another one.
    assert len(np.unique(flat.reshape(720, -1), axis=0)) == 420


def test_rotation_is_anticlockwise(in_the_middle):
    stamps = in_the_middle[..., 16:49, 16:49]
    np.testing.assert_array_equal(np.rot90(stamps[:, :, :30], axes=(3, 4)), stamps[:, :, 10:])
    heart = in_the_middle[2, 5, 0]
    assert heart[:32].sum() > heart[33:].sum()


def test_places_move_the_shape_by_whole_pixels(sprites):
    rng = np.random.default_rng(0)
    factors = sprites.sample_factors(200, rng)
    images = sprites.images(factors)
    middle = factors.copy()
    middle[:, 3:] = 16
    for image, centred, (x, y) in zip(images, sprites.images(middle), factors[:, 3:], strict=True):
        np.testing.assert_array_equal(image, np.roll(centred, (y - 16, x - 16), axis=(0, 1)))


def test_no_shape_leaves_the_image(in_the_middle):
    # Its circle spans 33 pixels about pixel 32, and the centre moves by -16 to 15.
    assert in_the_middle[..., :16, :].sum() == 0
    assert in_the_middle[..., 49:, :].sum() == 0
    assert in_the_middle[..., :16].sum() == 0
    assert in_the_middle[..., 49:].sum() == 0
    assert in_the_middle[:, 5].max(axis=(0, 1))[16:49].any(axis=1).sum() >= 31


def test_rows_do_not_depend_on_each_other(sprites):
    factors = sprites.sample_factors(50, np.random.default_rng(1))
    alone = np.concatenate([sprites.images(row[None]) for row in factors])
    np.testing.assert_array_equal(sprites.images(factors), alone)
    assert sprites.images(factors[:0]).shape == (0, 64, 64)


def test_factors_are_uniform_and_independent(sprites):
    factors = sprites.sample_factors(40000, np.random.default_rng(2))
    for column, size in zip(factors.T, sprites.factor_sizes, strict=True):
        counts = np.bincount(column, minlength=size)
        assert ((counts - 40000 / size) ** 2 / (40000 / size)).sum() < size + 5 * np.sqrt(2 * size)
    correlation = np.corrcoef(factors.T) - np.eye(5)
    assert np.abs(correlation).max() < 4 / np.sqrt(40000)


def test_the_data_set_is_the_images_of_its_factors(sprites):
    data = datasets.load("sprites")
    assert data.X.shape == (10000, 4096)
    assert data.image_shape == (64, 64)
    factors = sprite_factors()
    np.testing.assert_array_equal(data.X[:500].reshape(-1, 64, 64), sprites.images(factors[:500]))
    np.testing.assert_array_equal(data.y, factors[:, 0])
    assert len(np.unique(factors, axis=0)) == 10000
    assert data.sha256() == load_sprites(10000, 0).sha256()
    assert load_sprites(100, 1).sha256() != load_sprites(100, 2).sha256()


@pytest.mark.parametrize(
    ("factors", "said"),
    [
        (np.zeros((2, 4), dtype=int), r"shape \(n, 5\), for shape, scale, rotation, x, y; got int64"),
        (np.zeros((2, 5)), "whole numbers"),
        (np.array([[0, 0, 0, 0, 0], [0, 0, 40, 0, 0]]), "row 1: rotation must be 0 to 39, got 40"),
        (np.array([[-1, 0, 0, 0, 0]]), "row 0: shape must be 0 to 2, got -1"),
    ],
)
def test_factors_that_make_no_image_are_refused(sprites, factors, said):
    with pytest.raises(InputError, match=said):
        sprites.images(factors)


def test_a_sample_larger_than_the_set_is_refused():
    with pytest.raises(InputError, match="rows must be 1 to 737280, got 737281"):
        load_sprites(737281)
