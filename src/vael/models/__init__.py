"""Latent variable models: priors, posteriors, likelihoods, and what joins them."""

from __future__ import annotations

from .encoder import Decoder, Encoder
from .latent_variable_model import LatentVariableModel
from .likelihoods import (
    Bernoulli,
    Categorical,
    ContinuousBernoulli,
    DiscretisedLogistic,
    FeatureGaussian,
    FixedGaussian,
    Likelihood,
    SharedGaussian,
)
from .log_weights import WeightedSamples, log_weights
from .posteriors import (
    DeltaPosterior,
    DiagonalNormalPosterior,
    FullNormalPosterior,
    Posterior,
    SharedScalePosterior,
)
from .priors import StandardNormal

__all__ = [
    "Bernoulli",
    "Categorical",
    "ContinuousBernoulli",
    "Decoder",
    "DeltaPosterior",
    "DiagonalNormalPosterior",
    "DiscretisedLogistic",
    "Encoder",
    "FeatureGaussian",
    "FixedGaussian",
    "FullNormalPosterior",
    "LatentVariableModel",
    "Likelihood",
    "Posterior",
    "SharedGaussian",
    "SharedScalePosterior",
    "StandardNormal",
    "WeightedSamples",
    "log_weights",
]
