from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from vael.errors import InputError
from vael.training import TrainingSettings
from vael.training.schedules import SCHEDULES, burda, constant, cosine, one_cycle
from vael.training.settings import resolve_device


def test_a_constant_rate_stays() -> None:
    assert {constant(p) for p in (0.0, 0.3, 1.0)} == {1.0}


def test_a_cosine_falls_from_one_to_zero_by_way_of_a_half() -> None:
    assert [cosine(p) for p in (0.0, 0.5, 1.0)] == pytest.approx([1, 0.5, 0], abs=1e-15)
    assert cosine(1 / 3) == pytest.approx(0.75)


def test_one_cycle_rises_for_a_tenth_and_is_continuous_there() -> None:
    assert one_cycle(0.0) == pytest.approx(0.04)
    assert one_cycle(0.05) == pytest.approx(0.52)
    assert one_cycle(0.1 - 1e-9) == pytest.approx(one_cycle(0.1), abs=1e-6)
    assert one_cycle(0.1) == pytest.approx(1.0)
    assert one_cycle(0.55) == pytest.approx(0.5)
    assert one_cycle(1.0) == pytest.approx(0.0, abs=1e-15)


def test_burdas_stages_last_three_to_the_i_epochs_of_3280() -> None:
    rates = [burda((epoch + 0.5) / 3280) for epoch in range(3280)]
    for i in range(8):
        lasting = sum(abs(rate - 10 ** (-i / 7)) < 1e-12 for rate in rates)
        assert lasting == 3**i


@pytest.mark.parametrize("name", SCHEDULES)
def test_no_schedule_leaves_zero_to_one(name: str) -> None:
    assert all(0 <= SCHEDULES[name](p / 1000) <= 1 + 1e-12 for p in range(1001))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"max_epochs": 0}, "max_epochs must be a whole number >= 1, got 0"),
        ({"max_epochs": 2.5}, "max_epochs must be a whole number >= 1, got 2.5"),
        ({"batch_size": "32"}, "batch_size must be a whole number >= 1, got '32'"),
        ({"learning_rate": 0.0}, "learning_rate must be a number > 0, got 0.0"),
        ({"learning_rate": math.nan}, "learning_rate must be a number > 0, got nan"),
        ({"learning_rate": math.inf}, "learning_rate must be a number > 0, got inf"),
        ({"patience": 0}, "patience must be a whole number of epochs >= 1, got 0"),
        (
            {"schedule": "linear"},
            "unknown schedule 'linear': choose one of constant, cosine, one-cycle, burda",
        ),
        ({"precision": "float16"}, "precision must be float32 or bfloat16, got 'float16'"),
        ({"compile": "yes"}, "compile must be True, False or 'auto', got 'yes'"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, Any], said: str) -> None:
    # Built around the type checks of the test run, which would refuse some of these first.
    with pytest.raises(InputError) as error:
        _unchecked(**settings)
    assert str(error.value) == said


def _unchecked(**settings: Any) -> None:
    made = object.__new__(TrainingSettings)
    for name, default in TrainingSettings.__dataclass_fields__.items():
        object.__setattr__(made, name, settings.get(name, default.default))
    made.__post_init__()


def test_auto_is_the_best_device_there_is() -> None:
    best = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    assert resolve_device("auto").type == best
    assert resolve_device("cpu") == torch.device("cpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_cuda_without_cuda_is_said_in_one_line() -> None:
    with pytest.raises(InputError, match=r"^device 'cuda' cannot be used here: choose 'auto', 'cpu'"):
        resolve_device("cuda")


def test_a_device_that_does_not_exist_is_said() -> None:
    with pytest.raises(InputError, match=r"^device 'gpu' cannot be used here"):
        resolve_device("gpu")
