"""The page of a comparison holds what was found, and nothing else."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from sklearn.datasets import load_digits

from vael import VAE
from vael.datasets import Dataset
from vael.errors import InputError
from vael.estimators.run_data import RunData
from vael.report import Group, Notice, Picture, Report, Table, compare_runs, comparison_report, render
from vael.report.blocks import Measured
from vael.report.comparing import ComparedRuns
from vael.report.tables import view_table

SETTINGS = {"hidden": 16, "max_epochs": 15, "random_state": 0, "image_shape": (8, 8)}


@pytest.fixture(scope="module")
def digits() -> Dataset:
    X, y = load_digits(return_X_y=True)
    return Dataset(X[:400] / 16, y[:400], X[400:520] / 16, y[400:520], "digits", image_shape=(8, 8))


def run(estimator: VAE, dataset: Dataset) -> tuple[VAE, RunData]:
    nothing = np.empty(0)
    kept = RunData(
        source="digits", path=None, label=None, asked_image_shape=None, name=dataset.name, licence="",
        image_shape=dataset.image_shape, feature_names=(), sha256=dataset.sha256(), sha256_test=None,
        rows=np.arange(len(dataset.X)), validation_rows=estimator.validation_rows_, labels=None,
        labels_test=None, latents=nothing, latents_test=None,
    )  # fmt: skip
    return estimator, kept


@pytest.fixture(scope="module")
def runs(digits: Dataset) -> dict[str, tuple[VAE, RunData]]:
    models = {
        "small": VAE(2, **SETTINGS),
        "large": VAE(6, **SETTINGS),
        "binary": VAE(6, likelihood="bernoulli", **SETTINGS),
    }
    return {name: run(model.fit(digits.X), digits) for name, model in models.items()}


@pytest.fixture(scope="module")
def compared(runs, digits) -> ComparedRuns:
    return compare_runs(runs, digits, samples=8)


@pytest.fixture(scope="module")
def page(compared: ComparedRuns) -> Report:
    return comparison_report(compared)


def blocks(report: Report, kind: type) -> list:
    return [b for section in report.sections for b in section.blocks if isinstance(b, kind)]


def test_every_value_is_in_a_table_once(page, compared):
    found = compared.found
    shown = [
        cell
        for table in blocks(page, Table)
        for row in table.rows
        for line in (row.rows if isinstance(row, Group) else [row])
        for cell in line
    ]
    means = [cell.mean for cell in shown if isinstance(cell, Measured)]
    plain = [cell for cell in shown if isinstance(cell, float)]
    for measure in found.measures:
        if measure.value is not None:
            assert measure.value in (means if measure.low is not None else plain)
            if measure.low is not None:
                spread = (measure.high - measure.low) / 2
                assert any(
                    isinstance(c, Measured) and (c.mean, c.spread) == (measure.value, spread) for c in shown
                )


def test_the_best_is_bold_only_where_numbers_compare(page, compared):
    likelihood = next(table for table in blocks(page, Table) if "How likely" in table.caption)
    view = view_table(likelihood)
    bold = {row[0].text for group in view.groups for row in group.rows if row[1].best}
    found = compared.found
    density = {name: found.measure("ln p(x)", name).value for name in ("small", "large")}
    assert bold == {max(density, key=density.__getitem__)}
    assert [group.title for group in view.groups] == [
        "density of the data as given", "probability of the rows made 0 or 1"
    ]  # fmt: skip
    assert any("do not compare" in notice.text for notice in blocks(page, Notice))


def test_the_page_tells_how_each_number_was_found(page, compared):
    text = render(page)
    for measure in compared.found.measures:
        if measure.value is not None:
            assert measure.estimator.split(";")[0].replace("'", "&#39;") in text
    for note in compared.found.notes:
        assert note.split(":")[0] in text
    assert "8 samples a row" in text


def test_there_are_pictures_in_both_themes(page):
    pictures = blocks(page, Picture)
    assert len(pictures) == 3  # differences, reconstructions, samples
    assert all(picture.dark is not None and picture.alt for picture in pictures)


def test_rows_of_the_test_split_are_judged(compared, digits):
    assert compared.held_out == "test rows"
    assert compared.found.rows == 120
    errors = (np.asarray(compared.estimators["large"].reconstruct(compared.X)) - compared.X) ** 2
    assert compared.found.measure("reconstruction error", "large").value == pytest.approx(errors.mean())


def test_without_a_test_split_only_rows_that_all_held_out_are_judged(digits):
    whole = Dataset(digits.X, digits.y, name="digits", image_shape=(8, 8))
    one = VAE(2, validation_fraction=0.4, **SETTINGS).fit(digits.X)
    two = VAE(2, validation_fraction=0.4, **(SETTINGS | {"random_state": 1})).fit(digits.X)
    found = compare_runs({"one": run(one, whole), "two": run(two, whole)}, whole, samples=2)
    common = np.intersect1d(one.validation_rows_, two.validation_rows_)
    assert 0 < found.found.rows == len(common)
    assert np.array_equal(found.X, digits.X[common])
    assert found.found.train_rows == 400 - len(np.union1d(one.validation_rows_, two.validation_rows_))


def test_other_data_are_refused(runs, digits):
    estimator, data = runs["small"]
    other = dataclasses.replace(data, sha256="0" * 64)
    with pytest.raises(InputError, match="fitted to different data"):
        compare_runs({"small": runs["small"], "other": (estimator, other)}, digits)
