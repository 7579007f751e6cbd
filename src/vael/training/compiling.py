"""Whether a training step is compiled: a rule on sizes, never a timing."""

from __future__ import annotations

import os
import shutil
import warnings
from typing import Literal

import torch
from torch import nn

from vael.errors import VaelWarning

__all__ = ["compiles"]

# Floating-point operations of a whole training from which compiling pays. A first compilation takes 5 to
# 50 s; on two cores an ELBO's step gains 4 to 12 %, so about twenty minutes of work pay for it.
WORK = 4e14


def compiles(
    asked: bool | Literal["auto"], model: nn.Module, rows: int, *, steady: bool, device: torch.device
) -> bool:
    """Decide whether to compile.

    Arguments:
        asked: The setting.
        model: The model.
        rows: Rows decoded in the whole of training: training rows, times epochs, times samples a row.
        steady: Whether the objective stays the same throughout (a warm-up would be compiled at every step).
        device: Where the model is.
    """
    parameters = sum(p.numel() for p in model.parameters())
    wanted = 6.0 * parameters * rows > WORK if asked == "auto" else asked
    if not wanted:
        return False
    reason = None
    if not steady:
        reason = "the objective changes as it warms up"
    elif device.type == "cpu" and not _has_compiler():
        reason = "no C++ compiler was found (install g++, or set CXX)"
    if reason is not None and (asked is True or steady):
        warnings.warn(f"training is not compiled: {reason}", VaelWarning, stacklevel=2)
    return reason is None


def _has_compiler() -> bool:
    """Whether there is a compiler that inductor would find."""
    names = [os.environ["CXX"]] if os.environ.get("CXX") else ["g++", "clang++"]
    return any(shutil.which(name) for name in names)
