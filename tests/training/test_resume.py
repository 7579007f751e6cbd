from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from vael.objectives import ELBO, IWELBO, Reconstruction
from vael.training import RunFolder, Trainer

Make = Callable[..., Trainer]


def weights(trainer: Trainer) -> bytes:
    return b"".join(v.numpy().tobytes() for v in trainer.model.state_dict().values())


def without_time(trainer: Trainer) -> list[dict[str, Any]]:
    rows = [m.to_dict() for m in trainer.history]
    return [{k: v for k, v in row.items() if k not in ("seconds", "examples_per_second")} for row in rows]


def until(trainer: Trainer, epoch: int) -> None:
    for metrics in trainer.epochs():
        if metrics.epoch == epoch:
            return


@pytest.mark.parametrize("stop", [1, 3, 5, 6])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"objective": ELBO(warm_up=0.7, beta=2.0), "schedule": "one-cycle"},
        {"objective": IWELBO(k=3), "validation": False},
        {"objective": Reconstruction(), "precision": "bfloat16", "patience": 2, "learning_rate": 0.1},
    ],
    ids=["elbo", "warm-up", "iwelbo", "bfloat16"],
)
def test_a_resumed_run_ends_as_one_that_was_not(
    make_trainer: Make, tmp_path: Path, stop: int, settings: dict[str, Any]
) -> None:
    whole = make_trainer(**settings)
    list(whole.epochs())
    part = make_trainer(**settings)
    until(part, stop)
    folder = RunFolder(tmp_path)
    folder.write_checkpoint(*part.state(), part.history)

    torch.manual_seed(1234)  # another process
    rest = make_trainer(**settings)
    for parameter in rest.model.parameters():
        torch.nn.init.normal_(parameter)
    state = folder.read_checkpoint()
    assert state is not None
    rest.restore(*state)
    list(rest.epochs())
    assert weights(rest) == weights(whole)
    assert without_time(rest) == without_time(whole)
    assert rest.converged == whole.converged
    rest.finish()
    whole.finish()
    assert weights(rest) == weights(whole)
    assert (rest.best_epoch, rest.best_value) == (whole.best_epoch, whole.best_value)


def test_a_state_taken_before_training_restores(make_trainer: Make) -> None:
    first, second = make_trainer(), make_trainer()
    second.restore(*first.state())
    list(first.epochs())
    list(second.epochs())
    assert weights(first) == weights(second)


def test_seconds_add_up_over_parts(make_trainer: Make) -> None:
    part = make_trainer()
    until(part, 3)
    rest = make_trainer()
    rest.restore(*part.state())
    list(rest.epochs())
    seconds = [m.seconds for m in rest.history]
    assert seconds == sorted(seconds)
    assert seconds[:3] == [m.seconds for m in part.history]


def test_a_state_is_a_copy_that_later_epochs_leave_alone(make_trainer: Make) -> None:
    """Written to a file at once it needs none, but a reader of `state()` must know."""
    trainer = make_trainer()
    until(trainer, 2)
    tensors, facts = trainer.state()
    kept = {k: v.clone() for k, v in tensors.items() if k.startswith("best.")}
    list(trainer.epochs())
    assert facts["epoch"] == 2
    assert len(facts["history"]) == 2
    assert all(torch.equal(tensors[k], v) for k, v in kept.items())
