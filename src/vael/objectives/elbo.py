"""The evidence lower bound, with the weightings of its KL that the literature uses."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from vael.distributions import closed_form_kl, draw, kl_per_latent
from vael.errors import InputError
from vael.models import LatentVariableModel
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
        free_bits: Nats that each latent's KL, averaged over the batch, costs at least (Kingma 2016).
        warm_up: Part of training, in [0, 1], over which beta rises from 0.
    """

    beta: float = 1.0
    samples: int = 1
    free_bits: float = 0.0
    warm_up: float = 0.0

    def __post_init__(self) -> None:
        if self.beta < 0:
            raise InputError(f"beta must be >= 0, got {self.beta}")
        if self.samples < 1:
            raise InputError(f"samples must be >= 1, got {self.samples}")
        if self.free_bits < 0:
            raise InputError(f"free_bits must be >= 0 nats, got {self.free_bits}")
        if not 0 <= self.warm_up <= 1:
            raise InputError(f"warm_up is a part of training, in [0, 1], got {self.warm_up}")

    def weight(self, progress: float) -> float:
        """The weight of the KL in the loss at this point of training."""
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
        q_z, p_z = model.encoder(x), model.prior()
        z = draw(q_z, (self.samples,), generator) if self.samples > 1 else draw(q_z, (), generator)
        log_likelihood = model.decoder(z).log_prob(x)
        per_latent = kl_per_latent(q_z, p_z)
        kl = per_latent.sum(-1) if per_latent is not None else closed_form_kl(q_z, p_z)
        if kl is None:
            kl = q_z.log_prob(z) - p_z.log_prob(z)
        if self.samples > 1:
            log_likelihood = log_likelihood.mean(0)
            kl = kl.mean(0) if kl.dim() > 1 else kl
        cost = self._free(kl, per_latent)
        loss = self.weight(progress) * cost - log_likelihood.mean()
        with torch.no_grad():
            bound = log_likelihood - kl
        detached = None if per_latent is None else per_latent.detach()
        return Terms(loss, bound, log_likelihood.detach(), kl.detach(), detached)

    def _free(self, kl: Tensor, per_latent: Tensor | None) -> Tensor:
        """The batch's mean KL, with the free nats of each latent taken as spent."""
        if self.free_bits == 0:
            return kl.mean()
        if per_latent is None:
            raise InputError(
                "free_bits needs a KL that splits over latents: use a diagonal posterior"
            )
        return per_latent.mean(0).clamp(min=self.free_bits).sum()
