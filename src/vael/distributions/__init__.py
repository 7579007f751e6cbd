"""Laws that torch lacks or builds too slowly, and the one function that draws from any."""

from __future__ import annotations

from vael.distributions.bernoulli import Bernoulli, ContinuousBernoulli
from vael.distributions.delta import Delta
from vael.distributions.discrete import Categorical, DiscretisedLogistic
from vael.distributions.divergence import closed_form_kl, kl_per_latent
from vael.distributions.draw import draw, fork
from vael.distributions.law import Law
from vael.distributions.normal import DiagonalNormal, FullNormal

__all__ = [
    "Bernoulli",
    "Categorical",
    "ContinuousBernoulli",
    "Delta",
    "DiagonalNormal",
    "DiscretisedLogistic",
    "FullNormal",
    "Law",
    "closed_form_kl",
    "draw",
    "fork",
    "kl_per_latent",
]
