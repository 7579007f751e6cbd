"""Figures of the theory: one function each, drawn from what `vael.theory` computes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from vael.plots.theory.bayes import BAYES, bayes_update
from vael.plots.theory.die import DIE, die_pmf
from vael.plots.theory.gradients import GRADIENTS, gradient_variance
from vael.plots.theory.joint import JOINT, joint_density
from vael.plots.theory.kl_asymmetry import KL_ASYMMETRY, kl_asymmetry
from vael.plots.theory.kl_integrand import KL_INTEGRAND, kl_contributions
from vael.plots.theory.normal import NORMAL, normal_densities
from vael.plots.theory.record import TheoryFigure

__all__ = [
    "FIGURES",
    "TheoryFigure",
    "bayes_update",
    "die_pmf",
    "gradient_variance",
    "joint_density",
    "kl_asymmetry",
    "kl_contributions",
    "normal_densities",
]

FIGURES: Mapping[str, TheoryFigure] = MappingProxyType(
    {figure.name: figure for figure in (DIE, NORMAL, JOINT, BAYES, KL_INTEGRAND, KL_ASYMMETRY, GRADIENTS)}
)
"""Every figure by its name, in the order of the theory."""
