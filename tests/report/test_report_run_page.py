from __future__ import annotations

import html
import re
from dataclasses import replace

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_wine

from vael import VAE, Autoencoder, VaelWarning
from vael.datasets import Dataset
from vael.evaluation import Finding
from vael.objectives import ELBO
from vael.report import Notice, Picture, PointCloud, Report, measure_run, render, run_report
from vael.report.notices import still_improving
from vael.training import EpochMetrics

# A spent learning rate: training ended as planned.
DONE = {"hidden": 32, "max_epochs": 4, "schedule": "cosine", "patience": None, "random_state": 0}


@pytest.fixture(scope="module")
def digits() -> Dataset:
    X, y = load_digits(return_X_y=True)
    return Dataset(X[:600] / 16, y[:600], X[600:750] / 16, y[600:750], "digits", image_shape=(8, 8))


@pytest.fixture(scope="module")
def fitted(digits):
    return VAE(3, image_shape=(8, 8), **DONE).fit(digits.X)


@pytest.fixture(scope="module")
def measures(fitted, digits):
    return measure_run(fitted, digits, samples=20, draws=2)


def blocks(report: Report, kind: type) -> list:
    return [b for section in report.sections for b in section.blocks if isinstance(b, kind)]


def notices(estimator, dataset, **changed) -> list[Notice]:
    measures = measure_run(estimator, dataset, samples=3, applications=False)
    found = blocks(run_report(estimator, dataset, replace(measures, **changed)), Notice)
    return [notice for notice in found if notice.level != "note"]


def written(value: float, digits: int) -> str:
    return f"{value:.{digits}f}".replace("-", "−")


def test_numbers_of_the_page_are_those_of_the_measures(fitted, digits, measures):
    page = render(run_report(fitted, digits, measures))
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page[: page.rindex("<script>")]))
    found = measures.likelihood
    assert f"{written(found.mean, 2)} ± {written(found.standard_error, 2)} nats a row" in text
    assert f"ELBO {written(measures.bound.bound, 2)} nats a row" in text
    assert f"KL of q(z|x) from p(z) {written(measures.bound.kl, 2)}" in text
    assert f"{written(found.mean - measures.bound.bound, 2)} nats a row" in text
    assert "importance sampling from q(z|x), 20 samples a row" in text
    assert f"this model {written(measures.reconstruction.error, 5)}" in text
    assert f"PCA of 3 axes {written(measures.reconstruction.pca_error, 5)}" in text
    row = measures.applications.table.row("1-NN", 100, "latents")
    assert f"{100 * row.mean:.1f} ± {100 * row.std:.1f}" in text
    for each in measures.denoising:
        assert f"{each.error_before:.4f} {each.error_after:.4f} {each.error_clean:.4f}" in text
    assert "150 of 150 test rows" in text
    assert "chosen because the data hold greys" in text
    assert "540 trained on, 60 held out" in text


def test_images_with_three_latents_have_every_picture(fitted, digits, measures):
    report = run_report(fitted, digits, measures)
    assert [section.title for section in report.sections] == [
        "What was fitted",
        "How training went",
        "Reconstructions",
        "New samples",
        "The latent space",
        "How likely it makes the data",
        "What the latents carry",
        "How good the samples are",
        "Between and around the codes",
        "The geometry of its latent space",
        "With few labels",
        "Denoising",
        "How this was measured",
    ]
    cloud, turning = blocks(report, PointCloud)  # of all rows: the test rows alone are too few for a map
    assert cloud.points.shape == (600, 3)
    assert cloud.thumbnails.shape == (600, 8, 8)
    np.testing.assert_allclose(cloud.points, fitted.transform(digits.X), rtol=1e-6)
    np.testing.assert_array_equal(np.array(cloud.label_names)[cloud.labels].astype(int), digits.y)
    assert [group.name for group in turning.curves] == ["geodesics", "straight lines"]
    pictures = blocks(report, Picture)
    assert len(pictures) == 15
    assert all(picture.dark is not None and picture.alt for picture in pictures)


def test_two_latents_have_a_decoded_grid_and_no_cloud(digits):
    fitted = VAE(2, image_shape=(8, 8), **DONE).fit(digits.X)
    report = run_report(fitted, digits, measure_run(fitted, digits, samples=3, applications=False))
    assert not blocks(report, PointCloud)
    assert any("whole latent plane" in picture.caption for picture in blocks(report, Picture))


def test_a_table_without_labels_has_lines_and_moments():
    X = np.random.default_rng(0).normal(size=(300, 3)) * [1, 2, 3] + [0, 5, 0]
    data = Dataset(X, name="cloud", feature_names=("a", "b", "c"))
    fitted = VAE(1, **DONE).fit(X)
    report = run_report(fitted, data, measure_run(fitted, data, samples=3))
    page = render(report)
    assert "Not measured: the data have no labels." in page
    assert "Each feature alone" in page
    assert not blocks(report, PointCloud)


def test_an_autoencoder_has_no_samples_and_no_likelihood(digits):
    fitted = Autoencoder(3, image_shape=(8, 8), **DONE).fit(digits.X)
    report = run_report(fitted, digits, measure_run(fitted, digits, applications=False))
    titles = [section.title for section in report.sections]
    assert report.title == "An autoencoder of digits"
    assert "New samples" not in titles
    assert "How well it fits" in titles
    assert not [n for n in blocks(report, Notice) if n.level != "note"]


def test_a_sound_model_has_no_notice(digits):
    longer = {**DONE, "max_epochs": 40, "learning_rate": 5e-3}
    fitted = VAE(3, image_shape=(8, 8), **longer).fit(digits.X)
    assert notices(fitted, digits) == []


def test_a_collapsed_model_is_told(digits):
    fitted = VAE(4, beta=1e4, image_shape=(8, 8), **{**DONE, "max_epochs": 40, "learning_rate": 5e-3}).fit(
        digits.X
    )
    (found,) = notices(fitted, digits)
    assert found.level == "error"
    assert found.text.startswith("Posterior collapse: the latents say 0.0")
    assert found.action == "`beta=10000` makes the KL dear: fit with `beta=1` first."


def test_what_was_found_of_the_latents_is_told(fitted, digits, measures):
    found = Finding("partial collapse", "warning", "only 1 of 3 latents is active", "train longer")
    said = notices(fitted, digits, latents=replace(measures.latents, findings=(found,)))
    assert [(n.text, n.action) for n in said] == [(found.text, found.action)]


def test_the_tables_of_the_distribution_hold_what_was_measured(fitted, digits, measures):
    text = " ".join(re.sub(r"<[^>]+>", " ", render(run_report(fitted, digits, measures))).split())
    for each in measures.latents.numbers:
        spread = "" if each.spread is None else f" ± {each.spread:.3f}"
        if each.value is not None and not each.unit.startswith("of "):
            assert f"{written(each.value, 3)}{spread}" in text
    for score in measures.samples.scores:
        assert f"{written(score.value, 3)} {written(score.floor, 3)}" in text
        assert html.unescape(score.estimator) in html.unescape(text)
    for row in measures.smoothness.rows:
        assert f"{row.trustworthiness:.3f} ± {row.errors[0]:.3f}" in text
    ratio, error = measures.interpolation.decoded_ratio
    assert f"decoded line between codes {ratio:.3f} ± {error:.3f}" in text


def test_training_that_was_cut_short_is_told(digits):
    fitted = VAE(2, hidden=32, max_epochs=3, random_state=0).fit(digits.X)
    (found,) = notices(fitted, digits, latents=None)
    assert "`max_epochs=3` ended it" in found.text
    assert found.action.startswith("Fit with `max_epochs=20`")
    fitted.stopped_ = "interrupted"
    (found,) = notices(fitted, digits, latents=None)
    assert "interrupted in epoch 4" in found.text
    fitted.stopped_ = "converged"
    assert notices(fitted, digits, latents=None) == []


@pytest.mark.parametrize(
    ("bounds", "rates", "improving"),
    [
        ([-100.0], [1.0], True),
        (list(np.linspace(-200, -100, 40)), [1.0] * 40, True),
        (list(np.linspace(-200, -100, 40)), [1.0] * 39 + [0.01], False),
        ([-200.0, *[-100.0] * 39], [1.0] * 40, False),
        ([-200.0, *np.linspace(-100.2, -100, 39)], [1.0] * 40, False),
        ([-200.0, *[-100.0] * 30, *[-120.0] * 9], [1.0] * 40, False),
    ],
)
def test_still_improving(bounds, rates, improving):
    history = [
        EpochMetrics(
            epoch=i + 1, seconds=1.0, examples_per_second=1.0, learning_rate=rate, beta=1.0, train_loss=0.0,
            train_bound=0.0, train_log_likelihood=0.0, train_kl=0.0, validation_bound=float(bound),
            validation_log_likelihood=0.0, validation_kl=0.0, active_latents=1, kl_per_latent=None, best=True,
        )
        for i, (bound, rate) in enumerate(zip(bounds, rates))
    ]  # fmt: skip
    assert still_improving(history) is improving


@pytest.mark.parametrize(
    ("likelihood", "change", "text"),
    [
        ("bernoulli-greys", lambda X: X, "a Bernoulli is a law of 0 and 1"),
        ("gaussian-shared", lambda X: np.rint(16 * X), "are whole numbers, and a Gaussian"),
        ("gaussian-shared", lambda X: np.rint(X), "take two values only, and a Gaussian"),
        ("continuous-bernoulli", lambda X: np.rint(X), "take two values only, and a continuous Bernoulli"),
    ],
)
def test_a_likelihood_that_does_not_fit_is_told(digits, likelihood, change, text):
    columns = digits.X.std(axis=0) > 0.2
    X = change(digits.X[:, columns])
    fitted = VAE(3, likelihood=likelihood, **DONE).fit(X)
    data = Dataset(X, name="changed")
    (found,) = [n for n in notices(fitted, data, latents=None) if "means little" not in n.text]
    assert text in found.text


@pytest.mark.parametrize(
    ("likelihood", "change"),
    [
        ("bernoulli", lambda X: np.rint(X)),
        ("bernoulli", lambda X: X),
        ("categorical", lambda X: np.rint(8 * X)),
        ("discretised-logistic", lambda X: np.rint(16 * X)),
        ("gaussian", lambda X: X - 0.1),
    ],
)
def test_a_likelihood_that_fits_is_not(digits, likelihood, change):
    X = change(digits.X[:, digits.X.std(axis=0) > 0.2])
    fitted = VAE(3, likelihood=likelihood, objective=ELBO(), **DONE).fit(X)
    assert not [n for n in notices(fitted, Dataset(X)) if "fit the data:" in n.text or "one value" in n.text]


def test_constant_columns_are_told():
    X = np.hstack([load_wine().data, np.full((178, 2), 7.0)])
    with pytest.warns(VaelWarning, match="constant"):
        fitted = VAE(2, **DONE).fit(X)
    names = (*load_wine().feature_names, "first", "second")
    found = [n for n in notices(fitted, Dataset(X, feature_names=names)) if "one value only" in n.text]
    assert len(found) == 1
    assert "2 columns have one value only (first, second)" in found[0].text


def test_rows_that_were_trained_on_are_told(digits):
    fitted = VAE(2, validation_fraction=0.0, **DONE).fit(digits.X)
    (found,) = notices(fitted, Dataset(digits.X), latents=None)
    assert "Nothing was held out" in found.text
