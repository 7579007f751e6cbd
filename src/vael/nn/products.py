"""Which library multiplies matrices on the CPU.

PyTorch gives float32 products to MKL, which on AMD processors takes a path at half the speed of
oneDNN's (EPYC with AVX-512, two cores: 200 against 430 GFLOP/s). PyTorch hands them to oneDNN where
lower precision is *permitted*; oneDNN makes use of the permission only where the processor has AMX.
Elsewhere the products stay in float32, and this module checks that they do.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from typing import Any

import torch
from torch import nn

from vael.nn.memory import keep_freed_memory

__all__ = ["fast_products", "uses_onednn"]


SMALLEST = (
    2**22
)  # multiply-adds of the largest product of a step; below, oneDNN's calls cost more than they save


@contextmanager
def fast_products(model: nn.Module, rows: int) -> Generator[None]:
    """Let oneDNN do a model's float32 products inside the context, where `uses_onednn` says so.

    What the products are written to is kept when it is freed: `keep_freed_memory`.

    Arguments:
        model: The model.
        rows: Rows that pass through it together.
    """
    keep_freed_memory()
    if uses_onednn(model, rows):
        with _permitted():
            yield
    else:
        yield


def uses_onednn(model: nn.Module, rows: int) -> bool:
    """Whether products are large enough for oneDNN, on a CPU where it keeps float32 exact."""
    matrices = [p for p in model.parameters() if p.dim() >= 2]
    if not matrices or any(p.device.type != "cpu" for p in matrices):
        return False
    return rows * max(p.numel() for p in matrices) >= SMALLEST and _keep_float32()


@contextmanager
def _permitted() -> Generator[None]:
    setting: Any = torch.backends.mkldnn.matmul  # pyright: ignore[reportAttributeAccessIssue] - since 2.9
    before = setting.fp32_precision
    setting.fp32_precision = "bf16"
    try:
        yield
    finally:
        setting.fp32_precision = before


@cache
def _keep_float32() -> bool:
    """Whether products are exact to float32 with the permission: 1 + 2^-12 is 1 in bfloat16 and tf32."""
    if not (torch.backends.mkldnn.is_available() and hasattr(torch.backends.mkldnn, "matmul")):
        return False  # no oneDNN, or a PyTorch before 2.9: nothing to permit
    x = torch.full((512, 512), 1 + 2**-12)
    with _permitted():
        products = (x @ torch.eye(512), torch.eye(512) @ x)
    return all(torch.equal(p, x) for p in products)
