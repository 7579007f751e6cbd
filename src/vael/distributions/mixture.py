"""The law of one of several laws, each as likely."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Generator, Size, Tensor
from torch.distributions import Distribution

from vael.distributions.conversion import as_law
from vael.distributions.draw import draw as draw_from
from vael.distributions.law import Law
from vael.errors import InputError

__all__ = ["UniformMixture"]


class UniformMixture(Law):
    r"""One of M laws over the same vectors, each as likely: what an ensemble of decoders returns.

    .. math:: \ln p(x) = \ln \frac1M \sum_m p_m(x)

    The whole row comes from one component: given which, its features are those of that law.

    Arguments:
        components: Laws of one batch shape and one event shape.

    Raises:
        InputError: If there is no component, or their shapes differ.
    """

    has_rsample = False

    def __init__(self, components: Sequence[Distribution]) -> None:
        if not components:
            raise InputError("a mixture needs one component at least, got none")
        shapes = {(law.batch_shape, law.event_shape) for law in components}
        if len(shapes) > 1:
            told = " and ".join(f"{tuple(b)} of {tuple(e)}" for b, e in sorted(shapes))
            raise InputError(f"the components of a mixture must have the same shapes, got {told}")
        self.components = tuple(as_law(law) for law in components)
        super().__init__(components[0].batch_shape, components[0].event_shape)

    @property
    def _like(self) -> Tensor:
        first = self.components[0]
        return first._like if isinstance(first, Law) else first.mean

    def _averaged(self, values: Sequence[Tensor]) -> Tensor:
        return torch.stack(list(values)).mean(0)

    @property
    def mean(self) -> Tensor:
        """Average of the components' means."""
        return self._averaged([law.mean for law in self.components])

    @property
    def variance(self) -> Tensor:
        """Average of the components' variances, plus the variance of their means."""
        mean = self.mean
        return self._averaged([law.variance + (law.mean - mean).square() for law in self.components])

    def log_prob(self, value: Tensor) -> Tensor:
        """Log-probability or log-density in nats."""
        each = torch.stack([law.log_prob(value) for law in self.components])
        return each.logsumexp(0) - math.log(len(self.components))

    def noise(self, shape: tuple[int, ...], generator: Generator | None = None) -> Tensor:
        """Draw, for each vector, the number of its component, repeated over the event's axes."""
        like = self._like
        shape = (*shape[: len(shape) - len(self.event_shape)], *(1 for _ in self.event_shape))
        return torch.randint(len(self.components), shape, generator=generator, device=like.device)

    def distort(self, noise: Tensor) -> Tensor:
        """Refuse: the draws of the components are no function of one noise."""
        raise NotImplementedError("a mixture has no draws from one noise: use vael.distributions.draw")

    def draw(self, sample_shape: tuple[int, ...] = (), generator: Generator | None = None) -> Tensor:
        """Draw which component each vector comes from, then a vector of each component; keep those meant.

        No gradient passes: how the choice depends on a parameter is in no draw.
        """
        shape = (*sample_shape, *self.batch_shape, *self.event_shape)
        with torch.no_grad():
            chosen = self.noise(shape, generator)
            drawn = draw_from(self.components[0], sample_shape, generator)
            for number, law in enumerate(self.components[1:], 1):
                drawn = torch.where(chosen == number, draw_from(law, sample_shape, generator), drawn)
        return drawn

    def detach(self) -> UniformMixture:
        """Return the law with its parameters held constant; each component must be a law of vael's."""
        for law in self.components:
            if not isinstance(law, Law):
                raise NotImplementedError(f"{type(law).__name__} does not detach")
        return type(self)([law.detach() for law in self.components if isinstance(law, Law)])

    def expand(self, batch_shape: Any, _instance: Any = None) -> UniformMixture:
        """Return the law with its batch axes broadcast to `batch_shape`."""
        return type(self)([law.expand(Size(batch_shape)) for law in self.components])

    def __repr__(self) -> str:
        return f"UniformMixture({len(self.components)} x {self.components[0]!r})"
