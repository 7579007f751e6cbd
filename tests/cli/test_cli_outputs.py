"""Commands that write files: encode, sample, interpolate."""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vael import load
from vael.datasets import load as load_data
from vael.estimators.run_data import read


@pytest.fixture
def digits() -> Any:
    return load_data("digits")


def test_encode_a_source(vael: Callable[..., Any], digits_run: Path, tmp_path: Path, digits: Any) -> None:
    np.save(tmp_path / "some.npy", digits.X[5:9])
    said = vael("encode", digits_run, "some.npy", "--out", "z.npy", "--json")
    assert said.status == 0
    assert json.loads(said.out)["rows"] == 4
    Z = np.load(tmp_path / "z.npy")
    np.testing.assert_array_equal(Z, load(digits_run).transform(digits.X[5:9]))


def test_encode_the_runs_own_rows_needs_no_data(
    vael: Callable[..., Any], digits_run: Path, tmp_path: Path, digits: Any
) -> None:
    kept = read(digits_run)
    for name in ("z.npy", "z.npz", "z.csv", "z.parquet"):
        assert vael("encode", digits_run, "--out", name).status == 0
    np.testing.assert_array_equal(np.load(tmp_path / "z.npy"), kept.latents)
    with np.load(tmp_path / "z.npz") as archive:
        np.testing.assert_array_equal(archive["latents"], kept.latents)
        np.testing.assert_array_equal(archive["labels"], digits.y)
    with (tmp_path / "z.csv").open(newline="") as file:
        header, *rows = list(csv.reader(file))
    assert header == ["z0", "z1", "label"]
    values = np.array([row[:2] for row in rows], dtype=np.float32)
    np.testing.assert_array_equal(values, kept.latents)  # no digit is lost in the text
    assert [int(row[2]) for row in rows] == digits.y.tolist()
    again = load_data(tmp_path / "z.parquet", label="label")
    np.testing.assert_array_equal(again.X, kept.latents)
    np.testing.assert_array_equal(again.y, digits.y)


def test_encode_refuses_what_does_not_fit(vael: Callable[..., Any], digits_run: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "wide.npy", np.zeros((3, 65)))
    said = vael("encode", digits_run, "wide.npy", "--out", "z.npy")
    assert said.status == 2
    assert "wide has 65 features" in said.err
    assert "fitted to 64 (is one of them a label?" in said.err
    said = vael("encode", digits_run, "--part", "test", "--out", "z.npy")
    assert said.status == 2
    assert "digits has no test rows" in said.err
    said = vael("encode", digits_run, "--label", "y", "--out", "z.npy")
    assert said.status == 2
    assert "belong to a SOURCE" in said.err
    assert not (tmp_path / "z.npy").exists()


def test_files_are_not_overwritten_unless_told(
    vael: Callable[..., Any], digits_run: Path, tmp_path: Path
) -> None:
    (tmp_path / "x.npy").write_text("mine")
    for words in (("sample", digits_run), ("encode", digits_run), ("interpolate", digits_run, 0, 1)):
        said = vael(*words, "--out", "x.npy")
        assert said.status == 2
        assert "x.npy exists already" in said.err
        assert (tmp_path / "x.npy").read_text() == "mine"
    assert vael("sample", digits_run, "--out", "x.npy", "-n", 3, "--overwrite").status == 0
    assert np.load(tmp_path / "x.npy").shape == (3, 64)


def test_samples_are_the_estimators(vael: Callable[..., Any], digits_run: Path, tmp_path: Path) -> None:
    vae = load(digits_run)
    for words, mean, seed in ((("--seed", 5), False, 5), (("--mean",), True, 0)):
        words = ("sample", digits_run, "-n", 4, "--out", "x.npy", "--overwrite", *words)
        assert vael(*words).status == 0
        expected = vae.sample(4, mean=mean, random_state=seed)
        np.testing.assert_array_equal(np.load(tmp_path / "x.npy"), expected)


def test_samples_in_a_table_are_named(vael: Callable[..., Any], digits_run: Path, tmp_path: Path) -> None:
    assert vael("sample", digits_run, "-n", 2, "--out", "x.csv").status == 0
    header, *rows = (tmp_path / "x.csv").read_text().splitlines()
    assert header.split(",")[:2] == ["pixel_0_0", "pixel_0_1"]
    assert [len(row.split(",")) for row in rows] == [64, 64]


def test_pictures(vael: Callable[..., Any], digits_run: Path, tmp_path: Path) -> None:
    said = vael("sample", digits_run, "-n", 9, "--out", "x.png")
    assert said.status == 0
    assert "9 means of p(x|z)" in said.out
    with Image.open(tmp_path / "x.png") as image:
        picture = np.asarray(image.convert("L")).astype(float)
    assert abs(picture.shape[0] / picture.shape[1] - 1) < 0.1  # three by three
    assert picture.std() > 20
    assert vael("interpolate", digits_run, 0, 1, "--steps", 6, "--out", "i.png").status == 0
    with Image.open(tmp_path / "i.png") as strip:
        assert strip.width > 4 * strip.height
    assert vael("interpolate", digits_run, 0, 1, "--out", "i.svg").status == 0
    assert (tmp_path / "i.svg").read_text().lstrip().startswith("<?xml")


def test_interpolation_is_the_estimators(
    vael: Callable[..., Any], digits_run: Path, tmp_path: Path, digits: Any
) -> None:
    said = vael("interpolate", digits_run, 3, 8, "--steps", 5, "--out", "x.npy", "--json")
    assert said.status == 0
    assert json.loads(said.out)["steps"] == 5
    expected = load(digits_run).interpolate(digits.X[3], digits.X[8], steps=5)
    np.testing.assert_allclose(np.load(tmp_path / "x.npy"), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("places", "message"),
    [
        (("0", "x"), "'x' is no row"),
        (("0", "-1"), "-1"),
        (("0", "1797"), "no row 1797: digits has 1797 rows"),
        (("test:0", "1"), "digits has no test rows"),
    ],
)
def test_rows_that_are_not_there(
    places: tuple[str, str], message: str, vael: Callable[..., Any], digits_run: Path
) -> None:
    said = vael("interpolate", digits_run, *places, "--out", "x.npy")
    assert said.status == 2
    assert message in said.err


def test_a_table_has_no_strip(vael: Callable[..., Any], table_run: Path, tmp_path: Path) -> None:
    said = vael("interpolate", table_run, 0, 1, "--out", "x.png")
    assert said.status == 2
    assert "are no images" in said.err
    assert vael("interpolate", table_run, 0, 1, "--out", "x.csv").status == 0
    assert (tmp_path / "x.csv").read_text().startswith("x0,x1,x2,x3\n")
    assert vael("sample", table_run, "--out", "lines.png").status == 0  # samples of tables are lines


def test_the_newest_run_is_meant(vael: Callable[..., Any], digits_run: Path, tmp_path: Path) -> None:
    for name, seconds in (("old", 1e9), ("new", 2e9), ("unfinished", 3e9)):
        shutil.copytree(digits_run, tmp_path / "runs" / "study" / name)
        os.utime(tmp_path / "runs" / "study" / name / "config.json", (seconds, seconds))
    (tmp_path / "runs" / "study" / "unfinished" / "model.safetensors").unlink()
    said = vael("sample", "--out", "x.npy", "--json")
    assert json.loads(said.out)["run"] == "runs/study/new"
    assert vael("encode", "digits", "--out", "z.npy", "--json").status == 0
