"""Latent variable models: priors, posteriors, likelihoods, and what joins them."""

from __future__ import annotations

from vael.models.encoder import Decoder, Encoder
from vael.models.ensembles import DecoderEnsemble
from vael.models.latent_variable_model import LatentVariableModel
from vael.models.likelihoods import (
    Bernoulli,
    Categorical,
    ContinuousBernoulli,
    DiscretisedLogistic,
    FeatureGaussian,
    FixedGaussian,
    Likelihood,
    SharedGaussian,
)
from vael.models.log_weights import WeightedSamples, log_weights, weigh
from vael.models.posteriors import (
    DeltaPosterior,
    DiagonalNormalPosterior,
    FullNormalPosterior,
    Posterior,
    SharedScalePosterior,
)
from vael.models.posteriors_curved import (
    PowerSphericalPosterior,
    VonMisesFisherPosterior,
    WrappedNormalPosterior,
)
from vael.models.priors import StandardNormal, UniformSphere, WrappedNormalPrior

__all__ = [
    "Bernoulli",
    "Categorical",
    "ContinuousBernoulli",
    "Decoder",
    "DecoderEnsemble",
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
    "PowerSphericalPosterior",
    "SharedGaussian",
    "SharedScalePosterior",
    "StandardNormal",
    "UniformSphere",
    "VonMisesFisherPosterior",
    "WeightedSamples",
    "WrappedNormalPosterior",
    "WrappedNormalPrior",
    "log_weights",
    "weigh",
]
