"""The theory of variational autoencoders, made executable: exact where it can be, in float64."""

from __future__ import annotations

from vael.theory.bayes import evidence, posterior, posterior_density, posteriors
from vael.theory.continuous import Density, normal_density
from vael.theory.divergence import kl_integrand, kl_monte_carlo, kl_normal, kl_quadrature
from vael.theory.exact_results import JointSample, NormalPosterior
from vael.theory.finite import FiniteDistribution, RandomVariable
from vael.theory.gaussian_mixture import EMResult, GaussianMixture
from vael.theory.joint_density import JointDensity, joint_normal_density
from vael.theory.joint_table import JointTable
from vael.theory.linear_gaussian import BetaOptimum, LinearGaussian
from vael.theory.quadrature import integrate, integrate_2d, integrate_many
from vael.theory.results import Estimate, Integral

__all__ = [
    "BetaOptimum",
    "Density",
    "EMResult",
    "Estimate",
    "FiniteDistribution",
    "GaussianMixture",
    "Integral",
    "JointDensity",
    "JointSample",
    "JointTable",
    "LinearGaussian",
    "NormalPosterior",
    "RandomVariable",
    "evidence",
    "integrate",
    "integrate_2d",
    "integrate_many",
    "joint_normal_density",
    "kl_integrand",
    "kl_monte_carlo",
    "kl_normal",
    "kl_quadrature",
    "normal_density",
    "posterior",
    "posterior_density",
    "posteriors",
]
