"""Figures of the theory: one function each, drawn from what `vael.theory` computes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from vael.plots.theory.bayes import BAYES, bayes_update
from vael.plots.theory.beta_sweep import BETA_SWEEP, beta_sweep
from vael.plots.theory.bound import BOUND, elbo_bound, exponential_toy
from vael.plots.theory.die import DIE, die_pmf
from vael.plots.theory.evidence import EVIDENCE, evidence_split
from vael.plots.theory.gradients import GRADIENTS, gradient_variance
from vael.plots.theory.joint import JOINT, joint_density
from vael.plots.theory.kl_asymmetry import KL_ASYMMETRY, kl_asymmetry
from vael.plots.theory.kl_integrand import KL_INTEGRAND, kl_contributions
from vael.plots.theory.latents import LATENTS, LatentView, latent_regularisation
from vael.plots.theory.measures import FitMeasures
from vael.plots.theory.normal import NORMAL, normal_densities
from vael.plots.theory.overfitting import OVERFITTING, overfitting
from vael.plots.theory.posteriors import POSTERIORS, posterior_contours
from vael.plots.theory.record import TheoryFigure

__all__ = [
    "FIGURES",
    "FitMeasures",
    "LatentView",
    "TheoryFigure",
    "bayes_update",
    "beta_sweep",
    "die_pmf",
    "elbo_bound",
    "evidence_split",
    "exponential_toy",
    "gradient_variance",
    "joint_density",
    "kl_asymmetry",
    "kl_contributions",
    "latent_regularisation",
    "normal_densities",
    "overfitting",
    "posterior_contours",
]

FIGURES: Mapping[str, TheoryFigure] = MappingProxyType(
    {
        figure.name: figure
        for figure in (
            DIE,
            NORMAL,
            JOINT,
            BAYES,
            KL_INTEGRAND,
            KL_ASYMMETRY,
            BOUND,
            EVIDENCE,
            POSTERIORS,
            GRADIENTS,
            LATENTS,
            OVERFITTING,
            BETA_SWEEP,
        )
    }
)
"""Every figure by its name, in the order of the theory."""
