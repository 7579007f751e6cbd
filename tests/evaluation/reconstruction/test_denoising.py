"""Corruption and denoising: moments of the damage, exact errors of known reconstructions."""

from __future__ import annotations

import json

import numpy as np
import pytest

from vael.errors import InputError
from vael.evaluation.reconstruction.denoising import corrupt, denoise


def grey(rows: int = 200, features: int = 50) -> np.ndarray:
    return np.random.default_rng(0).uniform(0.3, 0.7, size=(rows, features))


def test_gaussian_noise_has_the_deviation_asked_for() -> None:
    X = grey()
    noise = corrupt(X, "gaussian", 0.05, 1) - X
    assert noise.std() == pytest.approx(0.05, rel=0.03)
    assert noise.mean() == pytest.approx(0.0, abs=0.002)


def test_gaussian_noise_is_clipped_to_the_range() -> None:
    X = grey()
    damaged = corrupt(X, "gaussian", 2.0, 1)
    assert damaged.min() == 0.0
    assert damaged.max() == 1.0


@pytest.mark.parametrize(("kind", "top"), [("salt-and-pepper", 0.1), ("masking", 0.0)])
def test_shares_of_damaged_entries(kind: str, top: float) -> None:
    X = grey()
    damaged = corrupt(X, kind, 0.2, 1)
    assert (damaged != X).mean() == pytest.approx(0.2, abs=0.01)
    assert (damaged == 1.0).mean() == pytest.approx(top, abs=0.01)
    assert (damaged == 0.0).mean() == pytest.approx(0.2 - top, abs=0.01)


@pytest.mark.parametrize("kind", ["gaussian", "salt-and-pepper", "masking"])
def test_units_shape_and_dtype_stay(kind: str) -> None:
    X = grey(300, 16)
    bytes_ = np.rint(255 * X).astype(np.uint8).reshape(300, 4, 4)
    damaged = corrupt(bytes_, kind, 0.3, 5)
    assert damaged.dtype == np.uint8
    assert damaged.shape == (300, 4, 4)
    same = corrupt(bytes_.reshape(300, 16) / 255, kind, 0.3, 5)
    np.testing.assert_allclose(damaged.reshape(300, 16), 255 * same, atol=0.5 + 1e-9)
    np.testing.assert_array_equal(corrupt(bytes_, kind, 0.0, 5), bytes_)
    np.testing.assert_array_equal(corrupt(bytes_, kind, 0.3, 5), damaged)
    assert (corrupt(bytes_, kind, 0.3, 6) != damaged).any()


def test_errors_of_known_reconstructions() -> None:
    X = 10 + 20 * grey()
    X[0, 0], X[0, 1] = 10.0, 30.0
    nothing = denoise(lambda rows: rows, X, kind="masking", amount=0.4, random_state=3)
    np.testing.assert_array_equal(nothing.error_before, nothing.error_after)
    np.testing.assert_array_equal(nothing.error_clean, 0.0)
    damaged = corrupt(X, "masking", 0.4, 3)
    np.testing.assert_allclose(nothing.error_before, (((damaged - X) / 20) ** 2).mean(axis=1))
    perfect = denoise(lambda rows: X, X, kind="masking", amount=0.4, random_state=3)
    np.testing.assert_array_equal(perfect.error_after, 0.0)
    assert perfect.to_dict()["share_improved"] == 1.0
    assert perfect.value_range == (10.0, 30.0)


def test_a_projection_removes_the_noise_outside_its_space() -> None:
    # Rows lie in a space of 5 of 50 dimensions: projecting leaves 5/50 of white noise.
    rng = np.random.default_rng(0)
    basis = np.linalg.qr(rng.normal(size=(50, 5)))[0]
    X = 0.5 + 0.1 * rng.normal(size=(2000, 5)) @ basis.T
    found = denoise(
        lambda rows: 0.5 + (rows - 0.5) @ basis @ basis.T,
        X,
        kind="gaussian",
        amount=0.02,
        value_range=(0.0, 1.0),
    )
    assert found.error_before.mean() == pytest.approx(0.02**2, rel=0.02)
    assert found.error_after.mean() == pytest.approx(0.02**2 / 10, rel=0.04)
    np.testing.assert_allclose(found.error_clean, 0.0, atol=1e-25)


def test_result_prints_and_goes_to_json() -> None:
    found = denoise(lambda rows: rows, grey(), examples=3)
    record = json.loads(json.dumps(found.to_dict()))
    assert record["rows"] == 200
    assert record["error_before"] == pytest.approx(found.error_before.mean())
    assert f"{found.error_before.mean():.5f}" in str(found)
    assert found.clean.shape == found.corrupted.shape == found.restored.shape == (3, 50)
    np.testing.assert_array_equal(found.clean, grey()[:3])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: corrupt(grey(), "blur", 0.1), "no corruption is called 'blur'"),
        (lambda: corrupt(grey(), "masking", 1.5), "amount"),
        (lambda: corrupt(grey(), "gaussian", -0.1), "amount"),
        (lambda: corrupt(grey()[0], "gaussian", 0.1), "rows first"),
        (lambda: corrupt(np.where(grey() > 0.69, np.nan, grey()), "gaussian", 0.1), "nan in row"),
        (lambda: corrupt(np.full((3, 2), 7.0), "gaussian", 0.1), "value_range"),
        (lambda: denoise(lambda rows: rows[:5], grey()), "must give back shape"),
    ],
)
def test_bad_input_is_one_clear_error(call, message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()
