"""`vael evaluate`, `vael report` and `vael demo`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vael import load
from vael.estimators.run_data import read

QUICK = ("--max-epochs", "2", "--hidden", "8", "--n-components", "2", "--quiet")


def test_evaluate_prints_and_keeps(
    vael: Callable[..., Any], table_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fake_page(monkeypatch)
    said = vael("evaluate", table_run, "--samples", 20, "--json", "--quiet")
    assert said.status == 0
    result = json.loads(said.out)
    kept = json.loads((table_run / "evaluation.json").read_text())
    assert kept["measures"] == result["measures"]
    assert (kept["samples"], kept["seed"]) == (20, 0)
    data = read(table_run)
    rows = data.dataset().X[data.validation_rows]
    expected = load(table_run).score_samples(rows, n_samples=20).mean()
    assert result["measures"]["likelihood"]["mean"] == pytest.approx(expected, rel=1e-6)
    assert result["measures"]["likelihood"]["samples"] == 20


def test_evaluate_says_units_and_samples(vael: Callable[..., Any], table_run: Path) -> None:
    said = vael("evaluate", table_run, "--samples", 20)
    assert said.status == 0
    assert "nats a row" in said.out
    assert "20 samples a row" in said.out
    assert "measuring: likelihood" in said.err
    assert "applications    not measured: the data have no labels" in said.out
    assert "report: " in said.err
    assert "kept in" in said.err


def test_report_takes_what_was_measured(
    vael: Callable[..., Any], table_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = _fake_page(monkeypatch)
    assert vael("evaluate", table_run, "--samples", 20).status == 0
    said = vael("report", table_run)
    assert said.status == 0
    assert "measuring" not in said.err
    assert pages[-1].likelihood.samples == 20
    assert said.out.strip() == f"report: {table_run / 'report.html'}"
    assert "<html" in (table_run / "report.html").read_text()
    # other settings are measured anew, and so are other weights
    assert "measuring" in vael("report", table_run, "--samples", 10).err
    assert pages[-1].likelihood.samples == 10
    with (table_run / "model.safetensors").open("rb") as file:
        content = bytearray(file.read())
    content[-1] ^= 1
    (table_run / "model.safetensors").write_bytes(bytes(content))
    assert "measuring" in vael("report", table_run, "--samples", 10).err


def _fake_page(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """A page without pictures, to be quick; returns the measures that pages were made of."""
    import vael.report as room

    pages: list[Any] = []

    def run_report(estimator: object, dataset: object, measures: object, run_data: object) -> Any:
        pages.append(measures)
        return room.Report(title="A run")

    monkeypatch.setitem(vars(room), "run_report", run_report)
    return pages


def test_the_whole_report_is_written(vael: Callable[..., Any], table_run: Path) -> None:
    said = vael("report", table_run, "--samples", 10, "--json", "--quiet")
    assert said.status == 0
    assert said.err == ""
    place = Path(json.loads(said.out)["report"])
    page = place.read_text()
    assert place == table_run / "report.html"
    assert "</html>" in page
    assert "table" in page


@pytest.mark.parametrize("kind", ["two rows", "constant columns"])
def test_data_of_which_little_can_be_said(vael: Callable[..., Any], tmp_path: Path, kind: str) -> None:
    X = np.random.default_rng(0).normal(size=(2, 4)) if kind == "two rows" else np.full((30, 4), 7.5)
    np.save(tmp_path / "few.npy", X)
    assert vael("fit", "few.npy", "--out", "r", *QUICK).status == 0
    said = vael("evaluate", "r", "--samples", "3", "--json")
    assert said.status == 0, said.err
    again = json.loads(said.out)["measures"]["reconstruction"]
    if kind == "constant columns":  # there is no variance of which a part could be explained
        assert (again["mean_error"], again["pca_error"], again["explained"]) == (0.0, 0.0, None)
        shown = vael("evaluate", "r", "--samples", "3").out
        assert "the rows do not vary" in shown
        assert "nan" not in shown
    else:  # PCA of a single row is that row
        assert again["pca_error"] == pytest.approx(again["mean_error"])
    assert vael("report", "r").status == 0


def test_data_that_moved_or_changed(
    vael: Callable[..., Any], table_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fake_page(monkeypatch)
    place = Path(read(table_run).path or "")
    kept = place.read_bytes()
    X = np.load(place)
    try:
        np.save(place, X + 1)
        said = vael("evaluate", table_run, "--samples", 5)
        assert said.status == 2
        assert "have changed since the run was fitted" in said.err
        assert "SHA-256" in said.err
        place.unlink()
        said = vael("report", table_run)
        assert said.status == 2
        assert f"no longer at {place}" in said.err
        assert "--data PATH" in said.err
        np.save(tmp_path / "moved.npy", X)
        assert vael("evaluate", table_run, "--samples", 5, "--data", "moved.npy").status == 0
        np.save(tmp_path / "other.npy", X[::-1])
        said = vael("evaluate", table_run, "--samples", 5, "--data", "other.npy")
        assert said.status == 2
        assert "are not the run's" in said.err
    finally:
        place.write_bytes(kept)


def test_a_run_without_its_data_is_told(vael: Callable[..., Any], table_run: Path) -> None:
    (table_run / "data.json").unlink()
    said = vael("evaluate", table_run)
    assert said.status == 2
    assert "keeps nothing of its data" in said.err


def test_demo_says_where_the_report_is(
    vael: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import vael.report as room

    asked: list[tuple[Path, bool]] = []

    def case_study(folder: Path, *, quick: bool, say: Callable[[str], None], verbose: int) -> Path:
        asked.append((folder, quick))
        say("fitting the map")
        folder.mkdir(parents=True)
        return folder / "report.html"

    monkeypatch.setitem(vars(room), "case_study", case_study)  # getattr would load the study
    said = vael("demo", "--out", "d", "--quick")
    assert said.status == 0
    assert asked == [(Path("d"), True)]
    assert said.err == "fitting the map\nnext: vael studio d/plane\n"
    assert said.out == f"report: {tmp_path / 'd' / 'report.html'}\n"
    (tmp_path / "d" / "mine").touch()
    said = vael("demo", "--out", "d")
    assert said.status == 2
    assert "d exists already" in said.err
    assert len(asked) == 1
    assert vael("demo", "--resume").status == vael("demo", "--out", "none", "--resume").status == 2
    monkeypatch.setitem(vars(room), "case_study", lambda folder, **_: folder / "report.html")
    assert vael("demo", "--out", "d", "--resume").status == 0
    monkeypatch.setitem(vars(room), "case_study", case_study)
    assert vael("demo", "--json", "--quiet").status == 0
    assert asked[-1][0].parent == Path("runs")

    def interrupted(folder: Path, **_: object) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setitem(vars(room), "case_study", interrupted)
    said = vael("demo", "--out", "e")
    assert said.status == 130
    assert "go on by: vael demo --out e --resume" in said.err
