r"""Coordinates of laws in which their Riemannian metric is Euclidean.

The Fisher information of a law with one parameter is flat: the integral of its root is a coordinate in which
lengths are those of information (Rao 1945). A decoder followed by this map is an immersion.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import singledispatch

import torch
from torch import Tensor
from torch import distributions as torch_laws
from torch.distributions import Distribution

from vael import distributions as laws
from vael.errors import InputError
from vael.geometry.logit_maps import bernoulli_map, continuous_bernoulli_map, negative_binomial_map

__all__ = ["METRICS", "register_map", "statistical_map"]

METRICS = ("auto", "fisher-rao", "expected", "mean")

Parts = tuple[Tensor, ...]


def statistical_map(law: Distribution, *, metric: str = "auto", scale_varies: bool = True) -> Tensor:
    r"""Return the coordinates of a law in which its metric is Euclidean.

    ==================================  ========================================
    law                                 coordinates
    ==================================  ========================================
    Bernoulli                           2 arctan exp(logit / 2)
    continuous Bernoulli                the integral of the root of its variance
    Poisson                             2 sqrt(rate)
    negative binomial, r known          2 sqrt(r) asinh(sqrt(mean / r))
    gamma, shape k known; exponential   sqrt(k) ln(rate)
    categorical, one-hot                2 sqrt(p), of every level
    normal, the scale the same for all  mean / scale
    normal                              [mean; scale]: the expected metric
    full normal                         the same, by its Cholesky factor
    discretised logistic                [location; standard deviation]: expected
    point mass                          the point
    an ensemble of M                    those of all members / sqrt(M)
    any other                           its mean
    ==================================  ========================================

    What is called known must not depend on the latents. The expected metric is
    :math:`E[J^T J]` over draws of the reparameterised law (Arvanitidis 2018, arXiv 1710.11379); that of an
    ensemble, over its members too (Syrota 2024, arXiv 2408.07507, eq. 14).

    Arguments:
        law: Of batch shape ``(*batch,)``; `torch.distributions.Independent` of a law counts as that law.
        metric: ``"fisher-rao"``: of the law's information, or an error where no coordinates make it flat.
            ``"expected"``: of draws, for normals and logistics; the others as in ``"auto"``.
            ``"mean"``: Euclidean distance of means. ``"auto"``: Fisher-Rao where it is flat, else expected.
        scale_varies: Whether the scale of a normal depends on the latents.

    Returns:
        Coordinates, of shape ``(*batch, N)``.

    Raises:
        InputError: If there are none.
    """
    if metric not in METRICS:
        raise InputError(f"metric must be one of {', '.join(METRICS)}, got {metric!r}")
    batch = len(law.batch_shape)
    parts = [
        part.unsqueeze(-1) if part.dim() == batch else part for part in _parts(law, metric, scale_varies)
    ]
    return torch.cat([part.flatten(batch) for part in parts], -1)


def register_map(kind: type[Distribution], rule: Callable[[Distribution], Tensor]) -> None:
    """Give a kind of laws coordinates of their own, in place of the mean.

    Arguments:
        kind: A class of laws.
        rule: Maps a law to coordinates whose first axes are its batch.
    """
    _rule.register(kind, lambda law, metric, scale_varies: (rule(law),))


def _parts(law: Distribution, metric: str, scale_varies: bool) -> Parts:
    """Coordinates in blocks, whose first axes are those of the batch."""
    if isinstance(law, laws.UniformMixture):
        each = [part for one in law.components for part in _parts(one, metric, scale_varies)]
        return tuple(part / math.sqrt(len(law.components)) for part in each)
    if isinstance(law, torch_laws.Independent):
        return _parts(law.base_dist, metric, scale_varies)
    return (_mean(law),) if metric == "mean" else _rule(law, metric, scale_varies)


def _mean(law: Distribution) -> Tensor:
    try:
        return law.mean
    except NotImplementedError as error:
        raise InputError(
            f"{type(law).__name__} has no mean: say by vael.geometry.register_map what coordinates it has"
        ) from error


@singledispatch
def _rule(law: Distribution, metric: str, scale_varies: bool) -> Parts:
    if metric == "fisher-rao":
        raise InputError(
            f"no coordinates are known in which the Fisher information of {type(law).__name__} is flat: "
            "use metric='auto', or say them by vael.geometry.register_map"
        )
    return (_mean(law),)


@_rule.register
def _(law: laws.Bernoulli, metric: str, scale_varies: bool) -> Parts:
    return (bernoulli_map(law.logits),)


@_rule.register
def _(law: torch_laws.Bernoulli, metric: str, scale_varies: bool) -> Parts:
    return (bernoulli_map(law.logits),)


@_rule.register
def _(law: laws.ContinuousBernoulli, metric: str, scale_varies: bool) -> Parts:
    return (continuous_bernoulli_map(law.logits),)


@_rule.register
def _(law: torch_laws.ContinuousBernoulli, metric: str, scale_varies: bool) -> Parts:
    return (continuous_bernoulli_map(law.logits),)


@_rule.register
def _(law: torch_laws.Poisson, metric: str, scale_varies: bool) -> Parts:
    # A rate that underflows to 0 would have an infinite slope.
    return (2 * law.rate.clamp(min=torch.finfo(law.rate.dtype).tiny).sqrt(),)


@_rule.register
def _(law: torch_laws.NegativeBinomial, metric: str, scale_varies: bool) -> Parts:
    return (torch.as_tensor(law.total_count).sqrt() * negative_binomial_map(law.logits),)


@_rule.register
def _(law: torch_laws.Gamma, metric: str, scale_varies: bool) -> Parts:
    return (law.concentration.sqrt() * law.rate.log(),)


@_rule.register
def _(law: torch_laws.Exponential, metric: str, scale_varies: bool) -> Parts:
    return (law.rate.log(),)


@_rule.register
def _(law: laws.Categorical, metric: str, scale_varies: bool) -> Parts:
    return (_root_probabilities(law.logits),)


@_rule.register
def _(law: torch_laws.Categorical, metric: str, scale_varies: bool) -> Parts:
    return (_root_probabilities(law.logits),)


@_rule.register
def _(law: torch_laws.OneHotCategorical, metric: str, scale_varies: bool) -> Parts:
    return (_root_probabilities(law.logits),)


def _root_probabilities(logits: Tensor) -> Tensor:
    return 2 * (logits.log_softmax(-1) / 2).exp()


@_rule.register
def _(law: laws.Delta, metric: str, scale_varies: bool) -> Parts:
    return (law.loc,)


@_rule.register
def _(law: laws.DiagonalNormal, metric: str, scale_varies: bool) -> Parts:
    return _of_normal(law.loc, law.log_scale.exp(), metric, scale_varies)


@_rule.register
def _(law: torch_laws.Normal, metric: str, scale_varies: bool) -> Parts:
    return _of_normal(law.loc, law.scale, metric, scale_varies)


def _of_normal(loc: Tensor, scale: Tensor, metric: str, scale_varies: bool) -> Parts:
    if not scale_varies and metric != "expected":
        return (loc / scale,)
    if metric == "fisher-rao":
        raise InputError(
            "the Fisher information of normals whose scale varies is not flat: its distances are "
            "normal_fisher_rao_chord's; metric='expected' has coordinates"
        )
    return loc, scale.expand_as(loc)


@_rule.register
def _(law: laws.FullNormal, metric: str, scale_varies: bool) -> Parts:
    return _of_full_normal(law.loc, law.scale_tril, metric, scale_varies)


@_rule.register
def _(law: torch_laws.MultivariateNormal, metric: str, scale_varies: bool) -> Parts:
    return _of_full_normal(law.loc, law.scale_tril, metric, scale_varies)


def _of_full_normal(loc: Tensor, tril: Tensor, metric: str, scale_varies: bool) -> Parts:
    if not scale_varies and metric != "expected":
        return (torch.linalg.solve_triangular(tril, loc.unsqueeze(-1), upper=False).squeeze(-1),)
    if metric == "fisher-rao":
        raise InputError(
            "the Fisher information of full normals whose covariance varies is not flat, and its distances "
            "have no closed form: use metric='expected'"
        )
    return loc, tril.expand(*loc.shape, loc.shape[-1])


@_rule.register
def _(law: laws.DiscretisedLogistic, metric: str, scale_varies: bool) -> Parts:
    if metric == "fisher-rao":
        raise InputError("the Fisher information of logistics is not flat: use metric='expected'")
    return law.loc, law.log_scale.exp() * (math.pi / math.sqrt(3))
