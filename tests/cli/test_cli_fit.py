"""`vael fit`: what it says and keeps, and what it leaves alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vael import load
from vael.cli.runs import newest

QUICK = ("--max-epochs", "2", "--hidden", "16", "--n-components", "2", "--quiet")


def _table(folder: Path, rows: int = 40) -> None:
    rng = np.random.default_rng(1)
    lines = [f"{a:.3f},{b:.3f},{'cat' if a > 0 else 'dog'}" for a, b in rng.normal(size=(rows, 2))]
    (folder / "pets.csv").write_text("weight,height,kind\n" + "\n".join(lines) + "\n")


def test_says_what_came_of_it_and_keeps_the_run(vael: Callable[..., Any], tmp_path: Path) -> None:
    said = vael("fit", "digits", *QUICK, "--likelihood", "categorical", "--json")
    assert said.status == 0
    assert said.err == ""
    result = json.loads(said.out)
    run = tmp_path / result["run"]
    assert run.parent == tmp_path / "runs"
    assert run.name.startswith("digits-")
    fitted = load(run)
    assert (fitted.likelihood_, fitted.n_components_, fitted.n_iter_) == ("categorical", 2, 2)
    assert result["bound"] == fitted.bound_
    assert result["seed"] == 0
    assert result["bound"] == max(row.validation_bound for row in fitted.history_)
    assert newest() == Path(result["run"])


def test_progress_goes_to_stderr_and_the_choice_is_told(vael: Callable[..., Any], tmp_path: Path) -> None:
    _table(tmp_path)
    loud = [word for word in QUICK if word != "--quiet"]
    said = vael("fit", "pets.csv", "--label", "kind", "--out", "pets", *loud)
    assert said.status == 0
    assert "pets: 40 rows of 2 features" in said.err
    assert "epoch 2/2" in said.err
    assert "next: vael report pets" in said.err
    assert "likelihood  gaussian (chosen from the data)" in said.out
    assert "epoch" not in said.out.splitlines()[0]


def test_same_seed_same_weights(vael: Callable[..., Any], tmp_path: Path) -> None:
    _table(tmp_path)
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        assert vael("fit", "pets.csv", "--label", "kind", "--out", name, "--seed", seed, *QUICK).status == 0
    a, b, c = ((tmp_path / name / "model.safetensors").read_bytes() for name in "abc")
    assert a == b
    assert a != c


def test_options_reach_the_estimator(vael: Callable[..., Any], tmp_path: Path) -> None:
    _table(tmp_path)
    words = {
        "preset": "beta-vae",
        "n-components": 3,
        "hidden": "8,4",
        "network": "gated",
        "activation": "tanh",
        "likelihood": "gaussian-shared",
        "posterior": "full",
        "beta": 2.5,
        "max-epochs": 3,
        "batch-size": 7,
        "n-decoders": 2,
        "ensemble": "last-layer",
        "learning-rate": 0.002,
        "schedule": "cosine",
        "patience": 2,
        "validation-fraction": 0.25,
        "compile": "off",
        "device": "cpu",
        "seed": 9,
    }
    options = [word for name, value in words.items() for word in (f"--{name}", value)]
    said = vael("fit", "pets.csv", "--label", "kind", "--out", "r", "--quiet", *options)
    assert said.status == 0
    given = load(tmp_path / "r").get_params()
    expected = {name.replace("-", "_"): value for name, value in words.items()}
    expected |= {"hidden": (8, 4), "compile": False, "random_state": expected.pop("seed")}
    assert {name: given[name] for name in expected} == expected


def test_options_come_from_a_file_and_the_command_line_comes_first(
    vael: Callable[..., Any], tmp_path: Path
) -> None:
    _table(tmp_path)
    (tmp_path / "o.toml").write_text('max-epochs = 4\nhidden = [6, 5]\nlabel = "kind"\npreset = "iwae"\n')
    said = vael("fit", "pets.csv", "--config", "o.toml", "--max-epochs", 2, "--out", "r", "--quiet")
    assert said.status == 0
    given = load(tmp_path / "r").get_params()
    assert (given["max_epochs"], given["hidden"], given["preset"]) == (2, (6, 5), "iwae")


def test_autoencoder_is_one(vael: Callable[..., Any], tmp_path: Path) -> None:
    _table(tmp_path)
    words = ("pets.csv", "--label", "kind", "--preset", "autoencoder", "--out", "r", *QUICK)
    fitted = vael("fit", *words)
    assert fitted.status == 0
    assert type(load(tmp_path / "r")).__name__ == "Autoencoder"
    assert "likelihood  gaussian-fixed (the preset's)\n" in fitted.out
    said = vael("sample", "r", "--out", "x.npy")
    assert said.status == 2
    assert "no prior" in said.err
    # and it is resumed as one
    assert vael("fit", "pets.csv", "--label", "kind", "--out", "r", "--resume").status == 0


def _content(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


def test_a_run_is_not_overwritten_unless_told(vael: Callable[..., Any], tmp_path: Path) -> None:
    _table(tmp_path)
    words = ("pets.csv", "--label", "kind", "--out", "r", *QUICK)
    assert vael("fit", *words).status == 0
    before = _content(tmp_path / "r")
    said = vael("fit", *words)
    assert said.status == 2
    assert "r exists already" in said.err
    assert "--overwrite" in said.err
    assert _content(tmp_path / "r") == before
    # one that fails leaves the old run as it was
    said = vael("fit", *words, "--overwrite", "--likelihood", "categorical")
    assert said.status == 2
    assert "whole numbers" in said.err
    assert _content(tmp_path / "r") == before
    assert vael("fit", *words, "--overwrite", "--seed", "5").status == 0
    assert load(tmp_path / "r").random_state == 5
    assert sorted(f.name for f in tmp_path.iterdir()) == ["pets.csv", "r"]


def test_overwrite_removes_runs_only(vael: Callable[..., Any], tmp_path: Path) -> None:
    _table(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("years of work")
    said = vael("fit", "pets.csv", "--label", "kind", "--out", "mine", "--overwrite", *QUICK)
    assert said.status == 2
    assert "holds files but no run" in said.err
    assert (tmp_path / "mine" / "thesis.tex").read_text() == "years of work"


def test_a_folder_that_cannot_be_made(vael: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    said = vael("fit", "digits", "--out", "file/run", *QUICK, "--likelihood", "categorical")
    assert said.status == 2
    assert "cannot write into file/run" in said.err
    assert (tmp_path / "file").read_text() == "x"


def test_full_disk_is_a_failure(vael: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("vael.training.files.os.fsync", full)
    said = vael("fit", "digits", "--out", "r", *QUICK, "--likelihood", "categorical")
    assert said.status == 1
    assert "No space left on device" in said.err


def test_resume_goes_on_with_the_runs_own_options(vael: Callable[..., Any], tmp_path: Path) -> None:
    _table(tmp_path)
    data = ("pets.csv", "--label", "kind")
    assert vael("fit", *data, "--out", "runs/r", *QUICK, "--seed", 7).status == 0
    said = vael("fit", *data, "--resume", "--max-epochs", 5, "--json", "--quiet")
    assert said.status == 0
    assert json.loads(said.out)["epochs"] == 5
    whole = ("--hidden", 16, "--n-components", 2, "--max-epochs", 5, "--seed", 7, "--quiet")
    assert vael("fit", *data, "--out", "whole", *whole).status == 0
    resumed, straight = (tmp_path / name / "model.safetensors" for name in ("runs/r", "whole"))
    assert resumed.read_bytes() == straight.read_bytes()


def test_resume_refuses_other_options_and_data(vael: Callable[..., Any], tmp_path: Path) -> None:
    _table(tmp_path)
    data = ("pets.csv", "--label", "kind", "--out", "r", "--quiet")
    assert vael("fit", *data, *QUICK[:-1]).status == 0  # both say --quiet
    said = vael("fit", *data, "--resume", "--batch-size", 5)
    assert said.status == 2
    assert "cannot resume" in said.err
    assert "batch_size" in said.err.replace("-", "_")
    _table(tmp_path, rows=41)
    said = vael("fit", *data, "--resume")
    assert said.status == 2
    assert "other data" in said.err


def test_resume_of_a_run_killed_before_its_first_checkpoint_starts_anew(
    vael: Callable[..., Any], tmp_path: Path
) -> None:
    _table(tmp_path)
    words = ("pets.csv", "--label", "kind", "--out", "r", *QUICK)
    assert vael("fit", *words).status == 0
    weights = (tmp_path / "r" / "model.safetensors").read_bytes()
    for name in ("model.safetensors", "metrics.jsonl", "data.json", "latents.npz"):
        (tmp_path / "r" / name).unlink()
    (tmp_path / "r" / "checkpoints" / "last.safetensors").unlink()
    assert vael("report", "r").status == 2
    assert vael("fit", "pets.csv", "--label", "kind", "--out", "r", "--resume").status == 0
    assert (tmp_path / "r" / "model.safetensors").read_bytes() == weights


def test_a_run_of_another_format_is_refused(
    vael: Callable[..., Any], tmp_path: Path, table_run: Path
) -> None:
    config = json.loads((table_run / "config.json").read_text())
    (table_run / "config.json").write_text(json.dumps(config | {"format": 99}))
    for words in (("report", table_run), ("sample", table_run, "--out", "x.npy")):
        said = vael(*words)
        assert said.status == 2
        assert "run format 99" in said.err
