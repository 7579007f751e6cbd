"""The one function that draws."""

from __future__ import annotations

import torch
from torch import Generator, Tensor
from torch.distributions import Distribution, Independent, Normal

from vael.distributions.law import Law

__all__ = ["draw", "fork"]


def draw(
    distribution: Distribution, shape: tuple[int, ...] = (), generator: Generator | None = None
) -> Tensor:
    """Draw ``(*shape, *batch, *event)`` from any torch distribution, by a generator.

    `torch.distributions` and zuko take no generator: for vael's laws and the normal the noise comes from
    `generator` and is transformed; for any other the global state is forked, seeded from `generator`,
    and restored. Gradients flow where the distribution has `rsample`. Without a generator, torch's
    global one is used.
    """
    if isinstance(distribution, Law):
        return distribution.draw(shape, generator)
    if isinstance(distribution, Independent):
        return draw(distribution.base_dist, shape, generator)
    if isinstance(distribution, Normal):
        full = distribution._extended_shape(torch.Size(shape))
        loc = distribution.loc
        noise = torch.randn(full, generator=generator, dtype=loc.dtype, device=loc.device)
        return loc + distribution.scale * noise
    with fork(generator):
        sampler = distribution.rsample if distribution.has_rsample else distribution.sample
        return sampler(torch.Size(shape))


class fork:  # noqa: N801 - reads as a function
    """Context in which torch's global generator is seeded from another, and put back afterwards."""

    def __init__(self, generator: Generator | None) -> None:
        self.generator = generator

    def __enter__(self) -> None:
        if self.generator is None:
            return
        self.scope = torch.random.fork_rng()
        self.scope.__enter__()
        device = self.generator.device
        seed = torch.randint(2**62, (), generator=self.generator, device=device)
        torch.manual_seed(int(seed))

    def __exit__(self, *error: object) -> None:
        if self.generator is not None:
            self.scope.__exit__(*error)
