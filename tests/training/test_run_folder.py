from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from vael.errors import RunError
from vael.training import EpochMetrics, RunFolder

METRICS = EpochMetrics(
    epoch=1,
    seconds=0.5,
    examples_per_second=100.0,
    learning_rate=1e-3,
    beta=1.0,
    train_loss=2.0,
    train_bound=-2.0,
    train_log_likelihood=-1.5,
    train_kl=0.5,
    validation_bound=-2.25,
    validation_log_likelihood=-1.75,
    validation_kl=0.5,
    active_latents=2,
    kl_per_latent=[0.1 + 0.2, 0.2],
    best=True,
)


def test_a_new_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "runs" / "a")
    folder.create()
    assert [f.name for f in folder.path.iterdir()] == ["checkpoints"]
    assert folder.unstarted


def test_a_folder_with_anything_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(RunError, match="exists already: choose another folder"):
        RunFolder(tmp_path).create()
    assert [f.name for f in tmp_path.iterdir()] == ["thesis.tex"]
    assert not RunFolder(tmp_path).unstarted


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("precious")
    with pytest.raises(RunError, match="is a file"):
        RunFolder(tmp_path / "run").create()
    with pytest.raises(RunError, match=r"cannot write into .*: Not a directory; choose another folder"):
        RunFolder(tmp_path / "run" / "below").create()
    assert (tmp_path / "run").read_text() == "precious"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a file system that takes no folders")
def test_a_place_that_takes_no_folder_is_said_before_work_starts() -> None:
    with pytest.raises(RunError, match=r"^cannot write into /proc/vael-run: .*; choose another folder$"):
        RunFolder("/proc/vael-run").create()


def test_a_probe_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "run" / "checkpoints").mkdir(parents=True)
    (tmp_path / "run" / ".probe.tmp").symlink_to(tmp_path / "nowhere" / "file")
    with pytest.raises(RunError, match="cannot write into"):
        RunFolder(tmp_path / "run").create(overwrite=True)


def test_another_format_is_refused_with_the_version_that_wrote_it(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.write_config({"vael": "9.1"})
    folder.config.write_text(folder.config.read_text().replace('"format": 1', '"format": 7'))
    with pytest.raises(RunError, match=r"run format 7, this vael reads format 1: .*that wrote it \(9.1\)"):
        folder.read_config()


@pytest.mark.parametrize("content", ["[]", "{}", "3", '"text"'])
def test_json_that_is_no_configuration_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(RunError, match="run format None"):
        RunFolder(tmp_path).read_config()


def test_no_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="is no folder: give the folder of a run"):
        RunFolder(tmp_path / "absent").read_config()


def test_metrics_come_back_exactly(tmp_path: Path) -> None:
    history = [METRICS, replace(METRICS, epoch=2, validation_bound=None, kl_per_latent=None, best=False)]
    folder = RunFolder(tmp_path)
    assert folder.read_metrics() == []
    folder.write_metrics(history)
    assert folder.read_metrics() == history
    assert folder.metrics.read_text().count("\n") == 2


def test_metrics_that_are_not_numbers_of_json_become_none() -> None:
    row = replace(METRICS, validation_bound=float("-inf"), train_kl=float("nan")).to_dict()
    assert row["validation_bound"] is None
    assert row["train_kl"] is None


def test_damaged_metrics_are_said_to_be(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.metrics.write_text('{"epoch": 1\n')
    with pytest.raises(RunError, match=r"cannot read .*metrics.jsonl"):
        folder.read_metrics()
    folder.metrics.write_text('{"epoch": 1}\n')
    with pytest.raises(RunError, match=r"cannot read .*metrics.jsonl"):
        folder.read_metrics()


def test_a_checkpoint_comes_back_and_ends_being_unstarted(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.create()
    folder.write_config({})
    assert folder.unstarted
    assert folder.read_checkpoint() is None
    folder.write_checkpoint({"w": torch.tensor([1.5])}, {"epoch": 1}, [METRICS])
    checkpoint = folder.read_checkpoint()
    assert checkpoint is not None
    assert checkpoint[0]["w"].item() == 1.5
    assert checkpoint[1] == {"epoch": 1}
    assert folder.read_metrics() == [METRICS]
    assert not folder.unstarted
