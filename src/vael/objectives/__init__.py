"""Objectives: called with a model and a batch, they return per-row terms in nats."""

from __future__ import annotations

from .elbo import ELBO
from .iwelbo import IWELBO
from .reconstruction import Reconstruction
from .terms import Objective, Terms

__all__ = ["ELBO", "IWELBO", "Objective", "Reconstruction", "Terms"]
