"""Fits that are kept in a run folder: resumed exactly, refused with the reason, killed and interrupted."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import nn

import vael
from vael.estimators import fitting
from vael.objectives import ELBO, IWELBO

Quick = Callable[..., vael.VAE]
Bytes = Callable[[Any], bytes]
Metrics = Callable[[Path], list[dict[str, Any]]]


class StopAfter:
    """A callback that stops training, or breaks it, after some epochs."""

    def __init__(self, epochs: int, error: type[BaseException] | None = None) -> None:
        self.epochs = epochs
        self.error = error

    def setup(self, estimator: Any, context: Any) -> None: ...
    def teardown(self, estimator: Any, context: Any) -> None: ...
    def on_fit_task_begin(self, estimator: Any, context: Any) -> None: ...

    def on_fit_task_end(self, estimator: Any, context: Any) -> bool:
        if context.task_name != "epoch" or len(estimator.history_) < self.epochs:
            return False
        if self.error is not None:
            raise self.error
        return True


@pytest.fixture(autouse=True)
def _checkpoint_each_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "CHECKPOINT_SECONDS", 0.0)


def test_a_run_is_kept_as_it_goes_and_loads_when_done(quick: Quick, X: np.ndarray, tmp_path: Path) -> None:
    vae = quick(run=tmp_path / "run").fit(X)
    found = sorted(str(f.relative_to(tmp_path / "run")) for f in (tmp_path / "run").rglob("*") if f.is_file())
    assert found == ["checkpoints/last.safetensors", "config.json", "metrics.jsonl", "model.safetensors"]
    loaded = vael.load(tmp_path / "run")
    np.testing.assert_array_equal(loaded.score_samples(X), vae.score_samples(X))
    assert loaded.history_ == vae.history_


def test_keeping_a_run_changes_nothing(
    quick: Quick, X: np.ndarray, tmp_path: Path, weight_bytes: Bytes
) -> None:
    assert weight_bytes(quick(run=tmp_path / "run").fit(X)) == weight_bytes(quick().fit(X))


@pytest.mark.parametrize("stop", [1, 3, 5])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"objective": ELBO(warm_up=0.6), "schedule": "one-cycle", "likelihood": "gaussian-shared"},
        {"preset": "ppca", "max_epochs": 6},
        {"random_state": None},
    ],
    ids=["plain", "warm-up", "ppca", "no random state"],
)
def test_a_stopped_run_goes_on_to_the_same_end(
    quick: Quick,
    X: np.ndarray,
    tmp_path: Path,
    weight_bytes: Bytes,
    metrics_without_time: Metrics,
    settings: dict[str, Any],
    stop: int,
) -> None:
    settings = {"max_epochs": 6, "patience": None} | settings
    part = quick(run=tmp_path / "part", **settings).set_callbacks(StopAfter(stop)).fit(X)
    assert part.stopped_ == "callback"
    rest = quick(run=tmp_path / "part", resume=True, **settings).fit(X)
    if settings.get("random_state", 0) is None:  # what it drew is in the run
        settings["random_state"] = None
        assert rest.seed_ == part.seed_
        assert rest.n_iter_ == 6
        return
    whole = quick(run=tmp_path / "whole", **settings).fit(X)
    assert weight_bytes(rest) == weight_bytes(whole)
    assert metrics_without_time(tmp_path / "part") == metrics_without_time(tmp_path / "whole")
    assert (rest.best_epoch_, rest.bound_, rest.stopped_) == (whole.best_epoch_, whole.bound_, whole.stopped_)


def test_resuming_a_finished_run_returns_it(
    quick: Quick, X: np.ndarray, tmp_path: Path, weight_bytes: Bytes
) -> None:
    first = quick(run=tmp_path / "run").fit(X)
    files = {f: f.read_bytes() for f in (tmp_path / "run").iterdir() if f.is_file()}
    again = quick(run=tmp_path / "run", resume=True).fit(X)
    assert weight_bytes(again) == weight_bytes(first)
    assert (again.history_, again.bound_, again.stopped_) == (first.history_, first.bound_, first.stopped_)
    changed = [f.name for f, content in files.items() if f.read_bytes() != content]
    assert changed in ([], ["config.json"])  # `resume` is one of its parameters
    np.testing.assert_array_equal(vael.load(tmp_path / "run").transform(X), first.transform(X))


def test_a_converged_run_stays_converged(quick: Quick, X: np.ndarray, tmp_path: Path) -> None:
    settings: dict[str, Any] = {"max_epochs": 300, "patience": 2, "learning_rate": 0.1}
    first = quick(run=tmp_path / "run", **settings).fit(X)
    assert first.stopped_ == "converged"
    again = quick(run=tmp_path / "run", resume=True, **settings).fit(X)
    assert (again.stopped_, again.n_iter_) == ("converged", first.n_iter_)


def test_resume_without_a_run_there_starts_one(
    quick: Quick, X: np.ndarray, tmp_path: Path, weight_bytes: Bytes
) -> None:
    new = quick(run=tmp_path / "new", resume=True).fit(X)
    assert weight_bytes(new) == weight_bytes(quick().fit(X))


@pytest.mark.parametrize("left", ["nothing", "folder", "config", "parts"])
def test_a_run_killed_before_its_first_checkpoint_starts_anew(
    quick: Quick, X: np.ndarray, tmp_path: Path, weight_bytes: Bytes, left: str
) -> None:
    run = tmp_path / "run"
    if left != "nothing":
        (run / "checkpoints").mkdir(parents=True)
    if left in ("config", "parts"):
        quick(run=tmp_path / "other").fit(X)
        shutil.copy(tmp_path / "other" / "config.json", run)
    if left == "parts":
        (run / "checkpoints" / ".last.safetensors.tmp").write_bytes(b"half")
        (run / ".config.json.tmp").write_bytes(b"half")
    new = quick(run=run, resume=True).fit(X)
    assert weight_bytes(new) == weight_bytes(quick().fit(X))


def test_a_folder_of_something_else_is_not_resumed_into(quick: Quick, X: np.ndarray, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(vael.RunError, match="exists already"):
        quick(run=tmp_path, resume=True).fit(X)
    saved = quick().fit(X)
    saved.save(tmp_path / "saved")
    with pytest.raises(vael.RunError, match="holds a saved model without a checkpoint: it cannot be resumed"):
        quick(run=tmp_path / "saved", resume=True).fit(X)
    np.testing.assert_array_equal(vael.load(tmp_path / "saved").transform(X), saved.transform(X))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"learning_rate": 0.5},
            "settings.learning_rate is 0.001 in the run, 0.5 here: use what the run was",
        ),
        ({"batch_size": 16}, "settings.batch_size is 32 in the run, 16 here"),
        ({"random_state": 1}, "settings.seed is "),
        ({"hidden": 13}, r"model.decoder.net.hidden is \[12\] in the run, \[13\] here"),
        ({"n_components": 3}, "model."),
        ({"beta": 2.0}, "objective.beta is 1.0 in the run, 2.0 here"),
        ({"objective": vael.objectives.IWELBO(2)}, "objective"),
        (
            {"likelihood": "gaussian-shared"},
            "schema.likelihood is 'gaussian' in the run, 'gaussian-shared' here",
        ),
        ({"validation_fraction": 0.2}, "split.train is 108 in the run, 96 here"),
        ({"precision": "bfloat16"}, "settings.precision is 'float32' in the run, 'bfloat16' here"),
        ({"max_epochs": 3}, "with max_epochs=3: the run has 4 already"),
    ],
)
def test_a_run_is_not_resumed_with_other_settings(
    quick: Quick, X: np.ndarray, tmp_path: Path, changed: dict[str, Any], said: str
) -> None:
    quick(run=tmp_path / "run").fit(X)
    before = {f: f.read_bytes() for f in (tmp_path / "run").rglob("*") if f.is_file()}
    with pytest.raises(vael.RunError, match=rf"^cannot resume.*{said}"):
        quick(run=tmp_path / "run", resume=True, **changed).fit(X)
    assert {f: f.read_bytes() for f in before} == before


def test_a_run_is_not_resumed_on_other_data(quick: Quick, X: np.ndarray, tmp_path: Path) -> None:
    quick(run=tmp_path / "run").fit(X)
    other = X.copy()
    other[17, 3] = np.nextafter(other[17, 3], 9)
    with pytest.raises(vael.RunError, match=r"trained on other data \(their SHA-256 differ\)"):
        quick(run=tmp_path / "run", resume=True).fit(other)
    with pytest.raises(vael.RunError, match="trained on other data"):
        quick(run=tmp_path / "run", resume=True).fit(X.astype(np.float32))


def test_a_run_is_not_resumed_with_other_modules_of_the_users(
    quick: Quick, X: np.ndarray, tmp_path: Path
) -> None:
    def net(width: int) -> nn.Module:
        return nn.Sequential(nn.Linear(6, width), nn.SiLU(), nn.Linear(width, 4))

    quick(run=tmp_path / "run", encoder=net(5)).fit(X)
    with pytest.raises(
        vael.RunError, match=r"does not fit this model: .*use the modules that the run was started"
    ):
        quick(run=tmp_path / "run", resume=True, encoder=net(6)).fit(X)


def test_a_damaged_checkpoint_is_said_to_be_one(quick: Quick, X: np.ndarray, tmp_path: Path) -> None:
    quick(run=tmp_path / "run").fit(X)
    (tmp_path / "run" / "checkpoints" / "last.safetensors").write_bytes(b"damaged")
    with pytest.raises(vael.RunError, match=r"cannot read .*last.safetensors"):
        quick(run=tmp_path / "run", resume=True).fit(X)


def test_a_finished_run_goes_on_where_nothing_depends_on_its_length(
    quick: Quick, X: np.ndarray, tmp_path: Path, weight_bytes: Bytes, metrics_without_time: Metrics
) -> None:
    quick(run=tmp_path / "run", max_epochs=3).fit(X)
    longer = quick(run=tmp_path / "run", resume=True, max_epochs=7).fit(X)
    whole = quick(run=tmp_path / "whole", max_epochs=7).fit(X)
    assert weight_bytes(longer) == weight_bytes(whole)
    assert metrics_without_time(tmp_path / "run") == metrics_without_time(tmp_path / "whole")
    assert vael.load(tmp_path / "run").n_iter_ == 7
    assert weight_bytes(quick(run=tmp_path / "run", resume=True, max_epochs=7).fit(X)) == weight_bytes(whole)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"schedule": "cosine"}, "the schedule 'cosine' is spread over it; only a constant one can go on"),
        ({"objective": ELBO(warm_up=0.1)}, "the objective's warm-up is a part of training"),
        ({"objective": IWELBO(4, warm_up=0.1)}, "the objective's warm-up is a part of training"),
    ],
)
def test_a_run_whose_course_depends_on_its_length_is_not_made_longer(
    quick: Quick, X: np.ndarray, tmp_path: Path, settings: dict[str, Any], said: str
) -> None:
    quick(run=tmp_path / "run", max_epochs=3, **settings).fit(X)
    with pytest.raises(vael.RunError, match=f"^cannot resume with another max_epochs: {said}$"):
        quick(run=tmp_path / "run", resume=True, max_epochs=7, **settings).fit(X)


# -- interruptions -------------------------------------------------------------------------------------


def test_ctrl_c_keeps_the_best_so_far_and_resumes_exactly(
    quick: Quick, X: np.ndarray, tmp_path: Path, weight_bytes: Bytes
) -> None:
    settings: dict[str, Any] = {"max_epochs": 8, "patience": None}
    with pytest.warns(
        vael.VaelWarning, match=r"^interrupted in epoch 4: the best weights so far, of epoch \d"
    ):
        part = quick(run=tmp_path / "run", **settings).set_callbacks(StopAfter(3, KeyboardInterrupt)).fit(X)
    assert part.stopped_ == "interrupted"
    assert (part.n_iter_, len(part.history_)) == (3, 3)
    assert part.bound_ == max(m.validation_bound for m in part.history_)
    np.testing.assert_array_equal(vael.load(tmp_path / "run").transform(X), part.transform(X))
    rest = quick(run=tmp_path / "run", resume=True, **settings).fit(X)
    assert weight_bytes(rest) == weight_bytes(quick(**settings).fit(X))


def test_an_interruption_in_mid_epoch_leaves_the_last_whole_epoch_to_resume_from(
    quick: Quick, X: np.ndarray, tmp_path: Path, weight_bytes: Bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half an epoch has moved the weights: a checkpoint of them would end elsewhere."""
    from vael.training import step

    settings: dict[str, Any] = {"max_epochs": 5, "patience": None}
    whole = quick(**settings).fit(X)
    steps, original = [0], step.Step.__call__

    def broken(self: Any, *args: Any) -> Any:
        steps[0] += 1
        if steps[0] == 10:  # 4 batches an epoch: the second of epoch 3
            raise KeyboardInterrupt
        return original(self, *args)

    monkeypatch.setattr(step.Step, "__call__", broken)
    with pytest.warns(vael.VaelWarning, match="interrupted in epoch 3"):
        quick(run=tmp_path / "run", **settings).fit(X)
    rest = quick(run=tmp_path / "run", resume=True, **settings).fit(X)
    assert weight_bytes(rest) == weight_bytes(whole)


def test_ctrl_c_before_there_is_anything_is_ctrl_c(
    quick: Quick, X: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vael.training import Trainer

    def broken(self: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(Trainer, "_epoch", broken)
    with pytest.raises(KeyboardInterrupt):
        quick().fit(X)


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What came of real processes that were killed and interrupted."""
    ran = subprocess.run(
        [
            sys.executable,
            str(Path(__file__).with_name("run_process.py")),
            str(tmp_path_factory.mktemp("runs")),
            "5",
        ],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_run_killed_at_random_moments_ends_as_one_that_was_not(processes: dict[str, Any]) -> None:
    found = processes["kills"]
    assert found["kills"] >= 3
    assert 0 < max(found["epochs_seen"]) < 60  # some kills came in the middle
    assert found["killed"] == found["whole"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_real_sigint_keeps_the_best_and_resumes_exactly(processes: dict[str, Any]) -> None:
    found = processes["interrupt"]
    first = found["first"]
    assert first["stopped"] == "interrupted"
    assert 0 < first["epochs"] < 20000
    assert any("the best weights so far" in message for message in first["told"])
    assert found["loaded"] == first["digest"]
    assert found["resumed"] == found["plain"]
