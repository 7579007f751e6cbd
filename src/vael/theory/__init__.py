"""The theory of variational autoencoders, made executable: exact where it can be, in float64."""

from __future__ import annotations

from vael.theory.exact_results import JointSample, NormalPosterior
from vael.theory.gaussian_mixture import EMResult, GaussianMixture
from vael.theory.linear_gaussian import BetaOptimum, LinearGaussian
from vael.theory.results import Estimate, Integral

__all__ = [
    "BetaOptimum",
    "EMResult",
    "Estimate",
    "GaussianMixture",
    "Integral",
    "JointSample",
    "LinearGaussian",
    "NormalPosterior",
]
