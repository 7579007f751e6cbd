"""`vael geometry`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vael import load
from vael.cli.main import main
from vael.estimators.run_data import read
from vael.geometry import diagnose_geometry
from vael.report import GeometryMeasures

QUICK = ("--max-epochs", "2", "--hidden", "16", "--n-components", "2", "--quiet")


@pytest.fixture(scope="session")
def trainings(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    """Three trainings of one table, one of them piecewise linear; not to be written into."""
    folder = tmp_path_factory.mktemp("trainings")
    np.save(folder / "table.npy", np.random.default_rng(0).normal(size=(80, 5)))
    runs = tuple(folder / name for name in ("a", "b", "relu"))
    for seed, run in enumerate(runs):
        kind = "relu" if run.name == "relu" else "silu"
        words = ("--activation", kind, "--seed", str(seed), "--out", str(run))
        assert main(["fit", str(folder / "table.npy"), *words, *QUICK]) == 0
    return runs


@pytest.fixture
def copies(trainings: tuple[Path, ...], tmp_path: Path) -> list[Path]:
    return [shutil.copytree(run, tmp_path / run.name) for run in trainings]


@pytest.fixture
def pageless(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """A page without pictures, to be quick; returns what pages were made with."""
    import vael.report as room

    asked: list[dict[str, Any]] = []

    def geometry_report(*_: object, **options: object) -> Any:
        asked.append(options)
        return room.Report(title="A run")

    monkeypatch.setitem(vars(room), "geometry_report", geometry_report)
    return asked


def test_the_verdict_is_printed_kept_and_written_up(
    vael: Callable[..., Any], copies: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vael.report.geometry_pictures.GRID_WORK", 1.0)
    said = vael("geometry", copies[0], "--pairs", 10)
    assert said.status == 0, said.err
    kept = json.loads((copies[0] / "geometry.json").read_text())
    found = GeometryMeasures.from_dict(kept["geometry"])
    verdict = " ".join(said.out.split("\n\n")[0].split())
    assert verdict.startswith(found.diagnosis.findings[0].text)
    assert f"median of {found.diagnosis.quantities['excess_median'].n} pairs" in verdict
    page = (copies[0] / "geometry.html").read_text()
    assert "The geometry of its latent space" in page
    assert "Gaussian curvature" in page
    assert f"kept in {copies[0] / 'geometry.json'}" in said.err
    assert not (copies[0] / "report.html").exists()


@pytest.mark.usefixtures("pageless")
def test_the_numbers_are_the_librarys(vael: Callable[..., Any], copies: list[Path]) -> None:
    said = vael("geometry", copies[0], "--pairs", 10, "--seed", 3, "--json", "--quiet")
    assert (said.status, said.err) == (0, "")
    result = json.loads(said.out)["geometry"]["a"]
    X = read(copies[0]).dataset().X
    manifold = load(copies[0]).manifold(X)
    expected = diagnose_geometry(manifold, manifold.data, pairs=10, random_state=3).to_dict()
    again = result["diagnosis"]
    for name in ("excess_median", "rank_correlation", "volume_deviation", "curvature_median"):
        assert again["quantities"][name]["value"] == pytest.approx(expected["quantities"][name]["value"])
    assert result["rows"] == "80 rows, those trained on among them"


@pytest.mark.usefixtures("pageless")
def test_a_piecewise_linear_decoder_is_told(vael: Callable[..., Any], copies: list[Path]) -> None:
    said = vael("geometry", copies[2], "--pairs", 5)
    assert said.status == 0
    assert "not measured: Curvature, 5 % quantile" in said.out
    assert "piecewise linear (ReLU)" in " ".join(said.out.split())


@pytest.mark.usefixtures("pageless")
def test_uncertainty_is_taken_in(vael: Callable[..., Any], copies: list[Path]) -> None:
    said = vael("geometry", copies[0], "--pairs", 5, "--uncertainty", "radial")
    assert said.status == 0
    assert "with a radial uncertainty" in said.out
    assert "comes from the decoder alone" not in said.out
    assert json.loads((copies[0] / "geometry.json").read_text())["geometry"]["uncertainty"] == "radial"


def test_several_runs_are_compared_over_trainings(
    vael: Callable[..., Any], copies: list[Path], pageless: list[dict[str, Any]]
) -> None:
    said = vael("geometry", *copies, "--pairs", 8, "--json", "--quiet")
    assert said.status == 0
    result = json.loads(said.out)
    assert list(result["geometry"]) == ["a", "b", "relu"]
    found = result["stability"]
    assert (found["trainings"], found["pairs"]) == (3, 8)
    X = read(copies[0]).dataset().X
    rows = np.random.default_rng(0).permutation(80)[:16].reshape(2, 8)
    distances = []
    for run in copies:
        Z = load(run).transform(X).astype(float)
        distances.append(np.linalg.norm(Z[rows[0]] - Z[rows[1]], axis=1))
    variation = 100 * np.std(distances, axis=0, ddof=1) / np.mean(distances, axis=0)
    as_is = found["variations"][0]
    assert as_is["scale"] == "as they are"
    assert as_is["euclidean"]["value"] == pytest.approx(variation.mean(), rel=1e-4)
    assert json.loads((copies[0] / "geometry.json").read_text())["stability"] == found
    assert "stability" not in json.loads((copies[1] / "geometry.json").read_text())
    assert pageless[-1]["stable"].to_dict()["variations"][0]["low"] == as_is["low"]
    assert pageless[-1]["names"] == ["a", "b", "relu"]
    assert (copies[0] / "geometry.html").exists()
    assert not (copies[1] / "geometry.html").exists()
    text = vael("geometry", *copies[:2], "--pairs", 8, "--quiet").out
    assert "Distances over retrainings" in text
    assert "2 trainings are few" in " ".join(text.split())


def test_what_cannot_be_measured_is_refused(
    vael: Callable[..., Any], copies: list[Path], digits_run: Path
) -> None:
    none = vael("geometry")
    assert (none.status, none.out) == (2, "")
    assert "no run under ./runs" in none.err
    assert vael("geometry", "nowhere").status == 2
    other = vael("geometry", copies[0], digits_run)
    assert other.status == 2
    assert "is a run of digits" in other.err
    twice = vael("geometry", copies[0], copies[0])
    assert twice.status == 2
    assert "named twice" in twice.err
    few = vael("geometry", copies[0], "--pairs", 1)
    assert few.status == 2
    assert "--pairs" in few.err
    wrong = vael("geometry", copies[0], "--uncertainty", "some")
    assert wrong.status == 2
    assert not (copies[0] / "geometry.json").exists()
