"""Laws that torch lacks or builds too slowly, and the one function that draws from any."""

from __future__ import annotations

from .bernoulli import Bernoulli, ContinuousBernoulli
from .delta import Delta
from .discrete import Categorical, DiscretisedLogistic
from .divergence import closed_form_kl, kl_per_latent
from .draw import draw, fork
from .law import Law
from .normal import DiagonalNormal, FullNormal

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
