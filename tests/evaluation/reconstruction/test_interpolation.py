"""Interpolation: known manifolds whose lines stay on them or leave them, distances by brute force."""

from __future__ import annotations

import json

import numpy as np
import pytest

from vael.errors import InputError
from vael.evaluation.reconstruction import InterpolationRealism, interpolation_realism


def circle(n: int, seed: int, noise: float = 0.02) -> np.ndarray:
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0, np.pi, n)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1) * rng.normal(1.0, noise, n)[:, None]


def angle_of(X: np.ndarray) -> np.ndarray:
    return np.arctan2(X[:, 1:], X[:, :1])


def on_circle(Z: np.ndarray) -> np.ndarray:
    return np.concatenate([np.cos(Z), np.sin(Z)], axis=1)


def realism(**settings: object) -> InterpolationRealism:
    given = {"pairs": 60, "steps": 5, **settings}
    return interpolation_realism(angle_of, on_circle, circle(400, 0), circle(100, 1), **given)


def test_the_codes_of_a_circle_stay_on_it_and_chords_leave_it() -> None:
    found = realism()
    ratio, error = found.middle_over_ends(found.decoded)
    assert ratio == pytest.approx(1.0, abs=max(4 * error, 0.1))
    assert found.middle_over_ends(found.blended)[0] > 5
    assert found.percentile(found.blended).mean(axis=0)[2] > 80
    assert found.percentile(found.held_out).mean() == pytest.approx(50.0)
    np.testing.assert_array_equal(found.t, [0, 0.25, 0.5, 0.75, 1])


def test_a_code_that_keeps_the_rows_makes_both_lines_one() -> None:
    found = interpolation_realism(lambda X: X, lambda Z: Z, circle(200, 0), circle(50, 1), pairs=20)
    np.testing.assert_allclose(found.decoded, found.blended, rtol=1e-12)
    np.testing.assert_array_equal(found.reconstructed, found.held_out)


def test_distances_by_brute_force() -> None:
    train, test = circle(300, 0), circle(40, 1)
    found = interpolation_realism(angle_of, on_circle, train, test, pairs=7, steps=4)
    for pair, row in enumerate(found.pairs):
        for step, t in enumerate(found.t):
            z = (1 - t) * angle_of(test)[row[0]] + t * angle_of(test)[row[1]]
            decoded, blend = on_circle(z[None])[0], (1 - t) * test[row[0]] + t * test[row[1]]
            assert found.decoded[pair, step] == pytest.approx(np.linalg.norm(train - decoded, axis=1).min())
            assert found.blended[pair, step] == pytest.approx(np.linalg.norm(train - blend, axis=1).min())
    np.testing.assert_allclose(
        found.held_out, [np.linalg.norm(train - row, axis=1).min() for row in test], rtol=1e-9
    )
    assert (found.pairs[:, 0] != found.pairs[:, 1]).all()
    np.testing.assert_allclose(found.blended[:, 0], found.held_out[found.pairs[:, 0]], rtol=1e-12)
    np.testing.assert_allclose(found.decoded[:, -1], found.reconstructed[found.pairs[:, 1]], rtol=1e-9)


def test_percentiles_count_ties_half() -> None:
    found = realism()
    known = InterpolationRealism(
        **{**vars(found), "held_out": np.array([1.0, 2.0, 2.0, 3.0])},
    )
    np.testing.assert_array_equal(known.percentile(np.array([0.5, 1.0, 2.0, 9.0])), [0.0, 12.5, 50.0, 100.0])


def test_images_bytes_and_features() -> None:
    rng = np.random.default_rng(0)
    train, test = (rng.integers(0, 256, (n, 4, 4), dtype=np.uint8) for n in (60, 20))

    def encode(X: np.ndarray) -> np.ndarray:
        return X.reshape(len(X), -1).astype(np.float32)

    def decode(Z: np.ndarray) -> np.ndarray:
        return np.rint(Z).astype(np.uint8).reshape(-1, 4, 4)

    found = interpolation_realism(encode, decode, train, test, pairs=5)
    np.testing.assert_allclose(found.reconstructed, found.held_out)
    described = interpolation_realism(
        encode, decode, train, test, pairs=5, features=lambda X: X.reshape(len(X), -1)[:, :3], space="corners"
    )
    assert (described.held_out < found.held_out).all()
    assert "corners" in str(described)


def test_the_same_state_gives_the_same_answer_and_it_is_json() -> None:
    found = realism(random_state=3)
    assert json.loads(json.dumps(found.to_dict())) == realism(random_state=3).to_dict()
    assert "low is no praise" in str(found)
    assert not np.array_equal(found.pairs, realism(random_state=4).pairs)


def test_bad_input() -> None:
    train, test = circle(50, 0), circle(20, 1)
    with pytest.raises(InputError, match="9 rows"):
        interpolation_realism(angle_of, on_circle, train, test[:9])
    with pytest.raises(InputError, match="have shape"):
        interpolation_realism(angle_of, on_circle, train[:, :1], test)
    with pytest.raises(InputError, match="training rows"):
        interpolation_realism(angle_of, on_circle, train, train[:20])
    with pytest.raises(InputError, match="decode must give back"):
        interpolation_realism(angle_of, lambda Z: Z, train, test)
    with pytest.raises(InputError, match="not finite"):
        interpolation_realism(angle_of, lambda Z: np.full((len(Z), 2), np.nan), train, test)
    with pytest.raises(InputError, match="encode must give"):
        interpolation_realism(lambda X: X[0], on_circle, train, test)
    with pytest.raises(InputError, match="steps"):
        interpolation_realism(angle_of, on_circle, train, test, steps=2)
    with pytest.raises(InputError, match="features must give"):
        interpolation_realism(angle_of, on_circle, train, test, features=lambda X: X[0])
