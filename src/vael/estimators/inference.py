"""Row-wise results: each row's answer is the same whatever rows stand beside it.

Rows pass through the model in chunks of one fixed size, the last one padded: matrix products of another
size would round differently.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Generator, Tensor, nn

from vael.models import LatentVariableModel, log_weights

__all__ = ["CHUNK", "binarise_by_content", "log_evidence", "module_device", "row_wise"]

CHUNK = 512
SAMPLES = 64  # importance samples decoded together, at CHUNK / 8 rows


def row_wise(
    function: Callable[[Tensor], tuple[Tensor, ...]],
    rows: Callable[[slice], np.ndarray],
    n: int,
    device: torch.device,
    chunk: int = CHUNK,
) -> tuple[np.ndarray, ...]:
    """Apply a function of float32 rows to all of them, chunk by padded chunk.

    Arguments:
        function: Maps ``(chunk, features)`` to tensors with as many rows.
        rows: Gives the rows of a slice, on the model's scale.
        n: How many there are.
        device: Where the function works.
        chunk: Rows at a time.
    """
    results: tuple[np.ndarray, ...] = ()
    with torch.inference_mode():
        for part in _slices(n, chunk):
            values = rows(part)
            batch = torch.zeros(chunk, values.shape[1])
            batch[: len(values)] = torch.from_numpy(values)
            outputs = function(batch.to(device))
            if not results:
                results = tuple(np.empty((n, *o.shape[1:]), o.cpu().numpy().dtype) for o in outputs)
            for result, output in zip(results, outputs, strict=True):
                result[part] = output[: len(values)].cpu().numpy()
    return results


def _slices(n: int, size: int) -> Iterator[slice]:
    for start in range(0, n, size):
        yield slice(start, min(start + size, n))


def log_evidence(
    model: LatentVariableModel, x: Tensor, samples: int, seed: int, device: torch.device
) -> Tensor:
    """Estimate ln p(x) of each row by importance sampling, in nats: logsumexp(log_w) - ln samples.

    The noise of sample i follows from the seed and i alone; it is the same for every row.
    """
    total = torch.full((len(x),), -math.inf, dtype=torch.float64, device=device)
    for block, start in enumerate(range(0, samples, SAMPLES)):
        generator = Generator(device).manual_seed((seed * 1_000_003 + block) % 2**63)
        sampled = log_weights(model, x, SAMPLES, generator=generator, common_noise=True)
        log_w = sampled.log_w[: samples - start].double()
        total = torch.logaddexp(total, log_w.logsumexp(0))
    return total - math.log(samples)


def binarise_by_content(x: Tensor, seed: int) -> Tensor:
    """Binarise rows of greys so that a row's coins follow from its own values and the seed.

    Each row is hashed, and the hash run through splitmix64 gives its thresholds: rows that differ get
    independent coins, equal rows get equal ones, and no row depends on its place.
    """
    places = torch.arange(1, x.shape[1] + 1, device=x.device)
    bits = x.contiguous().view(torch.int32).long()
    key = _mix((_mix(bits + places * _GOLDEN)).sum(1, keepdim=True) + seed)
    uniform = (_mix(key + places * _GOLDEN) >> 11 & (2**53 - 1)).double() / 2**53
    return (uniform < x).to(x.dtype)


_GOLDEN = 0x9E3779B97F4A7C15 - 2**64  # as a signed 64-bit number; products wrap around


def _mix(x: Tensor) -> Tensor:
    """The finaliser of splitmix64 (Steele, Lea & Flood 2014) on signed 64-bit numbers."""
    x = (x ^ _shift(x, 30)) * (0xBF58476D1CE4E5B9 - 2**64)
    x = (x ^ _shift(x, 27)) * (0x94D049BB133111EB - 2**64)
    return x ^ _shift(x, 31)


def _shift(x: Tensor, by: int) -> Tensor:
    """Logical right shift of signed numbers."""
    return (x >> by) & ((1 << (64 - by)) - 1)


def module_device(model: nn.Module) -> torch.device:
    """Where a model's parameters are."""
    return next((p.device for p in model.parameters()), torch.device("cpu"))
