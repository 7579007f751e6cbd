"""The theory of variational autoencoders, made executable: exact where it can be, in float64."""

from __future__ import annotations

from vael.theory.bayes import evidence, posterior, posterior_density, posteriors
from vael.theory.bound import LatentToy, ThreeWays, elbo_three_ways
from vael.theory.continuous import Density, normal_density
from vael.theory.decompose import Decomposition, decompose
from vael.theory.divergence import kl_integrand, kl_monte_carlo, kl_normal, kl_quadrature
from vael.theory.exact_results import JointSample, NormalPosterior
from vael.theory.finite import FiniteDistribution, RandomVariable
from vael.theory.gaussian_identities import GaussianIdentities, gaussian_identities
from vael.theory.gaussian_mixture import EMResult, GaussianMixture
from vael.theory.gradient_study import GradientStudy, gradient_study
from vael.theory.gradients import (
    Gradient,
    GradientSamples,
    Quadratic,
    exact_gradient,
    mean_baseline,
    optimal_baseline,
    reparameterised_gradient,
    score_function_gradient,
)
from vael.theory.joint_density import JointDensity, joint_normal_density
from vael.theory.joint_table import JointTable
from vael.theory.latent_grid import PosteriorGrid
from vael.theory.linear_gaussian import BetaOptimum, LinearGaussian
from vael.theory.mean_field import MeanFieldResult, NormalMeanField, mean_field, normal_mean_field
from vael.theory.mixture_cavi import CAVIResult, mixture_cavi
from vael.theory.mixture_exact import ExactMixture, exact_mixture
from vael.theory.mixture_prior import MixturePrior
from vael.theory.normal_expectation import Normals
from vael.theory.quadrature import integrate, integrate_2d, integrate_many
from vael.theory.results import Estimate, Integral

__all__ = [
    "BetaOptimum",
    "CAVIResult",
    "Decomposition",
    "Density",
    "EMResult",
    "Estimate",
    "ExactMixture",
    "FiniteDistribution",
    "GaussianIdentities",
    "GaussianMixture",
    "Gradient",
    "GradientSamples",
    "GradientStudy",
    "Integral",
    "JointDensity",
    "JointSample",
    "JointTable",
    "LatentToy",
    "LinearGaussian",
    "MeanFieldResult",
    "MixturePrior",
    "NormalMeanField",
    "NormalPosterior",
    "Normals",
    "PosteriorGrid",
    "Quadratic",
    "RandomVariable",
    "ThreeWays",
    "decompose",
    "elbo_three_ways",
    "evidence",
    "exact_gradient",
    "exact_mixture",
    "gaussian_identities",
    "gradient_study",
    "integrate",
    "integrate_2d",
    "integrate_many",
    "joint_normal_density",
    "kl_integrand",
    "kl_monte_carlo",
    "kl_normal",
    "kl_quadrature",
    "mean_baseline",
    "mean_field",
    "mixture_cavi",
    "normal_density",
    "normal_mean_field",
    "optimal_baseline",
    "posterior",
    "posterior_density",
    "posteriors",
    "reparameterised_gradient",
    "score_function_gradient",
]
