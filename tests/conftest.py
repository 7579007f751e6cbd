"""Settings of every test: shapes and types of vael's functions are checked as they run."""

from __future__ import annotations

from jaxtyping import install_import_hook

install_import_hook("vael", "beartype.beartype")  # before anything imports vael

import hypothesis  # noqa: E402
import pytest  # noqa: E402
import torch  # noqa: E402

torch.set_num_threads(1)
hypothesis.settings.register_profile("vael", deadline=None, max_examples=50, derandomize=True)
hypothesis.settings.load_profile("vael")


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(7)


@pytest.fixture(autouse=True)
def _same_draws() -> None:
    """What a test draws from the global generator (weights, say) is the same in every run."""
    torch.manual_seed(0)
