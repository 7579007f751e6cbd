from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier

import vael
from vael import VAE, Autoencoder, RunError
from vael.datasets import Dataset
from vael.evaluation import denoise
from vael.models.binarising import binarise_by_content
from vael.report import RunMeasures, measure_run
from vael.report.applications import label_counts

QUICK = {"hidden": 32, "max_epochs": 3, "random_state": 0}


@pytest.fixture(scope="module")
def digits() -> Dataset:
    X, y = load_digits(return_X_y=True)
    return Dataset(X[:1000] / 16, y[:1000], X[1000:1300] / 16, y[1000:1300], "digits", image_shape=(8, 8))


@pytest.fixture(scope="module")
def fitted(digits):
    return VAE(3, image_shape=(8, 8), **QUICK).fit(digits.X)


@pytest.fixture(scope="module")
def measures(fitted, digits) -> RunMeasures:
    return measure_run(fitted, digits, samples=20, draws=2)


def same_but_for_time(a: RunMeasures, b: RunMeasures) -> bool:
    def timeless(measures: RunMeasures) -> dict:
        record = measures.to_dict()
        del record["geometry"]["diagnosis"]["seconds"]
        for row in record["applications"]["table"]["rows"]:
            del row["seconds"], row["setup_seconds"]
        return {**record, "seconds": None}

    return timeless(a) == timeless(b)


def test_likelihood_is_that_of_the_test_rows(fitted, digits, measures):
    log_p = fitted.score_samples(digits.X_test, n_samples=20)
    assert measures.held_out == "test rows"
    assert not measures.on_training_rows
    assert (measures.rows, measures.rows_available) == (300, 300)
    assert measures.likelihood.mean == pytest.approx(log_p.mean(), abs=1e-9)
    assert measures.likelihood.standard_error == pytest.approx(log_p.std(ddof=1) / math.sqrt(300))
    assert measures.likelihood.samples == 20
    assert measures.likelihood.proper
    assert measures.likelihood.density_of == "a density, of the data as given"


def test_bound_lies_below_the_likelihood_and_is_made_of_its_parts(fitted, digits, measures):
    bound = measures.bound
    assert bound.bound == pytest.approx(bound.log_likelihood - bound.kl, abs=1e-6)
    assert sum(bound.kl_per_latent) == pytest.approx(bound.kl, rel=1e-6)
    assert measures.likelihood.mean - 2 < bound.bound < measures.likelihood.mean + 0.05
    mean, std = fitted.posterior_moments(digits.X_test)
    by_hand = (mean.astype(float) ** 2 + std.astype(float) ** 2 - 1 - 2 * np.log(std)) / 2
    np.testing.assert_allclose(bound.kl_per_latent, by_hand.mean(0), rtol=1e-4)
    assert bound.active_latents == (mean.var(0) > 0.01).sum()


def test_reconstruction_beside_pca_and_the_mean_row(fitted, digits, measures):
    found, X = measures.reconstruction, digits.X_test
    assert found.error == pytest.approx(((fitted.reconstruct(X) - X) ** 2).mean(), rel=1e-5)
    training = np.delete(digits.X, fitted.validation_rows_, axis=0)
    centre = training.mean(0)
    axes = np.linalg.svd(training - centre, full_matrices=False)[2][:3]
    rebuilt = centre + (X - centre) @ axes.T @ axes
    assert found.pca_error == pytest.approx(((rebuilt - X) ** 2).mean(), rel=1e-4)
    assert found.mean_error == pytest.approx(((X - centre) ** 2).mean(), rel=1e-5)
    assert found.explained == pytest.approx(1 - found.error / found.mean_error)
    assert found.pca_axes == 3


def test_applications_are_of_the_latents(fitted, digits, measures):
    table = measures.applications.table
    assert {row.representation for row in table.rows} == {"latents", "PCA (3)", "pixels"}
    nearest = KNeighborsClassifier(1).fit(fitted.transform(digits.X), digits.y)
    by_hand = nearest.score(fitted.transform(digits.X_test), digits.y_test)
    assert table.row("1-NN", None, "latents").mean == pytest.approx(by_hand, abs=1 / 300)
    raw = KNeighborsClassifier(1).fit(digits.X, digits.y).score(digits.X_test, digits.y_test)
    assert table.row("1-NN", None, "pixels").mean == pytest.approx(raw, abs=1 / 300)
    assert {row.labels for row in table.rows} == {0, 10, 100, 1000}
    assert measures.applications.train == "1000 training rows"
    assert measures.applications.test == "300 test rows"


def test_denoising_is_measured_on_the_same_scale(fitted, digits, measures):
    by_hand = denoise(
        fitted.reconstruct, digits.X_test, kind="masking", amount=0.3, value_range=(0.0, 1.0)
    ).to_dict()
    found = {each.kind: each for each in measures.denoising}["masking"]
    for name in ("error_before", "error_after", "error_clean", "share_improved"):
        assert getattr(found, name) == pytest.approx(by_hand[name], rel=1e-9)


def test_measures_come_back_from_json(measures):
    assert RunMeasures.from_dict(json.loads(json.dumps(measures.to_dict(), allow_nan=False))) == measures
    parts = ("applications", "likelihood", "latents", "samples", "interpolation", "smoothness", "geometry")
    bare = replace(measures, **dict.fromkeys(parts), denoising=(), skipped=dict.fromkeys(parts, "no"))
    assert RunMeasures.from_dict(json.loads(json.dumps(bare.to_dict(), allow_nan=False))) == bare


@pytest.mark.parametrize("damage", [{"format": 99}, {"bound": 3}, {"rows": None, "surplus": 1}])
def test_other_json_is_refused(measures, damage):
    with pytest.raises(RunError, match="measure anew"):
        RunMeasures.from_dict({**measures.to_dict(), **damage})


def test_a_loaded_model_is_measured_alike(fitted, digits, measures, tmp_path):
    fitted.save(tmp_path / "run")
    again = measure_run(vael.load(tmp_path / "run"), digits, samples=20, draws=2)
    assert same_but_for_time(again, measures)


def test_without_test_rows_the_validation_rows_are_measured(digits, tmp_path):
    alone = Dataset(digits.X, digits.y, name="digits")
    fitted = VAE(2, **QUICK).fit(alone.X)
    found = measure_run(fitted, alone, samples=10, applications=False)
    assert found.held_out.startswith("validation rows")
    assert found.rows == 100
    log_p = fitted.score_samples(alone.X[fitted.validation_rows_], n_samples=10)
    assert found.likelihood.mean == pytest.approx(log_p.mean(), abs=1e-9)
    fitted.save(tmp_path / "run")
    loaded = measure_run(vael.load(tmp_path / "run"), alone, samples=10, applications=False)
    assert loaded.likelihood == found.likelihood


def test_where_nothing_was_held_out_the_measures_say_so(digits):
    alone = Dataset(digits.X[:200], name="digits")
    fitted = VAE(2, validation_fraction=0.0, **QUICK).fit(alone.X)
    found = measure_run(fitted, alone, samples=5)
    assert found.on_training_rows
    assert found.held_out == "training rows"
    assert found.applications is None
    assert found.skipped["applications"] == "the data have no labels"


def test_densities_are_of_the_data_as_given():
    X = np.random.default_rng(0).normal(size=(300, 4)) @ np.diag([1.0, 2, 3, 4])
    found = [
        measure_run(VAE(2, **QUICK).fit(scale * X), Dataset(scale * X), samples=10) for scale in (1.0, 8.0)
    ]
    gain = -4 * math.log(8)
    assert found[1].likelihood.mean - found[0].likelihood.mean == pytest.approx(gain, abs=1e-3)
    assert found[1].bound.bound - found[0].bound.bound == pytest.approx(gain, abs=1e-3)
    assert found[1].bound.kl == pytest.approx(found[0].bound.kl, abs=1e-3)


@pytest.mark.parametrize(
    ("likelihood", "proper", "says"),
    [
        ("bernoulli", True, "a probability, of each value made 0 or 1"),
        ("bernoulli-greys", False, "no probability"),
        ("continuous-bernoulli", True, "a density, of the data as given"),
    ],
)
def test_the_kind_of_the_number_is_told(digits, likelihood, proper, says):
    fitted = VAE(2, likelihood=likelihood, **QUICK).fit(digits.X)
    found = measure_run(fitted, digits, samples=200, applications=False)
    assert found.likelihood.proper is proper
    assert found.likelihood.density_of.startswith(says)
    assert found.bound.bound < found.likelihood.mean + 0.02


def test_bound_and_likelihood_are_of_the_same_coins(digits):
    fitted = VAE(2, likelihood="bernoulli", **QUICK).fit(digits.X)
    found = measure_run(fitted, digits, samples=5, applications=False)
    greys = torch.from_numpy(digits.X_test.astype(np.float32))
    coins = binarise_by_content(greys, fitted.seed_).numpy()
    assert fitted.score_samples(coins, n_samples=5).mean() == pytest.approx(found.likelihood.mean, abs=1e-9)
    mean, std = fitted.posterior_moments(coins)
    by_hand = (mean.astype(float) ** 2 + std.astype(float) ** 2 - 1 - 2 * np.log(std)) / 2
    np.testing.assert_allclose(found.bound.kl_per_latent, by_hand.mean(0), rtol=1e-4)


def test_an_autoencoder_has_no_likelihood(digits):
    fitted = Autoencoder(3, **QUICK).fit(digits.X)
    found = measure_run(fitted, digits, applications=False)
    assert found.likelihood is None
    assert found.bound.kl == 0
    X, again = digits.X_test, fitted.reconstruct(digits.X_test)
    by_hand = -0.5 * (((X - again) ** 2).sum(1) + 64 * math.log(2 * math.pi)).mean()
    assert found.bound.log_likelihood == pytest.approx(by_hand, rel=1e-5)


def test_tiny_tables_with_few_labels_are_measured():
    rng = np.random.default_rng(1)
    y = np.repeat(np.array(["a", "b", "c"]), [12, 9, 4])
    X = rng.normal(size=(25, 2)) + 4 * np.unique(y, return_inverse=True)[1][:, None]
    X = np.hstack([X, np.ones((25, 1))])
    data = Dataset(X, y)
    with pytest.warns(vael.VaelWarning, match="constant"):
        fitted = VAE(2, hidden=8, max_epochs=2, random_state=0).fit(X)
    found = measure_run(fitted, data, samples=5, draws=2)
    assert found.applications is not None
    assert found.applications.test.endswith("without their labels")
    assert len(found.denoising) == 3
    assert RunMeasures.from_dict(json.loads(json.dumps(found.to_dict(), allow_nan=False))) == found


@pytest.mark.parametrize(
    ("sizes", "counts"),
    [
        ([6000] * 10, (10, 100, 1000, None)),
        ([180] * 10, (10, 100, 1000, None)),
        ([30] * 10, (10, 100, None)),
        ([59, 71, 48], (10, 100, None)),
        ([1, 500], (2, None)),
        ([9] * 26, (100, None)),
        ([2] * 26, (26, None)),
        ([1, 1], (None,)),
    ],
)
def test_counts_of_labels_fit_the_classes(sizes, counts):
    assert label_counts(np.repeat(np.arange(len(sizes)), sizes)) == counts


@pytest.mark.parametrize(
    ("y", "reason"),
    [
        (np.linspace(0, 1, 60), "real numbers"),
        (np.zeros(60, int), "1 different labels"),
        (np.arange(60), "60 different labels"),
    ],
)
def test_labels_that_are_no_classes_are_skipped(y, reason):
    X = np.random.default_rng(0).normal(size=(60, 2))
    fitted = VAE(1, hidden=8, max_epochs=1, random_state=0).fit(X)
    found = measure_run(fitted, Dataset(X, y), samples=2)
    assert found.applications is None
    assert reason in found.skipped["applications"]
