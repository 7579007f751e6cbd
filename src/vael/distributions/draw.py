"""The one function that draws."""

from __future__ import annotations

from collections import abc
from contextlib import contextmanager

import torch
from torch import Generator, Tensor
from torch.distributions import Distribution

from vael.distributions.conversion import as_law
from vael.distributions.law import Law

__all__ = ["draw", "fork"]


def draw(
    distribution: Distribution, shape: tuple[int, ...] = (), generator: Generator | None = None
) -> Tensor:
    """Draw ``(*shape, *batch, *event)`` from any torch distribution, by a generator.

    `torch.distributions` and zuko take no generator: for vael's laws and normals over vectors the
    noise comes from `generator` and is transformed; for any other the global state is forked, seeded
    from `generator`, and restored. Gradients flow where the distribution has `rsample`. Without a
    generator, torch's global one is used.
    """
    law = as_law(distribution)
    if isinstance(law, Law):
        return law.draw(shape, generator)
    with fork(generator):
        sampler = distribution.rsample if distribution.has_rsample else distribution.sample
        return sampler(torch.Size(shape))


@contextmanager
def fork(generator: Generator | None) -> abc.Generator[None, None, None]:
    """Seed torch's global generator from another inside the context, and put it back afterwards."""
    if generator is None:
        yield
        return
    with torch.random.fork_rng():
        seed = torch.randint(2**62, (), generator=generator, device=generator.device)
        torch.manual_seed(int(seed))
        yield
