"""Objectives: called with a model and a batch, they return per-row terms in nats."""

from __future__ import annotations

from vael.objectives.elbo import ELBO
from vael.objectives.iwelbo import IWELBO
from vael.objectives.reconstruction import Reconstruction
from vael.objectives.terms import Objective, Terms

__all__ = ["ELBO", "IWELBO", "Objective", "Reconstruction", "Terms"]
