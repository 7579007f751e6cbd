from __future__ import annotations

import json
import re

import numpy as np
import pytest

import vael
from vael.datasets import load
from vael.estimators import VAE
from vael.estimators.run_data import read
from vael.report import RunMeasures, case_study

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder, said = tmp_path_factory.mktemp("study") / "demo", []
    return folder, case_study(folder, quick=True, say=said.append), said


def test_the_study_leaves_runs_measures_and_a_report(study):
    folder, path, said = study
    assert path == folder / "report.html"
    record = json.loads((folder / "measures.json").read_text())
    digits = load("digits")
    for name, latents in (("plane", 2), ("space", 3), ("large", 8)):
        model = vael.load(folder / name)
        assert model.n_components_ == latents
        assert read(folder / name).dataset().sha256() == digits.sha256()
        measures = RunMeasures.from_dict(record["models"][name])
        rows = read(folder / name).validation_rows
        log_p = model.score_samples(digits.X[rows], n_samples=measures.likelihood.samples)
        assert measures.likelihood.mean == pytest.approx(log_p.mean(), abs=1e-6)
        assert (measures.applications is not None) == (name == "large")
    assert said[-1].startswith("done in")


def test_the_report_says_what_was_measured(study):
    folder, path, _ = study
    page = path.read_text()
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page[: page.rindex("<script>")]))
    assert not re.search("@[a-z-]+@", page)
    record = json.loads((folder / "measures.json").read_text())["models"]
    for name in ("plane", "space", "large"):
        found = RunMeasures.from_dict(record[name])
        mean = f"{found.likelihood.mean:.2f}".replace("-", "−")
        assert f"{found.bound.bound:.2f}".replace("-", "−") in text
        assert f"{mean} ± {found.likelihood.standard_error:.2f}" in text
    table = RunMeasures.from_dict(record["large"]).applications.table
    best = table.best(100, "latents")
    assert f"{100 * (1 - best.mean):.1f} % errors" in text
    assert re.search(r"Peak memory [0-9.]+ GB", text)
    assert page.count('<script type="application/json">') == 1


def test_a_study_goes_on_where_it_was(study, monkeypatch):
    folder, _, _ = study
    before = vael.load(folder / "plane").model_.state_dict()
    weights = folder / "space" / "model.safetensors"
    kept = weights.read_bytes()
    weights.unlink()  # as if it was killed in the second model, after its last checkpoint
    said: list[str] = []
    case_study(folder, quick=True, say=said.append)
    assert [line for line in said if "found in" in line] == [
        f"{name}: found in {folder / name}" for name in ("plane", "large")
    ]
    assert weights.read_bytes() == kept
    after = vael.load(folder / "plane").model_.state_dict()
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_an_interrupted_study_stops_and_keeps_the_model(tmp_path, monkeypatch):
    fit = VAE.fit

    def interrupted(self, X, y=None):
        fit(self, X)
        self.stopped_ = "interrupted"
        return self

    monkeypatch.setattr(VAE, "fit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        case_study(tmp_path / "demo", quick=True)
    assert sorted(p.name for p in (tmp_path / "demo").iterdir()) == ["plane"]
    assert vael.load(tmp_path / "demo" / "plane").n_components_ == 2
