"""Paths, selections and encodings: uncommon spaces, many rows, and what is refused."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from vael import VAE
from vael.errors import InputError
from vael.studio.loaded import TRAIN
from vael.studio.services import selection
from vael.studio.terms import terms_of

from .conftest import run_of


def test_the_straight_way_is_as_long_as_its_chords(digits, ask):
    a, b = digits.latents[3], digits.latents[77]
    found = ask(digits, "paths", a=a.tolist(), b=b.tolist())
    space = digits.estimator.manifold(digits.dataset.X[digits.parts == TRAIN])
    line = torch.from_numpy(a + np.linspace(0, 1, 2001, dtype=np.float32)[:, None] * (b - a))
    chords = space.structure.squares(line[None])[0].double().sqrt()
    assert found.facts["straight"]["length"] == pytest.approx(float(chords.sum()), rel=2e-3)
    assert found.facts["straight_excess"] == pytest.approx(
        found.facts["straight"]["length"] / found.facts["geodesic"]["length"] - 1, abs=1e-6
    )


def test_an_uncertain_path_is_the_uncertain_manifolds(digits, ask):
    a, b = digits.latents[[3]], digits.latents[[77]]
    found = ask(digits, "paths", a=a[0].tolist(), b=b[0].tolist(), uncertainty=True)
    space = digits.estimator.manifold(digits.dataset.X[digits.parts == TRAIN], uncertainty="radial")
    expected = space.geodesic(torch.from_numpy(a), torch.from_numpy(b), segments=32)
    assert found.facts["geodesic"]["length"] == pytest.approx(float(expected.length[0]), rel=1e-4)
    plain = ask(digits, "paths", a=a[0].tolist(), b=b[0].tolist())
    assert found.facts["geodesic"]["length"] > plain.facts["geodesic"]["length"]


def test_paths_are_decoded_at_even_times(eight, ask):
    a, b = eight.latents[3].tolist(), eight.latents[77].tolist()
    found = ask(eight, "paths", a=a, b=b, strip=9)
    for way in ("straight", "geodesic"):
        points = found.arrays[way]
        np.testing.assert_allclose(points[[0, -1]], [a, b], atol=1e-6)
        np.testing.assert_array_equal(found.arrays[f"{way}_rows"], eight.decoded(points[::4]))


def test_lengths_say_what_they_are_of(digits, wine, sphere, plain, ask):
    for loaded, unit, words in (
        (digits, "s.d.", "Fisher"),
        (wine, "s.d.", "Fisher"),
        (plain, "", "decoded rows"),
        (sphere, "rad", "sphere"),
    ):
        found = ask(loaded, "paths", a=loaded.latents[0].tolist(), b=loaded.latents[60].tolist())
        assert found.facts["unit"] == unit
        assert words in found.facts["metric"]


def test_an_autoencoder_has_paths_too(plain, ask):
    found = ask(plain, "paths", a=plain.latents[0].tolist(), b=plain.latents[9].tolist())
    assert 0 < found.facts["geodesic"]["length"] <= found.facts["straight"]["length"] * (1 + 1e-6)


@pytest.mark.parametrize("step", [0.0, 1e-9])
def test_ends_that_coincide_are_refused(digits, sphere, ask, step):
    for loaded in (digits, sphere):
        a = loaded.latents[0]
        with pytest.raises(InputError, match="same point"):
            ask(loaded, "paths", a=a.tolist(), b=(a + np.float32(step)).tolist())


def test_opposite_points_of_the_sphere_are_refused(sphere, ask):
    a = sphere.latents[0]
    with pytest.raises(InputError, match="opposite"):
        ask(sphere, "paths", a=a.tolist(), b=(-a).tolist())


def test_points_far_from_everything_have_a_path_or_a_null_and_never_a_wrong_number(digits, ask):
    found = ask(digits, "paths", a=[1e4, 0.0], b=[-1e4, 1e3])
    for way in ("straight", "geodesic"):
        assert np.isfinite(found.arrays[way]).all()
        length = found.facts[way]["length"]
        assert length >= 0 or np.isnan(length)
    excess = found.facts["straight_excess"]
    assert excess >= 0 or np.isnan(excess)


def test_a_selection_of_all_rows_is_summed_in_pieces(digits, ask, monkeypatch):
    monkeypatch.setattr(selection, "PIECE", 100)
    monkeypatch.setattr(selection, "MOST_SCORED", 50)
    rows = np.arange(len(digits.rows))
    found = ask(digits, "selection", rows=rows.tolist())
    np.testing.assert_array_equal(found.arrays["row_mean"][0], digits.seen(digits.rows.mean(0)[None])[0])
    assert found.facts["scored"] == 50
    drawn = np.sort(np.random.default_rng(0).permutation(len(rows))[:50])
    elbo = terms_of(digits, digits.rows[drawn]).elbo
    assert found.facts["terms"]["elbo"]["mean"] == pytest.approx(elbo.mean(), rel=1e-6)
    np.testing.assert_allclose(
        found.facts["terms"]["elbo"]["quantiles"], np.quantile(elbo, (0.05, 0.5, 0.95)), rtol=1e-6
    )


def test_the_mean_of_a_selection_on_the_sphere_is_on_the_sphere(sphere, ask):
    rows = [0, 4, 9]
    mean = sphere.latents[rows].astype(float).mean(0)
    found = ask(sphere, "selection", rows=rows)
    np.testing.assert_allclose(found.arrays["mean_latent"], mean / np.linalg.norm(mean), atol=1e-6)


def test_a_selection_of_an_autoencoder_has_no_elbo(plain, ask):
    found = ask(plain, "selection", rows=[1, 2])
    assert found.facts["terms"] is None
    assert sum(each["count"] for each in found.facts["labels"]) == 2


def test_the_percentile_counts_training_rows_with_a_lower_elbo(digits, ask):
    usual = terms_of(digits, digits.rows[digits.parts == TRAIN]).elbo
    for number in (0, 12, 400):
        found = ask(digits, "encode", row_number=number)
        own = terms_of(digits, digits.rows[[number]])
        assert found.facts["percentile"] == pytest.approx(100 * (usual < own.elbo[0]).mean(), abs=0.1)
        assert found.facts["compared"] == len(usual)
        assert found.facts["terms"]["kl"] == pytest.approx(own.kl[0], rel=1e-5)


def test_the_probe_is_a_logistic_regression_on_latents(digits, wine, ask):
    for loaded in (digits, wine):
        train = loaded.parts == TRAIN
        probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
        probe.fit(loaded.estimator.transform(loaded.shaped(loaded.rows[train])), loaded.dataset.y[train])
        found = ask(loaded, "encode", row_number=9).facts["probe"]
        chances = probe.predict_proba(loaded.estimator.transform(loaded.shaped(loaded.rows[9:10])))[0]
        order = np.argsort(-chances)
        assert [each["label"] for each in found] == [str(probe.classes_[i]) for i in order]
        np.testing.assert_allclose([each["probability"] for each in found], chances[order], atol=2e-3)


def test_a_full_posterior_has_a_turned_ellipse(tmp_path, ask):
    full = run_of(tmp_path / "full", "digits", VAE(3, hidden=(16,), max_epochs=2, posterior="full"))
    found = ask(full, "encode", row_number=4).arrays["covariance"]
    x = torch.from_numpy(full.estimator.scored_rows(full.shaped(full.rows[4:5])))
    with torch.no_grad():
        z = full.estimator.model_.encoder(x).sample((200_000,))[:, 0].double()
    np.testing.assert_allclose(found, torch.cov(z.T), atol=2e-2 * np.abs(found).max())
    assert np.abs(found - np.diag(np.diag(found))).max() > 1e-4


def test_a_row_on_the_sphere_has_no_ellipse(sphere, ask):
    found = ask(sphere, "encode", row_number=2)
    assert "covariance" not in found.arrays
    assert np.linalg.norm(found.arrays["mean"]) == pytest.approx(1, abs=1e-5)


def test_an_autoencoder_encodes_without_an_elbo(plain, ask):
    found = ask(plain, "encode", row_number=2)
    assert found.facts["terms"] is found.facts["evidence"] is found.facts["percentile"] is None
    assert len(found.arrays["neighbours"]) == 8


def test_data_without_labels_have_no_probe(wine, ask):
    run_data = dataclasses.replace(wine.run_data, labels=None)
    bare = dataclasses.replace(wine, run_data=run_data)
    found = ask(bare, "encode", row_number=0)
    assert found.facts["probe"] is None
    assert found.facts["neighbour_labels"] is None
    assert ask(bare, "selection", rows=[0]).facts["labels"] is None


def test_rows_that_cannot_be_are_refused_in_words(digits, wine, ask):
    for row, said in (
        ([1.0], "row must be 64 finite numbers, got a list of 1"),
        ([float("nan")] * 64, "64 finite numbers"),
        ([float("inf")] * 64, "64 finite numbers"),
        ("text", "64"),
        ([[1.0]] * 64, "64"),
    ):
        with pytest.raises(InputError, match=said):
            ask(digits, "encode", row=row)
    with pytest.raises(InputError):  # greys above white
        ask(digits, "encode", row=[17.0] * 64)
    with pytest.raises(InputError, match="row_number"):
        ask(digits, "encode", row_number=len(digits.rows))
    with pytest.raises(InputError, match="row is missing"):
        ask(digits, "encode")
    far = ask(wine, "encode", row=(wine.rows[0] * 50).tolist())  # strange, and in the support
    assert far.facts["percentile"] == 0
    assert np.isfinite(far.arrays["mean"]).all()
