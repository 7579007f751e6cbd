"""Whether each latent stands for one factor that made the data."""

from __future__ import annotations

from vael.evaluation.disentanglement.beta_vae import BetaVAEResult, BetaVAEScore
from vael.evaluation.disentanglement.code import Code
from vael.evaluation.disentanglement.dci import DCI, TREES, DCIResult
from vael.evaluation.disentanglement.disentanglement import (
    DEFAULT_SCORES,
    Disentanglement,
    disentanglement_scores,
)
from vael.evaluation.disentanglement.factor_vae import FactorVAEResult, FactorVAEScore
from vael.evaluation.disentanglement.mutual_information import (
    MutualInformationGap,
    MutualInformationGapResult,
)
from vael.evaluation.disentanglement.score import DisentanglementScore, Measured, Score

__all__ = [
    "DCI",
    "DEFAULT_SCORES",
    "TREES",
    "BetaVAEResult",
    "BetaVAEScore",
    "Code",
    "DCIResult",
    "Disentanglement",
    "DisentanglementScore",
    "FactorVAEResult",
    "FactorVAEScore",
    "Measured",
    "MutualInformationGap",
    "MutualInformationGapResult",
    "Score",
    "disentanglement_scores",
]
