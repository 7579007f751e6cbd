from __future__ import annotations

import re

import numpy as np
import pytest
from sklearn.datasets import load_digits

from vael import VAE, Autoencoder
from vael.datasets import Dataset
from vael.geometry import Stability
from vael.report import (
    GeometryMeasures,
    Notice,
    Picture,
    PointCloud,
    Report,
    Table,
    geometry_report,
    measure_geometry,
    measure_stability,
    render,
)
from vael.report.geometry import decoding_cost, geometry_rows
from vael.report.held_out import held_out

QUICK = {"hidden": 16, "max_epochs": 3, "random_state": 0}


@pytest.fixture(autouse=True)
def coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small maps, to be quick."""
    monkeypatch.setattr("vael.report.geometry_pictures.GRID_WORK", 1.0)


@pytest.fixture(scope="module")
def digits() -> Dataset:
    X, y = load_digits(return_X_y=True)
    return Dataset(X[:300] / 16, y[:300], X[300:400] / 16, y[300:400], "digits", image_shape=(8, 8))


@pytest.fixture(scope="module")
def fitted(digits: Dataset) -> VAE:
    return VAE(2, image_shape=(8, 8), **QUICK).fit(digits.X)


@pytest.fixture(scope="module")
def measures(fitted: VAE, digits: Dataset) -> GeometryMeasures:
    found = measure_geometry(fitted, digits, pairs=20)
    assert isinstance(found, GeometryMeasures)
    return found


def blocks(report: Report, kind: type) -> list:
    return [b for section in report.sections for b in section.blocks if isinstance(b, kind)]


def text_of(report: Report) -> str:
    page = render(report)
    return " ".join(re.sub(r"<[^>]+>", " ", page[: page.rindex("<script>")]).replace("\xa0", " ").split())


def test_a_page_of_two_latents_has_words_numbers_and_pictures(fitted, digits, measures):
    report = geometry_report(fitted, digits, measures)
    first, *_ = blocks(report, Notice)
    assert first.text.replace("\xa0", " ") == measures.diagnosis.findings[0].text
    assert [picture.alt for picture in blocks(report, Picture)] == [
        "Map of the log volume with codes and geodesics",
        "Map of the Gaussian curvature of the latent plane",
        "Decoded images along straight lines and geodesics",
    ]
    assert all(picture.dark is not None for picture in blocks(report, Picture))
    text = text_of(report)
    numbers = measures.diagnosis.quantities
    value, spread = numbers["rank_correlation"].value, numbers["rank_correlation"].spread
    assert f"Rank correlation, Euclidean {value:.3g} ± {spread:.2g}" in text
    assert f"Condition number, median {numbers['condition_median'].value:.3g}" in text
    assert f"Codes of {measures.rows}" in text


def test_more_latents_have_a_turning_map_and_one_latent_has_none(digits):
    for latents, clouds in ((3, 1), (1, 0)):
        fitted = VAE(latents, image_shape=(8, 8), **QUICK).fit(digits.X)
        found = measure_geometry(fitted, digits, pairs=5)
        report = geometry_report(fitted, digits, found)
        assert len(blocks(report, PointCloud)) == clouds
        assert len(blocks(report, Picture)) == clouds


def test_rows_are_held_out_ones_where_they_are_enough(fitted, digits, measures):
    assert measures.rows == "300 rows, those trained on among them"
    many = Dataset(digits.X, digits.y, np.repeat(digits.X_test, 6, axis=0), None, "digits")
    rows = geometry_rows(fitted, many, held_out(fitted, many, None))
    assert rows.name == "600 test rows"


def test_an_autoencoder_of_a_table_is_measured():
    X = np.random.default_rng(0).normal(size=(60, 4))
    fitted = Autoencoder(2, activation="relu", **QUICK).fit(X)
    data = Dataset(X, name="table")
    found = measure_geometry(fitted, data, pairs=5, uncertainty="radial")
    assert found.uncertainty == "radial"
    report = geometry_report(fitted, data, found)
    assert [picture.alt for picture in blocks(report, Picture)] == [
        "Map of the log volume with codes and geodesics"
    ]
    text = text_of(report)
    assert "Not measured: the decoder is piecewise linear (ReLU)" in text
    assert "with a radial uncertainty" in text


def test_too_few_rows_and_spheres_say_why_not(digits):
    few = Dataset(digits.X[:8])
    fitted = VAE(2, **QUICK).fit(few.X)
    assert measure_geometry(fitted, few) == "8 rows are too few: 10 are needed"
    sphere = VAE(2, latent_space="sphere", **QUICK).fit(digits.X)
    assert "points of a sphere" in measure_geometry(sphere, digits)


def test_what_is_dear_to_decode_is_joined_less(fitted, digits):
    # 16 hidden units of 2 latents, and 64 outputs of them: two operations a weight.
    assert decoding_cost(fitted) == 2 * (2 * 16 + 16 * 64)
    wide = VAE(2, hidden=4000, max_epochs=1, random_state=0).fit(digits.X)
    assert decoding_cost(wide) == 2 * (2 * 4000 + 4000 * 64)


def test_retrainings_have_a_table(fitted, digits, measures):
    other = VAE(2, image_shape=(8, 8), **{**QUICK, "random_state": 1}).fit(digits.X)
    stable = measure_stability([fitted, other], digits, pairs=10)
    assert isinstance(stable, Stability)
    report = geometry_report(fitted, digits, measures, stable=stable, names=("one", "other"))
    table = blocks(report, Table)[-1]
    assert [row[0] for row in table.rows] == ["as they are", "scale-free"]
    assert table.rows[0][2].mean == stable.variations[0].euclidean.value
    assert "Trainings: one, other." in text_of(report)
