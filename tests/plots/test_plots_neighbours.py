"""Samples and their nearest training rows: what stands where, and what the curves show."""

from __future__ import annotations

import numpy as np
import pytest

from vael.errors import InputError
from vael.plots.neighbours import nearest_rows


@pytest.fixture(scope="module")
def found():
    rng = np.random.default_rng(0)
    train = rng.uniform(0, 1, (40, 64))
    samples = train[[3, 7, 11, 2]] * 0.9
    difference = np.linalg.norm(samples[:, None] - train, axis=2)
    indices = np.argsort(difference, axis=1)[:, :2]
    return samples, train[indices], np.take_along_axis(difference, indices, axis=1)


def test_neighbours_stand_below_their_samples_with_their_distance(found, sound, theme):
    samples, neighbours, distances = found
    figure = nearest_rows(samples, neighbours, distances, (8, 8), columns=3, theme=theme)
    sound(figure, theme)
    pixels = np.asarray(figure.axes[0].images[0].get_array())[..., 0]
    assert pixels.shape == (3 * 9 - 1, 3 * 9 - 1)
    for column in range(3):
        across = slice(9 * column, 9 * column + 8)
        np.testing.assert_allclose(pixels[:8, across], samples[column].reshape(8, 8))
        for i in range(2):
            down = slice(9 * (i + 1), 9 * (i + 1) + 8)
            np.testing.assert_allclose(pixels[down, across], neighbours[column, i].reshape(8, 8))
    assert [t.get_text() for t in figure.axes[0].get_xticklabels()] == [f"{d:.3f}" for d in distances[:3, 0]]
    assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == ["sample", "nearest", "2nd"]


def test_curves_are_the_shares_within_a_distance(found, sound, theme):
    own, other = np.array([0.5, 1.5, 1.0, 2.0]), np.array([3.0, 1.0])
    figure = nearest_rows(*found, (8, 8), sample_distances=own, held_out_distances=other, theme=theme)
    sound(figure, theme)
    lines = {line.get_label(): line for line in figure.axes[1].lines}
    for name, values in (("samples", own), ("held-out rows", other)):
        at, share = lines[name].get_data()
        finite = np.isfinite(at)
        np.testing.assert_allclose(
            at[finite], np.concatenate([[values.min()], np.sort(values)])[: finite.sum()]
        )
        expected = [(values <= x).mean() for x in np.sort(values)]
        np.testing.assert_allclose(share[1:], expected)


def test_rows_of_a_table_are_lines(found, sound, theme):
    rng = np.random.default_rng(1)
    samples, neighbours = rng.normal(2, 3, (9, 4)), rng.normal(2, 3, (9, 1, 4))
    distances = np.linalg.norm(samples[:, None] - neighbours, axis=2)
    figure = nearest_rows(
        samples, neighbours, distances, None, sample_distances=distances[:, 0],
        held_out_distances=distances[:, 0] + 1, feature_names=list("abcd"), theme=theme,
    )  # fmt: skip
    sound(figure, theme)
    lines = np.array([line.get_ydata() for line in figure.axes[0].lines])
    mean, deviation = samples[:6].mean(axis=0), samples[:6].std(axis=0)
    np.testing.assert_allclose(lines[:6], (samples[:6] - mean) / deviation)
    np.testing.assert_allclose(lines[6:], (neighbours[:6, 0] - mean) / deviation)


def test_what_does_not_fit_is_refused(found):
    samples, neighbours, distances = found
    with pytest.raises(InputError, match=r"neighbours must have shape \(n, k, features\)"):
        nearest_rows(samples, neighbours[:, 0], distances, (8, 8))
    with pytest.raises(InputError, match="distances must have shape"):
        nearest_rows(samples, neighbours, distances[:, :1], (8, 8))
    with pytest.raises(InputError, match="together, or neither"):
        nearest_rows(samples, neighbours, distances, (8, 8), sample_distances=distances[:, 0])
    with pytest.raises(InputError, match="columns must be 1 or more"):
        nearest_rows(samples, neighbours, distances, (8, 8), columns=0)
