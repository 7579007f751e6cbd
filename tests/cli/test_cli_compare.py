"""`vael compare`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vael import load
from vael.cli.compare import names_of
from vael.cli.main import main
from vael.errors import InputError
from vael.estimators.run_data import read

QUICK = ("--max-epochs", "2", "--n-components", "2", "--quiet")


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two runs of one table with the same held-out rows; not to be written into."""
    folder = tmp_path_factory.mktemp("pair")
    np.save(folder / "table.npy", np.random.default_rng(0).normal(size=(400, 4)))
    runs = folder / "small", folder / "large"
    for run, width in zip(runs, ("4", "32"), strict=True):
        assert main(["fit", str(folder / "table.npy"), "--hidden", width, "--out", str(run), *QUICK]) == 0
    return runs


def test_compare_prints_what_the_library_finds(vael: Callable[..., Any], pair: tuple[Path, Path]) -> None:
    said = vael("compare", *pair, "--samples", 20, "--json", "--quiet")
    assert said.status == 0
    assert said.err == ""
    result = json.loads(said.out)
    assert result["models"] == ["small", "large"]
    assert result["runs"]["large"] == str(pair[1])
    data = read(pair[0])
    X = data.dataset().X[data.validation_rows]
    assert result["rows"] == len(X) == 40
    estimators = [load(run) for run in pair]
    errors = [((e.reconstruct(X) - X) ** 2).mean(axis=1) for e in estimators]
    found = {(m["name"], m["model"]): m["value"] for m in result["measures"]}
    assert found["reconstruction error", "small"] == pytest.approx(errors[0].mean())
    apart = {d["name"]: d for d in result["differences"]}["reconstruction error"]
    assert apart["mean"] == pytest.approx((errors[1] - errors[0]).mean())
    assert apart["standard_error"] == pytest.approx((errors[1] - errors[0]).std(ddof=1) / np.sqrt(40))


def test_compare_says_estimators_samples_and_units(vael: Callable[..., Any], pair: tuple[Path, Path]) -> None:
    said = vael("compare", *pair, "--samples", 20, "--rows", 30)
    assert said.status == 0
    for expected in ("30 rows", "20 samples a row", "nats a row", "Differences to small", "validation rows"):
        assert expected in said.out
    assert "measuring: large: likelihood" in said.err


def test_a_page_is_written_and_not_written_over(
    vael: Callable[..., Any], pair: tuple[Path, Path], tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    said = vael("compare", *pair, "--samples", 4, "--out", page, "--json", "--quiet")
    assert said.status == 0
    assert json.loads(said.out)["out"] == str(page)
    assert "<html" in page.read_text()
    again = vael("compare", *pair, "--out", page)
    assert again.status == 2
    assert "exists already" in again.err
    assert vael("compare", *pair, "--out", tmp_path / "page.png").status == 2


@pytest.mark.parametrize("runs", [0, 1])
def test_fewer_than_two_runs_are_refused(
    vael: Callable[..., Any], pair: tuple[Path, Path], runs: int
) -> None:
    said = vael("compare", *pair[:runs])
    assert said.status == 2
    assert said.err.strip().startswith("vael: compare needs")


def test_a_run_named_twice_is_refused(vael: Callable[..., Any], pair: tuple[Path, Path]) -> None:
    said = vael("compare", pair[0], pair[0])
    assert said.status == 2
    assert "is named twice" in said.err


def test_runs_of_different_data_are_refused(
    vael: Callable[..., Any], pair: tuple[Path, Path], digits_run: Path
) -> None:
    said = vael("compare", pair[0], digits_run)
    assert said.status == 2
    assert "were fitted to different data" in said.err
    assert "measuring" not in said.err


def test_rows_that_one_run_was_trained_on_are_not_used(
    vael: Callable[..., Any], pair: tuple[Path, Path], tmp_path: Path
) -> None:
    """Another seed holds out other rows: only what both held out is left."""
    source = read(pair[0]).path
    other = tmp_path / "other"
    fit = ["fit", source, "--hidden", "4", "--seed", "3", "--out", other, *QUICK]
    assert main([str(word) for word in fit]) == 0
    common = np.intersect1d(read(pair[0]).validation_rows, read(other).validation_rows)
    said = vael("compare", pair[0], other, "--samples", 4, "--json", "--quiet")
    if len(common):
        assert json.loads(said.out)["rows"] == len(common)
    else:
        assert "held out no row in common" in said.err


def test_a_run_without_held_out_rows_is_said_to_know_them(
    vael: Callable[..., Any], pair: tuple[Path, Path], tmp_path: Path
) -> None:
    whole = tmp_path / "whole"
    fit = ["fit", str(read(pair[0]).path), "--preset", "ppca", "--out", str(whole), *QUICK]
    assert main(fit) == 0
    said = vael("compare", pair[0], whole, "--samples", 4, "--json", "--quiet")
    assert said.status == 0
    result = json.loads(said.out)
    assert result["rows"] == 40
    assert "whole was trained on these rows" in result["notes"]


def test_data_that_moved_are_named_once(
    vael: Callable[..., Any], pair: tuple[Path, Path], tmp_path: Path
) -> None:
    source = Path(read(pair[0]).path or "")
    copies = [shutil.copytree(run, tmp_path / run.name) for run in pair]
    moved = tmp_path / "elsewhere.npy"
    shutil.copy(source, moved)
    hidden = source.with_suffix(".hidden")
    source.rename(hidden)
    try:
        lost = vael("compare", *copies, "--samples", 4)
        assert lost.status == 2
        assert "--data" in lost.err
        assert vael("compare", *copies, "--samples", 4, "--data", moved, "--quiet").status == 0
    finally:
        hidden.rename(source)


def test_names_tell_runs_apart() -> None:
    assert names_of([Path("a/run"), Path("b/run")]) == ["a/run", "b/run"]
    assert names_of([Path("a/one"), Path("b/two")]) == ["one", "two"]
    with pytest.raises(InputError, match="twice"):
        names_of([Path("a"), Path("./a")])
