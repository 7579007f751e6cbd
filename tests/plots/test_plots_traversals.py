from __future__ import annotations

import numpy as np
import pytest

from vael.errors import InputError
from vael.plots import traversals
from vael.plots.traversals import traversal_latents


def decode(Z):
    """Four pixels: the first three latents between 0 and 1, and 1."""
    return np.concatenate([0.5 + Z[:, :3] / 10, np.ones((len(Z), 1))], axis=1)


def cells(figure, steps):
    pixels = np.asarray(figure.axes[0].images[0].get_array())[..., 0]
    rows = (pixels.shape[0] + 1) // 3
    tops, lefts = np.arange(rows) * 3, np.arange(steps) * 3
    return np.array([[pixels[t : t + 2, s : s + 2].ravel() for s in lefts] for t in tops])


def test_one_latent_moves_in_each_row():
    base = np.array([1.0, 2.0, 3.0])
    Z = traversal_latents(base, [2, 0], np.array([-1.0, 5.0]))
    assert Z.tolist() == [[1, 2, -1], [1, 2, 5], [-1, 2, 3], [5, 2, 3]]


def test_the_picture_is_what_the_decoder_gives(sound, theme):
    figure = traversals(decode, 3, (2, 2), reach=2.0, steps=5, theme=theme)
    sound(figure, theme)
    found = cells(figure, 5)
    expected = np.full((3, 5, 4), 0.5)
    expected[..., 3] = 1
    for latent in range(3):
        expected[latent, :, latent] = [0.3, 0.4, 0.5, 0.6, 0.7]
    np.testing.assert_allclose(found, expected)
    axes = figure.axes[0]
    minus = "\N{MINUS SIGN}"
    assert [t.get_text() for t in axes.get_xticklabels()] == [
        f"{minus}2.0",
        f"{minus}1.0",
        "0.0",
        "1.0",
        "2.0",
    ]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["$z_{1}$", "$z_{2}$", "$z_{3}$"]


def test_the_others_stay_at_the_base():
    found = cells(traversals(decode, 3, (2, 2), base=np.array([1.0, -2.0, 3.0]), steps=3), 3)
    np.testing.assert_allclose(found[0, :, 1:3], [[0.3, 0.8]] * 3)
    np.testing.assert_allclose(found[1, :, 0], [0.6] * 3)
    np.testing.assert_allclose(found[1, :, 1], [0.2, 0.5, 0.8])


def test_rows_come_by_their_divergence(sound, theme):
    figure = traversals(decode, 3, (2, 2), kl_per_latent=[0.5, 0.0, 2.25], most=2, steps=3, theme=theme)
    sound(figure, theme)
    assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == ["$z_{3}$", "$z_{1}$"]
    right = figure.axes[0].child_axes[0]
    assert [t.get_text() for t in right.get_yticklabels()] == ["2.25", "0.50"]
    assert right.get_ylabel() == "KL (nats)"
    found = cells(figure, 3)
    np.testing.assert_allclose(found[0, :, 2], [0.2, 0.5, 0.8])
    np.testing.assert_allclose(found[1, :, 0], [0.2, 0.5, 0.8])


@pytest.mark.parametrize(("latents", "steps", "shape"), [(1, 2, (2, 2)), (12, 21, (2, 2)), (4, 9, (1, 4))])
def test_few_and_many(latents, steps, shape, sound, theme):
    def grey(Z):
        return np.tile(0.5 + Z[:, :1] / 10, 4)

    sound(traversals(grey, latents, shape, steps=steps, theme=theme), theme)


def test_digits_of_a_codec(digits, codec, sound, theme):
    figure = traversals(
        lambda Z: codec.inverse_transform(Z), 3, (8, 8), kl_per_latent=codec.explained_variance_, theme=theme
    )
    sound(figure, theme)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"latents": 0}, "latents >= 1"),
        ({"steps": 1}, "steps >= 2"),
        ({"reach": 0.0}, "reach above 0"),
        ({"most": 0}, "most >= 1"),
        ({"base": np.zeros(2)}, r"base must be 3 finite numbers, one a latent; got an array of shape \(2,\)"),
        ({"kl_per_latent": [1.0, np.nan, 0.0]}, "kl_per_latent must be 3 finite numbers"),
        ({"decode": lambda Z: decode(Z)[1:]}, "decode gave 26 rows for 27 latents"),
        ({"image_shape": (3, 3)}, "image_shape"),
    ],
)
def test_what_cannot_be_drawn_is_refused(settings, said):
    arguments = {"decode": decode, "latents": 3, "image_shape": (2, 2)} | settings
    with pytest.raises(InputError, match=said):
        traversals(**arguments)
