"""How much of the latents a model uses, and how far their law is from the prior."""

from __future__ import annotations

from vael.evaluation.latents.active import ActiveUnits, active_units
from vael.evaluation.latents.aggregate import AggregateKL, AggregatePosterior, aggregate_posterior
from vael.evaluation.latents.diagnosis import Diagnosis, Finding, diagnose
from vael.evaluation.latents.divergence import LatentKL, latent_kl
from vael.evaluation.latents.information import MutualInformation, mutual_information
from vael.evaluation.latents.use import LatentUse, use_of_latents

__all__ = [
    "ActiveUnits",
    "AggregateKL",
    "AggregatePosterior",
    "Diagnosis",
    "Finding",
    "LatentKL",
    "LatentUse",
    "MutualInformation",
    "active_units",
    "aggregate_posterior",
    "diagnose",
    "latent_kl",
    "mutual_information",
    "use_of_latents",
]
