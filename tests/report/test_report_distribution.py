"""What a report measures of the distribution is what the functions of evaluation give for the same rows."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

from vael import VAE, Autoencoder
from vael.datasets import Dataset
from vael.evaluation import interpolation_realism, sample_quality, ssim, use_of_latents
from vael.evaluation.smoothness import smoothness
from vael.report import measure_run

QUICK = {"hidden": 32, "max_epochs": 4, "image_shape": (8, 8), "random_state": 0}


@pytest.fixture(scope="module")
def digits() -> Dataset:
    X, y = load_digits(return_X_y=True)
    return Dataset(X[:900] / 16, y[:900], X[900:1200] / 16, y[900:1200], "digits", image_shape=(8, 8))


@pytest.fixture(scope="module")
def fitted(digits):
    return VAE(3, **QUICK).fit(digits.X)


@pytest.fixture(scope="module")
def measures(fitted, digits):
    return measure_run(fitted, digits, samples=200, applications=False)


def test_the_latents(fitted, digits, measures):
    use = use_of_latents(fitted, digits.X_test, random_state=0)
    found = {each.name: each for each in measures.latents.numbers}
    assert found["Active latents"].value == use.active.count
    assert found["KL of q(z|x) from p(z)"].value == pytest.approx(measures.bound.kl, abs=1e-4)
    assert found["Mutual information I(x; z)"].value == use.information.estimate
    assert found["KL of q(z) from p(z)"].value == pytest.approx(use.kl.mean - use.information.estimate)
    assert measures.latents.rows == 300


def test_the_samples(fitted, digits, measures):
    found = {score.name: score for score in measures.samples.scores}
    assert measures.samples.n == 150
    assert measures.samples.n_train == fitted.n_train_
    drawn = fitted.sample(150, random_state=0)
    seen = np.delete(digits.X, fitted.validation_rows_, axis=0)
    raw = sample_quality(drawn, digits.X_test, seen, random_state=0)
    for name in ("classifier accuracy", "distance ratio", "data-copying z"):  # of the rows as they are
        assert found[name].value == pytest.approx(raw.score(name).value, rel=1e-4)
    assert "classifier" in found["Frechet distance"].space
    assert found["precision"].floor > 0.8


def test_binary_models_are_compared_with_binarised_rows(digits):
    fitted = VAE(3, likelihood="bernoulli", **QUICK).fit(digits.X)
    found = measure_run(fitted, digits, samples=10, applications=False).samples
    assert "all binarised" in found.of
    drawn = fitted.sample(150, random_state=0)
    assert set(np.unique(drawn)) <= {0.0, 1.0}
    seen = fitted.scored_rows(np.delete(digits.X, fitted.validation_rows_, axis=0))
    raw = sample_quality(drawn, fitted.scored_rows(digits.X_test), seen, random_state=0)
    by_name = {score.name: score for score in found.scores}
    assert by_name["distance ratio"].value == pytest.approx(raw.score("distance ratio").value, rel=1e-6)


def test_reconstructions_and_neighbourhoods(fitted, digits, measures):
    X, again = digits.X_test, fitted.reconstruct(digits.X_test)
    found = measures.reconstruction
    assert found.absolute == pytest.approx(np.abs(X - again).mean(), rel=1e-6)
    assert found.similarity == pytest.approx(ssim(X, again, (8, 8), 1.0).mean, rel=1e-9)
    assert found.window == 7
    table = smoothness(X, {"latents": fitted.transform(X)}, random_state=0)
    assert measures.smoothness.rows[0].overlap == pytest.approx(table.rows[0].overlap)
    assert [row.name for row in measures.smoothness.rows][:2] == ["latents", "PCA (3)"]
    ways = measures.interpolation
    seen = np.delete(digits.X, fitted.validation_rows_, axis=0)
    exact = interpolation_realism(fitted.transform, fitted.inverse_transform, seen, X, random_state=0)
    assert ways.reconstruction == pytest.approx(exact.percentile(exact.reconstructed).mean(), abs=1e-3)
    assert (ways.n_train, ways.n_test, ways.pairs) == (fitted.n_train_, 300, 200)


def test_the_likelihood_says_how_far_to_trust_it(fitted, digits, measures):
    found = measures.likelihood
    assert 1 <= found.effective_sample_size <= 200
    assert 0 <= found.trusted <= 1
    assert found.sampling_error > 0
    assert found.bits_per_dimension is None  # a density
    discrete = VAE(3, likelihood="categorical", **QUICK).fit(np.rint(4 * digits.X))
    data = Dataset(
        np.rint(4 * digits.X), None, np.rint(4 * digits.X_test), None, "levels", image_shape=(8, 8)
    )
    counted = measure_run(discrete, data, samples=20, applications=False).likelihood
    assert counted.bits_per_dimension == pytest.approx(-counted.mean / (64 * np.log(2)), rel=1e-9)


def test_what_cannot_be_measured_is_told(digits):
    found = measure_run(Autoencoder(3, **QUICK).fit(digits.X), digits, applications=False)
    assert found.samples is None
    assert found.skipped["samples"] == "the model has no prior to draw samples from"
    assert found.latents is not None
    assert any(each.value is None and each.estimator for each in found.latents.numbers)
    few = Dataset(digits.X[:60], digits.y[:60], name="few", image_shape=(8, 8))
    scarce = measure_run(VAE(2, **QUICK).fit(few.X), few, samples=5, applications=False)
    assert "too few" in scarce.skipped["samples"]
    whole = measure_run(VAE(2, **QUICK).fit(few.X), few, samples=5, distribution=False, applications=False)
    assert whole.skipped["smoothness"] == whole.skipped["applications"] == "it was not asked for"
