"""Laws that torch lacks or builds too slowly, and the one function that draws from any."""

from __future__ import annotations

from vael.distributions.bernoulli import Bernoulli
from vael.distributions.categorical import Categorical
from vael.distributions.continuous_bernoulli import ContinuousBernoulli
from vael.distributions.conversion import as_law
from vael.distributions.delta import Delta
from vael.distributions.discretised_logistic import DiscretisedLogistic
from vael.distributions.divergence import closed_form_kl, kl_per_latent
from vael.distributions.draw import draw, fork
from vael.distributions.full_normal import FullNormal
from vael.distributions.law import Law
from vael.distributions.mixture import UniformMixture
from vael.distributions.normal import DiagonalNormal
from vael.distributions.power_spherical import PowerSpherical
from vael.distributions.spaces import Euclidean, PoincareBall, Space, Sphere
from vael.distributions.sphere_uniform import SphereUniform
from vael.distributions.von_mises_fisher import VonMisesFisher
from vael.distributions.wrapped_normal import WrappedNormal

__all__ = [
    "Bernoulli",
    "Categorical",
    "ContinuousBernoulli",
    "Delta",
    "DiagonalNormal",
    "DiscretisedLogistic",
    "Euclidean",
    "FullNormal",
    "Law",
    "PoincareBall",
    "PowerSpherical",
    "Space",
    "Sphere",
    "SphereUniform",
    "UniformMixture",
    "VonMisesFisher",
    "WrappedNormal",
    "as_law",
    "closed_form_kl",
    "draw",
    "fork",
    "kl_per_latent",
]
