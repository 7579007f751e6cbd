"""The path from a law that is easy to draw from to the posterior, with its slopes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Distribution

from vael.distributions import Bernoulli
from vael.errors import InputError
from vael.models import LatentVariableModel

__all__ = ["AnnealingPath", "Position"]


@dataclass(frozen=True)
class Position:
    """Points of the latent space with what the path needs of them.

    Attributes
    ----------
        z: ``(chains, rows, latent)``.
        log_start: ln q0(z), ``(chains, rows)``.
        log_ratio: ln p(x, z) - ln q0(z), ``(chains, rows)``.
        start_slope: Gradient of `log_start` in z, of the shape of z.
        ratio_slope: Gradient of `log_ratio` in z.
    """

    z: Tensor
    log_start: Tensor
    log_ratio: Tensor
    start_slope: Tensor
    ratio_slope: Tensor

    def log_density(self, b: float) -> Tensor:
        """Ln f_b(z), ``(chains, rows)``."""
        return self.log_start + b * self.log_ratio

    def slope(self, b: float) -> Tensor:
        """Gradient of ln f_b(z), of the shape of z."""
        return self.start_slope + b * self.ratio_slope

    def where(self, taken: Tensor, other: Position) -> Position:
        """These points where `taken`, ``(chains, rows)``, and others elsewhere."""
        wide = taken.unsqueeze(-1)
        return Position(
            torch.where(wide, self.z, other.z),
            torch.where(taken, self.log_start, other.log_start),
            torch.where(taken, self.log_ratio, other.log_ratio),
            torch.where(wide, self.start_slope, other.start_slope),
            torch.where(wide, self.ratio_slope, other.ratio_slope),
        )


@dataclass(frozen=True, eq=False)
class AnnealingPath:
    r"""The densities :math:`f_b(z) = q_0(z)^{1-b}\, p(x, z)^b` of some rows, up to their constants.

    Attributes
    ----------
        model: The model, with a prior.
        x: Rows, ``(rows, features)``.
        start: q0 for each row, or None for the prior.
    """

    model: LatentVariableModel
    x: Tensor
    start: Distribution | None

    def __post_init__(self) -> None:
        for law in (self._prior, self.start):
            if not getattr(law, "flat", True):
                raise InputError(
                    "annealed importance sampling walks through flat space, but this model's latents lie on "
                    f"a curved one ({type(law).__name__}): use ImportanceSampling"
                )

    def at(self, z: Float[Tensor, "chains rows latent"]) -> Position:
        """Return points with their log-densities and slopes."""
        log_likelihood, slope = self._likelihood(z, value=True)
        assert log_likelihood is not None
        log_prior, prior_slope = _with_slope(self._prior, z)
        if self.start is None:
            return Position(z, log_prior, log_likelihood, prior_slope, slope)
        log_start, start_slope = _with_slope(self.start, z)
        ratio = log_likelihood + log_prior - log_start
        return Position(z, log_start, ratio, start_slope, slope + prior_slope - start_slope)

    def slope(self, z: Float[Tensor, "chains rows latent"], b: float) -> Float[Tensor, "chains rows latent"]:
        """Return the gradient of ln f_b, which is cheaper than the log-densities beside it."""
        _, slope = self._likelihood(z, value=False)
        _, prior_slope = _with_slope(self._prior, z)
        if self.start is None:
            return prior_slope + b * slope
        _, start_slope = _with_slope(self.start, z)
        return (1 - b) * start_slope + b * (slope + prior_slope)

    @property
    def _prior(self) -> Distribution:
        assert self.model.prior is not None
        return self.model.prior()

    def _likelihood(self, z: Tensor, *, value: bool) -> tuple[Tensor | None, Tensor]:
        """Ln p(x|z), if asked, and its gradient in z."""
        z = z.detach().requires_grad_()
        with torch.enable_grad():
            law = self.model.decoder(z)
        if isinstance(law, Bernoulli):  # the slope in the logits is x - mean: no need to go through ln p
            logits = law.logits.detach()
            (slope,) = _gradient(law.logits, z, self.x - logits.sigmoid())
            return (Bernoulli(logits).log_prob(self.x) if value else None), slope
        with torch.enable_grad():
            log_likelihood = law.log_prob(self.x)
        (slope,) = _gradient(log_likelihood, z, torch.ones_like(log_likelihood))
        return log_likelihood.detach(), slope


def _with_slope(law: Distribution, z: Tensor) -> tuple[Tensor, Tensor]:
    z = z.detach().requires_grad_()
    with torch.enable_grad():
        log_prob = law.log_prob(z)
    (slope,) = _gradient(log_prob, z, torch.ones_like(log_prob))
    return log_prob.detach(), slope


def _gradient(value: Tensor, z: Tensor, weight: Tensor) -> tuple[Tensor, ...]:
    if not value.requires_grad:
        raise InputError(
            "ln p(x, z) has no gradient in z, along which annealed importance sampling moves: use "
            "ImportanceSampling"
        )
    return torch.autograd.grad(value, z, weight)
