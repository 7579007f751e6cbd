"""Row-wise results: each row's answer is the same whatever rows stand beside it.

Rows pass through the model in chunks of one fixed size, the last one padded: matrix products of another
size would round differently. So would narrow ones by the place of a row, which `SteadyProducts` prevents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Generator, Tensor, nn
from torch.distributions import Distribution

from vael.distributions import draw
from vael.evaluation.likelihood import ImportanceSampling
from vael.models import Bernoulli, LatentVariableModel
from vael.models.binarising import binarise_by_content
from vael.nn.products import fast_products
from vael.nn.steady import SteadyProducts

__all__ = [
    "CHUNK",
    "binarise_by_content",
    "decoded_means",
    "log_evidence",
    "module_device",
    "posterior_moments",
    "row_wise",
    "scored_rows",
]

CHUNK = 512
DRAWS = 1000  # for the moments of a law that does not know them

Rows = Callable[[slice], np.ndarray]
"""Gives the rows of a slice, float32 on the model's scale."""


def row_wise(
    function: Callable[[Tensor], tuple[Tensor, ...]],
    rows: Rows,
    n: int,
    model: nn.Module,
    chunk: int = CHUNK,
) -> tuple[np.ndarray, ...]:
    """Apply a function of float32 rows to all of them, chunk by padded chunk.

    Arguments:
        function: Maps ``(chunk, features)`` to tensors with as many rows.
        rows: Gives the rows of a slice, on the model's scale.
        n: How many there are.
        model: What the function passes them through.
        chunk: Rows at a time.
    """
    device = module_device(model)
    results: tuple[np.ndarray, ...] = ()
    with torch.inference_mode(), fast_products(model, chunk), SteadyProducts():
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


def posterior_moments(
    model: LatentVariableModel, rows: Rows, n: int, seed: int, *, deviation: bool = False
) -> tuple[np.ndarray, ...]:
    """Return the means of q(z|x) and, if asked, its standard deviations, each ``(n, latent)``.

    A law that does not know its moments (a flow) is drawn from 1000 times, each row with the same noise.
    """
    device = module_device(model)
    model.eval()

    def moments(q_z: Distribution) -> tuple[Tensor, ...]:
        return (q_z.mean, q_z.variance.sqrt()) if deviation else (q_z.mean,)

    def drawn(x: Tensor) -> tuple[Tensor, ...]:
        z = draw(model.encoder(x), (DRAWS,), Generator(device).manual_seed(seed))
        return (z.mean(0), z.std(0)) if deviation else (z.mean(0),)

    try:
        return row_wise(lambda x: moments(model.encoder(x)), rows, n, model)
    except NotImplementedError:
        return row_wise(drawn, rows, n, model, chunk=1)


def decoded_means(model: LatentVariableModel, Z: np.ndarray) -> np.ndarray:
    """Return the means of p(x|z) on the model's scale, ``(n, features)``."""
    latents = np.ascontiguousarray(Z, dtype=np.float32)
    model.eval()
    return row_wise(lambda z: (model.decoder(z).mean,), lambda part: latents[part], len(Z), model)[0]


def log_evidence(model: LatentVariableModel, rows: Rows, n: int, seed: int, *, samples: int) -> np.ndarray:
    """Estimate ln p(x) of each row by `ImportanceSampling`, in nats: logsumexp(log_w) - ln samples.

    The noise of sample i follows from the seed and i alone; it is the same for every row. Greys under a
    binary likelihood are binarised first, by their content and the seed.
    """
    model.eval()

    def scored(part: slice) -> Tensor:
        return _scored(model, torch.from_numpy(rows(part)), seed)

    return ImportanceSampling(samples).run(model, scored, n, seed=seed).estimate


def scored_rows(model: LatentVariableModel, rows: Rows, n: int, seed: int) -> np.ndarray:
    """Return the rows that `log_evidence` scores, ``(n, features)``."""
    return np.concatenate(
        [_scored(model, torch.from_numpy(rows(p)), seed).numpy() for p in _slices(n, CHUNK)]
    )


def _scored(model: LatentVariableModel, x: Tensor, seed: int) -> Tensor:
    """Binarise greys under a binary likelihood, by their content and the seed."""
    likelihood = getattr(model.decoder, "likelihood", None)
    binary = isinstance(likelihood, Bernoulli) and likelihood.binarise is not None
    return binarise_by_content(x, seed) if binary else x


def module_device(model: nn.Module) -> torch.device:
    """Where a model's parameters are."""
    return next((p.device for p in model.parameters()), torch.device("cpu"))
