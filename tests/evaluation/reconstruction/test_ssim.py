"""SSIM: Wang's formulas window by window, invariances, small images."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from vael.errors import InputError
from vael.evaluation.reconstruction import ssim


def images(n: int, *shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((n, *shape))


def direct(x: np.ndarray, y: np.ndarray, span: float, window: int = 11) -> float:
    """Wang 2004, eq. 13 to 17, at every place of the window, by loops."""
    c1, c2 = (0.01 * span) ** 2, (0.03 * span) ** 2
    half = window // 2
    w = np.array(
        [
            [math.exp(-(i * i + j * j) / (2 * 1.5**2)) for j in range(-half, half + 1)]
            for i in range(-half, half + 1)
        ]
    )
    w /= w.sum()
    values = []
    for i in range(x.shape[0] - window + 1):
        for j in range(x.shape[1] - window + 1):
            a, b = x[i : i + window, j : j + window], y[i : i + window, j : j + window]
            mean_a, mean_b = (w * a).sum(), (w * b).sum()
            variance_a = (w * (a - mean_a) ** 2).sum()
            variance_b = (w * (b - mean_b) ** 2).sum()
            covariance = (w * (a - mean_a) * (b - mean_b)).sum()
            values.append(
                (2 * mean_a * mean_b + c1)
                * (2 * covariance + c2)
                / ((mean_a**2 + mean_b**2 + c1) * (variance_a + variance_b + c2))
            )
    return float(np.mean(values))


def test_the_formula_at_every_place() -> None:
    X = images(3, 14, 17)
    Y = np.clip(X + 0.2 * (images(3, 14, 17, seed=1) - 0.5), 0, 1)
    found = ssim(X, Y, data_range=1.0)
    np.testing.assert_allclose(found.similarity, [direct(a, b, 1.0) for a, b in zip(X, Y)], rtol=1e-10)
    assert found.window == 11
    assert found.mean == pytest.approx(found.similarity.mean())


def test_scikit_image_where_it_is_installed() -> None:
    metrics = pytest.importorskip("skimage.metrics")
    X, Y = images(1, 20, 20)[0], images(1, 20, 20, seed=1)[0]
    theirs = metrics.structural_similarity(
        X, Y, data_range=1.0, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    assert ssim(X[None], Y[None], data_range=1.0).mean == pytest.approx(theirs, abs=1e-10)


def test_colours_are_averaged_and_flat_rows_are_images() -> None:
    X, Y = images(2, 12, 13, 3), images(2, 12, 13, 3, seed=1)
    found = ssim(X, Y)
    channels = [ssim(X[..., c], Y[..., c], data_range=1.0).similarity for c in range(3)]
    np.testing.assert_allclose(found.similarity, np.mean(channels, axis=0), rtol=1e-12)
    flat = ssim(X.reshape(2, -1), Y.reshape(2, -1), (12, 13, 3))
    np.testing.assert_array_equal(flat.similarity, found.similarity)


@pytest.mark.parametrize(("side", "window"), [(8, 7), (9, 9), (3, 3), (28, 11)])
def test_small_images_get_a_smaller_window(side: int, window: int) -> None:
    X, Y = images(2, side, 30), images(2, side, 30, seed=1)
    found = ssim(X, Y)
    assert found.window == window
    np.testing.assert_allclose(
        found.similarity, [direct(a, b, 1.0, window) for a, b in zip(X, Y)], rtol=1e-10
    )
    assert ("smaller than Wang's" in str(found)) == (side < 11)


def test_equal_images_scales_and_order() -> None:
    X, Y = images(4, 16, 16), images(4, 16, 16, seed=1)
    np.testing.assert_allclose(ssim(X, X).similarity, 1.0)
    found = ssim(X, Y)
    np.testing.assert_allclose(ssim(Y, X, data_range=1.0).similarity, found.similarity, rtol=1e-12)
    np.testing.assert_allclose(
        ssim(255 * X, 255 * Y, data_range=255).similarity, found.similarity, rtol=1e-10
    )
    np.testing.assert_array_equal(ssim(X[2:3], Y[2:3], data_range=1.0).similarity, found.similarity[2:3])
    bytes_ = np.rint(255 * X).astype(np.uint8)
    assert ssim(bytes_, bytes_).data_range == 255
    json.dumps(found.to_dict())


def test_worse_images_score_lower() -> None:
    X = images(5, 16, 16)
    noise = images(5, 16, 16, seed=1) - 0.5
    scores = [ssim(X, X + amount * noise, data_range=1.0).mean for amount in (0.1, 0.5, 2.0)]
    assert scores[0] > scores[1] > scores[2]


@pytest.mark.parametrize(
    ("shape", "image_shape", "data_range", "message"),
    [
        ((2, 144), None, None, "name image_shape"),
        ((2, 144), (11, 13), None, "no images"),
        ((2, 2, 30), None, None, "too small"),
        ((2, 12, 12), None, 0.0, "data_range"),
    ],
)
def test_bad_input(
    shape: tuple[int, ...], image_shape: tuple[int, ...] | None, data_range: float | None, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        ssim(np.zeros(shape), np.zeros(shape), image_shape, data_range)
