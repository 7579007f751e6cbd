from __future__ import annotations

import numpy as np
import pytest

from vael.datasets import Sprites
from vael.errors import InputError
from vael.evaluation.disentanglement import Code
from vael.evaluation.disentanglement import code as module


def test_a_code_is_the_representation_of_the_images():
    sprites = Sprites()

    def represent(images):
        assert images.shape[1:] == (64, 64)
        return np.stack([images.sum((1, 2)), images[:, 32].sum(1)], axis=1)

    code = Code(represent, sprites)
    factors, latents = code.sample(300, np.random.default_rng(0))
    np.testing.assert_array_equal(latents, represent(sprites.images(factors)))


def test_each_combination_is_encoded_once(small):
    seen = []

    def represent(factors):
        seen.append(factors)
        return factors * 1.5

    code = Code(represent, small)
    doors = sum(map(len, seen))
    for seed in range(3):
        code.sample(500, np.random.default_rng(seed))
    assert sum(map(len, seen)) - doors == 60
    assert len(np.unique(np.concatenate(seen[2:]), axis=0)) == 60


def test_a_set_too_large_for_the_table_gives_the_same(small, monkeypatch):
    with_table = Code(lambda f: small.rotated(f), small).sample(500, np.random.default_rng(1))[1]
    monkeypatch.setattr(module, "_TABLE_BYTES", 0)
    monkeypatch.setattr(module, "_CHUNK", 7)
    without = Code(lambda f: small.rotated(f), small)
    assert without._table is None
    np.testing.assert_allclose(without.sample(500, np.random.default_rng(1))[1], with_table, rtol=1e-13)


@pytest.mark.parametrize(
    ("represent", "said"),
    [
        (lambda f: f[0], r"represent gave an array of shape \(3,\) for 2 images"),
        (lambda f: f[:1], "for 2 images"),
        (lambda f: f[:, :0], r"shape \(2, 0\)"),
        (
            lambda f: np.where(f == 0, np.nan, f),
            "represent gave nan for latent 0 of the image {'factor 0': 0",
        ),
        (lambda f: f.astype(str), "must give real numbers"),
        (lambda f: np.random.default_rng().normal(size=f.shape), "give the posterior mean, not a draw"),
    ],
)
def test_what_is_no_representation_is_refused(small, represent, said):
    with pytest.raises(InputError, match=said):
        Code(represent, small)


def test_a_factor_that_does_not_vary_is_refused(make_truth):
    with pytest.raises(InputError, match="factor 'factor 1' has 1 value"):
        Code(lambda f: f, make_truth((3, 1, 5)))
    with pytest.raises(InputError, match="0 factor names"):
        Code(lambda f: f, make_truth(()))
