"""How likely a model makes rows: estimators of ln p(x), and how far to trust them."""

from __future__ import annotations

from vael.evaluation.likelihood.ais import AIS
from vael.evaluation.likelihood.bdmc import BidirectionalBounds, bdmc
from vael.evaluation.likelihood.estimate import LikelihoodEstimate, from_log_weights
from vael.evaluation.likelihood.importance_sampling import ImportanceSampling
from vael.evaluation.likelihood.log_likelihood import LikelihoodMethod, log_likelihood

__all__ = [
    "AIS",
    "BidirectionalBounds",
    "ImportanceSampling",
    "LikelihoodEstimate",
    "LikelihoodMethod",
    "bdmc",
    "from_log_weights",
    "log_likelihood",
]
