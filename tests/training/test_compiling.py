from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from torch import nn

from vael.errors import VaelWarning
from vael.training.compiling import WORK, compiles

CPU = torch.device("cpu")


def test_auto_is_a_rule_on_the_whole_work():
    model = nn.Linear(1000, 1000, bias=False)
    edge = int(WORK / 6e6)
    assert not compiles("auto", model, edge, steady=True, device=CPU)
    assert not compiles(False, model, 2 * edge, steady=True, device=CPU)


def test_without_a_compiler_it_falls_back_with_a_warning(monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.warns(VaelWarning, match=r"no C\+\+ compiler was found \(install g\+\+, or set CXX\)"):
        assert not compiles(True, nn.Linear(2, 2), 1, steady=True, device=CPU)


def test_a_warm_up_is_not_compiled():
    with pytest.warns(VaelWarning, match="changes as it warms up"):
        assert not compiles(True, nn.Linear(2, 2), 1, steady=False, device=CPU)


@pytest.mark.slow
def test_a_compiled_run_learns_as_an_eager_one():
    """In a process of its own: the compiler warns of its own parts, and warnings are errors here."""
    code = """
import numpy as np
from vael import VAE
X = (np.random.default_rng(0).random((600, 16)) < 0.3).astype("float32")
fits = [VAE(2, hidden=16, max_epochs=20, compile=c, random_state=0).fit(X) for c in (True, True, False)]
print(*(vae.bound_ for vae in fits))
"""
    first, again, eager = map(float, subprocess.check_output([sys.executable, "-c", code], text=True).split())
    assert first == again
    assert abs(first - eager) < 0.1
