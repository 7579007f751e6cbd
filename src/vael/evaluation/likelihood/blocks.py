"""Rows pass through a model in padded blocks of one size, so that no row depends on those beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Generator, Tensor, nn

from vael.distributions import draw
from vael.errors import InputError
from vael.models import LatentVariableModel

__all__ = ["MEMORY", "Rows", "bytes_a_point", "padded_blocks"]

MEMORY = 2**29  # bytes

Rows = Callable[[slice], Tensor]
"""Gives the rows of a slice, ``(m, features)``, on the model's scale."""


def padded_blocks(rows: Rows, n: int, size: int, like: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """Give the slices of n rows with their rows, ``(size, features)``: the last block repeats its first row.

    Matrix products of another size would round differently.

    Arguments:
        rows: The rows.
        n: How many there are.
        size: Rows at a time.
        like: A tensor whose dtype and device the blocks take.
    """
    for start in range(0, n, size):
        part = slice(start, min(start + size, n))
        values = rows(part).to(like.device, like.dtype)
        missing = size - len(values)
        yield part, torch.cat([values, values[:1].expand(missing, -1)]) if missing else values


def bytes_a_point(model: LatentVariableModel, features: int) -> int:
    """Memory that decoding one latent point takes, with what gradients need: all outputs of all layers.

    Raises `InputError` where the decoder gives no density over rows of that many features.
    """
    if model.prior is None:
        raise InputError("this model has no prior, so it has no evidence: an autoencoder cannot do this")
    sizes: list[int] = []

    def count(_module: nn.Module, _inputs: tuple[Tensor, ...], output: object) -> None:
        if isinstance(output, Tensor):
            sizes.append(output.numel() * output.element_size())

    leaves = [m for m in model.decoder.modules() if not list(m.children())]
    hooks = [leaf.register_forward_hook(count) for leaf in leaves]
    like = like_of(model)
    try:
        with torch.no_grad():
            z = draw(model.prior(), (1,), Generator(like.device).manual_seed(0))
            law = model.decoder(z)
    finally:
        for hook in hooks:
            hook.remove()
    if not hasattr(law, "log_prob"):
        raise InputError(
            f"the decoder returns {type(law).__name__}, which has no density: it must return a distribution"
        )
    if tuple(law.event_shape) != (features,):
        raise InputError(
            f"rows have {features} features, but the decoder's law is over {tuple(law.event_shape)}: "
            "give rows on the model's scale"
        )
    return sum(sizes) + 4 * features * like.element_size()


def like_of(model: nn.Module) -> Tensor:
    """A tensor with the dtype and device of a model."""
    return next(model.parameters(), torch.zeros(()))
