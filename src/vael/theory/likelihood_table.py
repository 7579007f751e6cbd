"""ln p(x|z) of many rows at many shared latents."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributions import Distribution
from torch.nn.functional import log_softmax, one_hot, softplus

from vael.distributions import Bernoulli, Categorical, ContinuousBernoulli, DiagonalNormal, as_law

__all__ = ["is_linear", "log_likelihood_table"]

ELEMENTS = 2**23  # of a broadcast product of rows, latents and features


def is_linear(law: Distribution) -> bool:
    """Whether ln p(x|z) is a product of a statistic of x and one of z: then a table is a matrix product."""
    return isinstance(as_law(law), (Bernoulli, ContinuousBernoulli, DiagonalNormal, Categorical))


def log_likelihood_table(law: Distribution, x: Float[Tensor, "n features"]) -> Float[Tensor, "n latents"]:
    r"""Return the log-density of each row under each of a batch of laws, in nats.

    Exponential families, :math:`\ln p(x) = T(x) \cdot \eta - A(\eta)`, by one matrix product.
    """
    law = as_law(law)
    if isinstance(law, Bernoulli):
        return x @ law.logits.mT - softplus(law.logits).sum(-1)
    if isinstance(law, ContinuousBernoulli):
        return x @ law.logits.mT - law.log_normaliser.sum(-1)
    if isinstance(law, DiagonalNormal):
        return _normal(law, x)
    if isinstance(law, Categorical):
        log_p = log_softmax(law.logits, -1)
        levels = log_p.shape[-1]
        hot = one_hot((x * (levels - 1)).round().long(), levels).to(x)
        return hot.flatten(1) @ log_p.flatten(1).mT
    size = max(1, ELEMENTS // max(1, law.batch_shape[0] * x.shape[1]))
    return torch.cat([law.log_prob(part.unsqueeze(1)) for part in x.split(size)])


def _normal(law: DiagonalNormal, x: Tensor) -> Tensor:
    """Expand the square in float64, around a common centre, so that little cancels."""
    loc, x = law.loc.double(), x.double()
    centre = x.mean(0)
    loc, x = loc - centre, x - centre
    log_scale = law.log_scale.double().expand_as(loc)
    precision = (-2 * log_scale).exp()
    quadratic = x.square() @ precision.mT - 2 * x @ (loc * precision).mT + (loc.square() * precision).sum(-1)
    return -0.5 * (quadratic + x.shape[1] * math.log(2 * math.pi)) - log_scale.sum(-1)
