"""The services' numbers against the Python API, called as a user calls it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import logsumexp
from scipy.stats import norm

from vael import VAE
from vael.errors import InputError
from vael.estimators.geometry import radial_precision
from vael.studio.facts import facts
from vael.studio.loaded import TEST, TRAIN, VALIDATION
from vael.studio.point_decoder import FAR, PointDecoder
from vael.studio.services import SERVICES, service
from vael.studio.terms import terms_of

from .conftest import run_of


def shown(loaded, rows):
    low, high = loaded.value_range
    return np.rint(np.clip((rows.reshape(len(rows), -1) - low) * 255 / (high - low), 0, 255))


def test_every_service_can_be_loaded():
    for name in SERVICES:
        assert callable(service(name))


def test_points_are_the_runs_latents_parts_and_labels(digits, ask):
    found = ask(digits, "points")
    X, y = digits.dataset.X, digits.dataset.y
    np.testing.assert_allclose(found.arrays["latents"], digits.estimator.transform(X), atol=1e-6)
    assert [found.facts["label_names"][code] for code in found.arrays["labels"]] == [str(v) for v in y]
    parts = found.arrays["parts"]
    assert (parts[digits.run_data.validation_rows] == VALIDATION).all()
    assert (parts == TRAIN).sum() == digits.estimator.n_train_
    assert not (parts == TEST).any()


def test_decode_is_what_inverse_transform_gives(digits, wine, ask):
    Z = np.random.default_rng(0).normal(size=(7, 2))
    found = ask(digits, "decode", z=Z.tolist()).arrays["rows"]
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, shown(digits, digits.estimator.inverse_transform(Z)))
    rows = ask(wine, "decode", z=Z.tolist()).arrays["rows"]
    np.testing.assert_allclose(rows, wine.estimator.inverse_transform(Z), rtol=1e-6)


def test_one_point_is_decoded_as_many_are(digits, wine, eight, sphere, plain):
    for loaded in (digits, wine, eight, sphere, plain):
        decode = PointDecoder(loaded)
        for row in (0, 17, 100):
            z = loaded.latents[row]
            expected = loaded.decoded(z[None])[0].astype(float)
            found = decode(z)
            np.testing.assert_allclose(found.row.astype(float), expected, rtol=1e-5, atol=1)
            assert found.distance == 0
            assert not found.far


def test_far_is_told_in_units_of_the_codes_own_distances(digits):
    decode = PointDecoder(digits)
    Z = digits.latents.astype(float)
    between = np.linalg.norm(Z[:, None] - Z[None], axis=-1)
    np.fill_diagonal(between, np.inf)
    usual = np.quantile(between.min(1), 0.99)
    z = np.array([30.0, -12.0], np.float32)
    assert decode(z).distance == pytest.approx(np.linalg.norm(Z - z, axis=1).min() / usual, rel=1e-6)
    assert decode(z).far
    assert FAR == 3


@pytest.mark.parametrize("z", [[np.nan, 0], [np.inf, 0], [0], [0, 0, 0]])
def test_what_is_no_point_is_refused(digits, z):
    with pytest.raises(InputError):
        PointDecoder(digits)(np.array(z, np.float32))


def test_elbo_of_rows_is_the_likelihood_less_the_kl_and_bounds_the_evidence(digits, ask):
    found = {name: ask(digits, "values", name=name) for name in ("elbo", "log_likelihood", "kl")}
    elbo, log_likelihood, kl = (found[n].arrays["values"].astype(float) for n in found)
    np.testing.assert_allclose(elbo, log_likelihood - kl, atol=1e-3)
    mean, deviation = digits.estimator.posterior_moments(digits.dataset.X)
    np.testing.assert_allclose(
        kl, 0.5 * (mean**2 + deviation**2 - 1 - 2 * np.log(deviation)).sum(1), rtol=1e-4, atol=1e-4
    )
    evidence = digits.estimator.score_samples(digits.dataset.X[:200], n_samples=500)
    assert elbo[:200].mean() < evidence.mean() + 0.1
    assert elbo[:200].mean() > evidence.mean() - 5
    assert found["elbo"].facts["unit"] == "nats"


def test_values_do_not_depend_on_the_rows_beside(digits, ask):
    X = digits.dataset.X
    np.testing.assert_allclose(terms_of(digits, X[5:6]).elbo, terms_of(digits, X[:200]).elbo[5], atol=1e-3)


def test_an_autoencoder_offers_its_error(plain, ask):
    assert [v["name"] for v in facts(plain)["values"]] == ["error"]
    X = plain.dataset.X
    expected = np.square(plain.estimator.reconstruct(X) - X).mean(1)
    np.testing.assert_allclose(ask(plain, "values", name="error").arrays["values"], expected, rtol=1e-4)
    with pytest.raises(InputError, match="elbo"):
        ask(plain, "values", name="elbo")


def test_a_tables_columns_are_values(wine, ask):
    found = ask(wine, "values", name="column:alcohol")
    np.testing.assert_allclose(found.arrays["values"], wine.dataset.X[:, 0], rtol=1e-6)
    assert found.facts["title"] == "alcohol"


def test_rows_are_shown_as_they_are(digits, wine, ask):
    found = ask(digits, "rows", rows=[3, 0]).arrays["rows"]
    np.testing.assert_array_equal(found, shown(digits, digits.dataset.X[[3, 0]]))
    np.testing.assert_allclose(ask(wine, "rows", rows=[5]).arrays["rows"], wine.dataset.X[[5]], rtol=1e-6)


def picture(ask, loaded, kind, low=(-2.0, -1.0), size=(4.0, 3.0), shape=(12, 16)):
    height, width = shape
    found = ask(
        loaded,
        "background",
        kind=kind,
        origin=list(low),
        u=[size[0], 0.0],
        v=[0.0, size[1]],
        width=width,
        height=height,
    )
    x = low[0] + size[0] * (np.arange(width) + 0.5) / width
    y = low[1] + size[1] * (np.arange(height) + 0.5) / height
    return found, np.stack(np.meshgrid(x, y), -1)


def test_density_is_that_of_the_mixture_of_posteriors(digits, ask):
    found, Z = picture(ask, digits, "density")
    rows = digits.dataset.X[digits.parts == TRAIN]
    mean, deviation = digits.estimator.posterior_moments(rows)
    log = norm.logpdf(Z[:, :, None], mean, deviation).sum(-1)
    np.testing.assert_allclose(found.arrays["values"], logsumexp(log, 2) - np.log(len(rows)), atol=2e-4)
    assert found.facts["unit"] == "nats"


def test_magnification_is_the_manifolds_volume(digits, ask):
    found, Z = picture(ask, digits, "magnification")
    expected = digits.estimator.manifold().log_volume(torch.tensor(Z, dtype=torch.float32))
    np.testing.assert_allclose(found.arrays["values"], expected, atol=1e-5)


def test_uncertainty_rises_away_from_the_data(digits, ask):
    near, _ = picture(ask, digits, "uncertainty")
    far, _ = picture(ask, digits, "uncertainty", low=(60.0, 60.0))
    assert near.arrays["values"].max() <= far.arrays["values"].min()
    assert near.arrays["values"].min() < 0.2 * far.arrays["values"].min()


def test_paths_are_the_manifolds(digits, ask):
    a, b = digits.latents[3].tolist(), digits.latents[77].tolist()
    found = ask(digits, "paths", a=a, b=b, strip=5)
    space = digits.estimator.manifold(digits.dataset.X[digits.parts == TRAIN])
    expected = space.geodesic(torch.tensor([a]), torch.tensor([b]), segments=32)
    assert found.facts["geodesic"]["length"] == pytest.approx(float(expected.length[0]), rel=1e-5)
    assert found.facts["geodesic"]["energy"] == pytest.approx(float(expected.energy[0]), rel=1e-5)
    assert found.facts["converged"]
    assert found.facts["straight"]["length"] >= found.facts["geodesic"]["length"]
    # Cauchy and Schwarz: a curve's energy is at least its length squared
    for way in ("straight", "geodesic"):
        facts_of = found.facts[way]
        assert facts_of["energy"] >= facts_of["length"] ** 2 * (1 - 2e-3)
    np.testing.assert_allclose(found.arrays["straight"][16], (np.array(a) + b) / 2, atol=1e-6)
    np.testing.assert_array_equal(found.arrays["geodesic_rows"][[0, -1]], digits.decoded(np.array([a, b])))


def test_paths_between_the_same_point_are_refused(digits, ask):
    with pytest.raises(InputError, match="same point"):
        ask(digits, "paths", a=[0.5, 0.5], b=[0.5, 0.5])


def test_a_path_on_the_sphere_is_the_great_circle(sphere, ask):
    a, b = sphere.latents[0], sphere.latents[50]
    found = ask(sphere, "paths", a=a.tolist(), b=b.tolist())
    angle = np.arccos(np.clip(a.astype(float) @ b, -1, 1))
    assert found.facts["geodesic"]["length"] == pytest.approx(angle, rel=1e-4)
    np.testing.assert_allclose(np.linalg.norm(found.arrays["straight"], axis=1), 1, atol=1e-5)


def test_a_selection_is_described_as_its_rows_are(digits, ask):
    rows = [4, 9, 30, 31, 200]
    found = ask(digits, "selection", rows=rows)
    X = digits.dataset.X[rows]
    mean = digits.estimator.transform(X).mean(0)
    np.testing.assert_allclose(found.arrays["mean_latent"], mean, atol=1e-5)
    np.testing.assert_allclose(
        found.arrays["mean_row"].astype(float),
        shown(digits, digits.estimator.inverse_transform(mean[None])),
        atol=1,
    )
    np.testing.assert_array_equal(found.arrays["row_mean"], shown(digits, X.mean(0, keepdims=True)))
    labels = {each["label"]: each["count"] for each in found.facts["labels"]}
    assert labels == {str(v): int((digits.dataset.y[rows] == v).sum()) for v in set(digits.dataset.y[rows])}
    every = ask(digits, "values", name="elbo").arrays["values"][rows]
    assert found.facts["terms"]["elbo"]["mean"] == pytest.approx(every.mean(), abs=1e-2)
    assert sum(found.facts["parts"].values()) == found.facts["n"] == 5


def test_a_row_is_encoded_as_the_estimator_encodes_it(digits, ask):
    X = digits.dataset.X[12:13]
    found = ask(digits, "encode", row_number=12)
    mean, deviation = digits.estimator.posterior_moments(X)
    np.testing.assert_allclose(found.arrays["mean"], mean[0], atol=1e-6)
    np.testing.assert_allclose(found.arrays["covariance"], np.diag(deviation[0] ** 2), rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(
        found.arrays["reconstruction"].astype(float), shown(digits, digits.estimator.reconstruct(X)), atol=1
    )
    evidence = digits.estimator.score_samples(X, n_samples=512)[0]
    assert found.facts["evidence"] == {"value": pytest.approx(evidence, abs=1e-3), "samples": 512}
    distances = np.linalg.norm(digits.latents.astype(float) - mean, axis=1)
    distances[12] = np.inf
    assert found.arrays["neighbours"].tolist() == np.argsort(distances, kind="stable")[:8].tolist()
    np.testing.assert_allclose(found.arrays["distances"], np.sort(distances)[:8], rtol=1e-4, atol=1e-6)
    assert sum(each["probability"] for each in found.facts["probe"]) == pytest.approx(1)
    terms = found.facts["terms"]
    assert terms["elbo"] == pytest.approx(terms["log_likelihood"] - terms["kl"])
    assert 0 <= found.facts["percentile"] <= 100


def test_a_row_given_by_its_numbers_is_the_row(digits, wine, ask):
    for loaded in (digits, wine):
        by_number = ask(loaded, "encode", row_number=7)
        by_value = ask(loaded, "encode", row=loaded.rows[7].tolist())
        np.testing.assert_allclose(by_value.arrays["mean"], by_number.arrays["mean"], atol=1e-6)
        assert by_value.arrays["neighbours"][0] == 7


@pytest.mark.parametrize("row", [[1.0], [-5.0] * 64, [1e9] * 64])
def test_rows_that_the_likelihood_cannot_score_are_refused(digits, ask, row):
    with pytest.raises(InputError):
        ask(digits, "encode", row=row)


def test_samples_at_temperature_one_are_the_estimators(digits, sphere, ask):
    for loaded in (digits, sphere):
        found = ask(loaded, "sample", n=9, seed=5)
        expected = loaded.estimator.sample(9, mean=True, random_state=5)
        np.testing.assert_allclose(found.arrays["rows"].astype(float), shown(loaded, expected), atol=1)


def test_temperature_scales_what_samples_are_off_the_mean(digits, sphere, ask):
    one, two = (ask(digits, "sample", n=9, seed=5, temperature=t).arrays["z"] for t in (1.0, 0.25))
    np.testing.assert_allclose(two, 0.25 * one, rtol=1e-6)
    with pytest.raises(InputError, match="temperature"):
        ask(sphere, "sample", n=2, seed=0, temperature=0.5)


def test_facts_are_the_runs(digits, wine, sphere):
    found = facts(digits)
    assert found["data"]["image_shape"] == [8, 8]
    assert found["data"]["value_range"] == [0, 16]
    assert found["model"]["coordinates"] == 2
    assert found["model"]["bound"] == pytest.approx(digits.estimator.bound_)
    axes, Z = np.array(found["latent"]["axes"]), digits.latents.astype(float)
    np.testing.assert_allclose(axes @ axes.T, np.eye(2), atol=1e-9)
    np.testing.assert_allclose(np.var(Z @ axes.T, axis=0), found["latent"]["variances"], rtol=1e-6)
    assert np.diff(found["latent"]["variances"])[0] < 0
    assert facts(wine)["data"]["feature_names"][0] == "alcohol"
    assert "sphere" in facts(sphere)["can"]["geometry"]
    assert found["can"]["temperature"] == ""
    assert "temperature" in facts(sphere)["can"]["temperature"]


def test_facts_name_the_networks_and_each_latents_nats(digits, sphere, plain):
    found = facts(digits)
    assert found["model"]["network"] == "encoder MLP 64-32-4, decoder MLP 2-32-64"
    assert found["model"]["prior"] == "StandardNormal()"
    assert found["can"]["train"]
    kept = digits.estimator.history_[digits.estimator.best_epoch_ - 1]
    assert found["latent"]["kl"] == kept.kl_per_latent
    assert sum(found["latent"]["kl"]) == pytest.approx(kept.validation_kl)
    assert facts(sphere)["latent"]["kl"] is None
    assert facts(plain)["latent"]["kl"] is None


def test_a_fitted_uncertainty_is_the_deviation_of_what_the_decoder_misses(digits, ask):
    found, Z = picture(ask, digits, "uncertainty")
    rows = digits.dataset.X[digits.parts == TRAIN]
    radial = radial_precision(digits.estimator, rows)
    expected = radial.precision(torch.tensor(Z, dtype=torch.float32))[..., 0].numpy() ** -0.5 / 64**0.5
    np.testing.assert_allclose(found.arrays["values"], expected, rtol=1e-5)
    assert found.facts["low"] <= found.facts["high"] == pytest.approx(found.arrays["values"].max(), rel=1e-6)


def test_an_ensembles_uncertainty_is_its_members_spread(tmp_path, ask):
    loaded = run_of(tmp_path / "three", "digits", VAE(2, hidden=(16,), max_epochs=2, n_decoders=3))
    found, Z = picture(ask, loaded, "uncertainty", shape=(3, 4))
    z = torch.tensor(Z.reshape(-1, 2), dtype=torch.float32)
    decoder = loaded.estimator.model_.decoder.eval()
    with torch.no_grad():
        means = np.stack([decoder.likelihood(net(z)).mean.numpy() for net in decoder.nets]).astype(float)
    expected = np.sqrt(means.var(0, ddof=1).mean(-1))
    np.testing.assert_allclose(found.arrays["values"].ravel(), expected, rtol=1e-4)
    assert "3 decoders" in found.facts["title"]


def test_the_kl_of_a_row_on_the_sphere_is_that_of_the_law(sphere, ask):
    """Power spherical posteriors: KL to the uniform law is ln of the sphere's area less their entropy."""
    kl = ask(sphere, "values", name="kl").arrays["values"][:50].astype(float)
    x = torch.from_numpy(np.ascontiguousarray(sphere.estimator.scored_rows(sphere.dataset.X[:50])))
    with torch.no_grad():
        q_z = sphere.estimator.model_.eval().encoder(x)
        entropy = q_z.entropy().double().numpy()
    np.testing.assert_allclose(kl, np.log(4 * np.pi) - entropy, rtol=1e-3, atol=1e-3)
