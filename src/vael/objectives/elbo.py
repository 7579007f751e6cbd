"""The evidence lower bound, with the weightings of its KL that the literature uses."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real

from jaxtyping import Float
from torch import Generator, Tensor

from vael.distributions import Delta, draw
from vael.errors import InputError
from vael.models import LatentVariableModel
from vael.objectives.divergence import Divergence, divergence
from vael.objectives.reparameterised import check_reparameterised
from vael.objectives.terms import Terms
from vael.specification import part

__all__ = ["ELBO"]


@part
@dataclass(frozen=True)
class ELBO:
    r"""Evidence lower bound (Kingma & Welling 2014, eq. 3).

    .. math:: E_{q(z|x)}[\ln p(x|z)] - \beta\, KL(q(z|x) \| p(z))

    The reported bound has beta = 1, whatever the loss weighs.

    Arguments:
        beta: Weight of the KL in the loss (Higgins 2017).
        samples: Samples of z a row.
        free_bits: Nats that each latent's KL, averaged over the batch, costs at least (Kingma 2016,
            arXiv 1606.04934, eq. 15).
        warm_up: Part of training, in [0, 1], over which beta rises from 0.
    """

    beta: float = 1.0
    samples: int = 1
    free_bits: float = 0.0
    warm_up: float = 0.0

    def __post_init__(self) -> None:
        if not (isinstance(self.beta, Real) and 0 <= self.beta < float("inf")):
            raise InputError(f"beta must be >= 0 and finite, got {self.beta!r}")
        if self.samples < 1:
            raise InputError(f"samples must be >= 1, got {self.samples}")
        if not 0 <= self.free_bits < float("inf"):
            raise InputError(f"free_bits must be >= 0 nats and finite, got {self.free_bits}")
        if not 0 <= self.warm_up <= 1:
            raise InputError(f"warm_up is a part of training, in [0, 1], got {self.warm_up}")

    def draws(self, progress: float) -> int:
        """Return the samples of z a row."""
        return self.samples

    def weight(self, progress: float) -> float:
        """Return the weight of the KL in the loss at this point of training."""
        rise = 1.0 if self.warm_up == 0 else min(1.0, progress / self.warm_up)
        return self.beta * rise

    def __call__(
        self,
        model: LatentVariableModel,
        x: Float[Tensor, "batch features"],
        *,
        generator: Generator | None = None,
        progress: float = 1.0,
    ) -> Terms:
        """Compute the terms of a batch."""
        if model.prior is None:
            raise InputError("the ELBO needs a prior: give the model one, or use Reconstruction()")
        q_z = model.encoder(x)
        if isinstance(q_z, Delta):
            raise InputError(
                "a point posterior has no density, so it has no ELBO: choose posterior='diagonal', "
                "or use Reconstruction()"
            )
        check_reparameterised(model, q_z)
        z = draw(q_z, (self.samples,), generator)
        log_likelihood = model.decoder(z).log_prob(x).mean(0)
        kl = divergence(q_z, model.prior(), z)
        loss = self.weight(progress) * self._cost(kl) - log_likelihood.mean()
        return Terms.of(loss, log_likelihood - kl.total, log_likelihood, kl)

    def _cost(self, kl: Divergence) -> Tensor:
        """Average the KL over the batch, taking each latent's free nats as spent."""
        if self.free_bits == 0:
            return kl.total.mean()
        if kl.per_latent is None:
            raise InputError("free_bits needs a KL that splits over latents: use a diagonal posterior")
        return kl.per_latent.mean(0).clamp(min=self.free_bits).sum()
