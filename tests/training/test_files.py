from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import torch

from vael.errors import RunError
from vael.training.files import read_json, read_tensors, write_bytes, write_json, write_tensors


def test_tensors_come_back_bit_for_bit_with_their_facts(tmp_path: Path) -> None:
    tensors = {
        "a": torch.randn(3, 4),
        "b": torch.tensor(2.5, dtype=torch.float64),
        "c": torch.arange(5).flip(0),
        "d": torch.randn(4, 3).T,  # not contiguous
        "e": torch.tensor([float("nan"), -0.0, 1e-45]),
    }
    write_tensors(tmp_path / "t.safetensors", tensors, {"epoch": 3, "x": 0.1 + 0.2})
    back, facts = read_tensors(tmp_path / "t.safetensors")
    assert facts == {"epoch": 3, "x": 0.1 + 0.2}
    assert back.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert back[name].dtype == tensor.dtype
        assert back[name].numpy().tobytes() == tensor.contiguous().numpy().tobytes()


def test_json_has_no_numbers_that_json_lacks(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "x.json", float("nan"))
    assert list(tmp_path.iterdir()) == []


def test_whoever_looks_sees_the_old_file_or_the_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.json"
    write_bytes(path, b"old")

    def killed(*_: Any) -> None:
        assert path.read_bytes() == b"old"
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        write_bytes(path, b"new content")
    assert path.read_bytes() == b"old"
    assert [f.name for f in tmp_path.iterdir()] == ["x.json"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    write_bytes(path, b"old")
    (tmp_path / ".model.safetensors.tmp").symlink_to("/dev/full")
    with pytest.raises(RunError, match="No space left on device; free some space") as error:
        write_bytes(path, b"new")
    assert str(path) in str(error.value)
    assert path.read_bytes() == b"old"
    assert [f.name for f in tmp_path.iterdir()] == ["model.safetensors"]


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"\x00" * 100])
def test_a_damaged_file_is_said_to_be_one(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "damaged").write_bytes(content)
    with pytest.raises(RunError, match=r"^cannot read .*damaged"):
        read_json(tmp_path / "damaged")
    with pytest.raises(RunError, match=r"^cannot read .*damaged"):
        read_tensors(tmp_path / "damaged")


def test_a_truncated_tensor_file_is_said_to_be_damaged(tmp_path: Path) -> None:
    write_tensors(tmp_path / "t", {"a": torch.randn(100)})
    whole = (tmp_path / "t").read_bytes()
    (tmp_path / "t").write_bytes(whole[:-10])
    with pytest.raises(RunError, match=r"^cannot read"):
        read_tensors(tmp_path / "t")


def test_a_missing_file_asks_whether_the_folder_is_a_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"config.json is missing: is .* a run folder of vael\?"):
        read_json(tmp_path / "config.json")
