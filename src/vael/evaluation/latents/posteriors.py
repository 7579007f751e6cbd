"""The posteriors of many rows at once: draws, densities of every draw under every row, moments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float
from torch import Generator, Tensor
from torch.distributions import Distribution

from vael.distributions import Delta, DiagonalNormal, FullNormal, Law, as_law, draw
from vael.distributions.normal import HALF_LOG_2PI
from vael.errors import InputError
from vael.evaluation.subject import Subject
from vael.models import LatentVariableModel

__all__ = ["LEAST_ROWS", "Moments", "Posteriors", "RandomState", "encode_rows", "in_double"]

LEAST_ROWS = 10
CHUNK = 512  # rows that pass through the encoder together
BLOCK = 4_000_000  # densities held at once: 32 MB
EVALUATED = 65_536  # pairs of a draw and a row that pass through a flow together
MOMENT_DRAWS = 256  # a row, for a law that does not know its moments

RandomState = int | np.random.Generator | None


@dataclass(frozen=True, eq=False)
class Moments:
    """Mean and variance of q(z|x) of each row, ``(n, latent)`` in float64.

    Attributes:
        mean: Posterior means.
        variance: Posterior variances.
        draws: Draws a row that both were averaged over; None where the law knows them.
    """

    mean: Tensor
    variance: Tensor
    draws: int | None


@dataclass(frozen=True, eq=False)
class Posteriors:
    """q(z|x) of n rows.

    Attributes:
        model: The model, in evaluation mode.
        x: Rows on the model's scale, ``(n, features)``.
        law: All of them as one law in float64, where they are normals or points; else None, and rows are
            encoded anew where they are needed.
    """

    model: LatentVariableModel
    x: Tensor
    law: Law | None

    def __len__(self) -> int:
        return len(self.x)

    @property
    def are_points(self) -> bool:
        """Whether they have no density."""
        return isinstance(self.law, Delta)

    @property
    def are_normal(self) -> bool:
        """Whether their densities are matrix products."""
        return isinstance(self.law, (DiagonalNormal, FullNormal))

    def generator(self, random_state: RandomState) -> Generator:
        """Make the source of draws, on the rows' device."""
        seed = int(np.random.default_rng(random_state).integers(2**62))
        return Generator(self.x.device).manual_seed(seed)

    def chunks(self) -> Iterator[tuple[slice, Distribution]]:
        """Give the posteriors of consecutive rows, with the rows' places."""
        for start in range(0, len(self.x), CHUNK):
            part = slice(start, min(start + CHUNK, len(self.x)))
            yield part, self.model.encoder(self.x[part])

    @torch.no_grad()
    def draw(self, samples: int, generator: Generator) -> Float[Tensor, "samples n latent"]:
        """Draw from each row's posterior, in float64."""
        if self.law is not None:  # one by one: a full factor would be copied for each
            return torch.stack([self.law.draw((), generator) for _ in range(samples)])
        return torch.cat([draw(q, (samples,), generator).double() for _, q in self.chunks()], dim=1)

    @torch.no_grad()
    def own_log_density(self, z: Float[Tensor, "samples n latent"]) -> Float[Tensor, "samples n"]:
        """Ln q(z|x) of draws under their own row's posterior, in nats."""
        if self.law is not None:
            return torch.stack([self.law.log_prob(each) for each in z])
        own = [q.log_prob(z[:, part].to(self.x.dtype)) for part, q in self.chunks()]
        return torch.cat(own, dim=1).double()

    @torch.no_grad()
    def log_densities(self, z: Float[Tensor, "m latent"]) -> Float[Tensor, "m n"]:
        """Ln q(z|x) of each z under every row's posterior, in nats."""
        if isinstance(self.law, DiagonalNormal):
            return self._diagonal_densities(z, self.law)
        if isinstance(self.law, FullNormal):
            return self._full_densities(z, self.law)
        return self._any_densities(z)

    def _any_densities(self, z: Tensor) -> Tensor:
        """Evaluate the law itself; z is expanded, as flows do not broadcast."""
        density = torch.empty(len(z), len(self), dtype=z.dtype, device=z.device)
        given = z.to(self.x.dtype).unsqueeze(1)
        for part, q in self.chunks():
            width = part.stop - part.start
            for some in torch.arange(len(z), device=z.device).split(max(1, EVALUATED // width)):
                density[some, part] = q.log_prob(given[some].expand(-1, width, -1)).to(z.dtype)
        return density

    def _diagonal_densities(self, z: Tensor, law: DiagonalNormal) -> Tensor:
        """Three matrix products, around the centre of the means."""
        centre, precision, weighted, constant = self._diagonal_parts
        away = z - centre
        quadratic = away.square() @ precision.mT - 2 * (away @ weighted.mT) + constant
        normaliser = law.log_determinant + HALF_LOG_2PI * law.event_shape[0]
        return quadratic.clamp_(min=0).mul_(-0.5).sub_(normaliser)

    @cached_property
    def _diagonal_parts(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        law = self.law
        assert isinstance(law, DiagonalNormal)
        centre = law.loc.mean(0)
        precision = (-2 * law.log_scale).exp().expand_as(law.loc)
        away = law.loc - centre
        return centre, precision, precision * away, (precision * away.square()).sum(-1)

    def _full_densities(self, z: Tensor, law: FullNormal) -> Tensor:
        """Standardise each z by every factor, some rows at a time."""
        inverse, shifted = self._full_parts
        n, latent = shifted.shape
        density = torch.empty(len(z), n, dtype=z.dtype, device=z.device)
        size = max(1, BLOCK // (len(z) * latent))
        for start in range(0, n, size):
            part = slice(start, start + size)
            flat = inverse[part].reshape(-1, latent)
            standard = (z @ flat.mT).unflatten(-1, (-1, latent)) - shifted[part]
            density[:, part] = standard.square().sum(-1)
        normaliser = law.log_determinant + HALF_LOG_2PI * latent
        return density.mul_(-0.5).sub_(normaliser)

    @cached_property
    def _full_parts(self) -> tuple[Tensor, Tensor]:
        law = self.law
        assert isinstance(law, FullNormal)
        identity = torch.eye(law.loc.shape[-1], dtype=law.loc.dtype, device=law.loc.device)
        inverse = torch.linalg.solve_triangular(law.scale_tril, identity, upper=False)
        return inverse, (inverse @ law.loc.unsqueeze(-1)).squeeze(-1)

    @torch.no_grad()
    def moments(self, generator: Generator) -> Moments:
        """Mean and variance of each row's posterior; averages of 256 draws where the law knows neither."""
        if self.law is not None:
            return Moments(self.law.mean, self.law.variance, None)
        means: list[Tensor] = []
        variances: list[Tensor] = []
        draws: int | None = None
        for _, q in self.chunks():
            try:
                mean, variance = q.mean.double(), q.variance.double()
            except NotImplementedError:
                z = draw(q, (MOMENT_DRAWS,), generator).double()
                mean, variance, draws = z.mean(0), z.var(0), MOMENT_DRAWS
            means.append(mean)
            variances.append(variance)
        return Moments(torch.cat(means), torch.cat(variances), draws)


@torch.no_grad()
def encode_rows(subject: Subject) -> Posteriors:
    """Encode all rows; an `InputError` where they are too few, all the same, or have no finite posterior."""
    model, x = subject.model, subject.x
    if len(x) < LEAST_ROWS:
        raise InputError(f"X has {len(x)} rows: the use of the latents needs at least {LEAST_ROWS}")
    if bool((x == x[0]).all()):
        raise InputError("all rows of X are the same, so no latent can tell them apart")
    parts: list[DiagonalNormal | FullNormal | Delta] = []
    for part, q in Posteriors(model, x, None).chunks():
        law = in_double(q)
        if not isinstance(law, (DiagonalNormal, FullNormal, Delta)):
            return Posteriors(model, x, None)
        _check_finite(law, part.start)
        parts.append(law)
    return Posteriors(model, x, _joined(parts))


def in_double(distribution: Distribution) -> Distribution:
    """Return a normal or a point as vael's law in float64; any other as it is."""
    law = as_law(distribution)
    if isinstance(law, DiagonalNormal):
        return DiagonalNormal(law.loc.double(), law.log_scale.double().expand_as(law.loc))
    if isinstance(law, FullNormal):
        return FullNormal(law.loc.double(), law.scale_tril.double())
    if isinstance(law, Delta):
        return Delta(law.loc.double())
    return law


def _joined(parts: list[DiagonalNormal | FullNormal | Delta]) -> Law:
    """One law of the rows of all, which are of one family."""
    loc = torch.cat([part.loc for part in parts])
    full = [part.scale_tril.expand(*part.loc.shape, -1) for part in parts if isinstance(part, FullNormal)]
    if full:
        return FullNormal(loc, torch.cat(full))
    diagonal = [part.log_scale for part in parts if isinstance(part, DiagonalNormal)]
    return DiagonalNormal(loc, torch.cat(diagonal)) if diagonal else Delta(loc)


def _check_finite(law: Law, start: int) -> None:
    for value in vars(law).values():
        if isinstance(value, Tensor) and not bool(torch.isfinite(value).all()):
            row = start + int(torch.argwhere(~torch.isfinite(value))[0, 0])
            raise InputError(
                f"the encoder gives no finite posterior for row {row}: look at that row, or at the weights"
            )
