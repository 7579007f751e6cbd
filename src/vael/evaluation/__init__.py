"""What a representation is good for, and how well a model learned its distribution."""

from __future__ import annotations

from vael.evaluation.downstream import (
    GraphLearner,
    LabelSpreading,
    LaplaceLearning,
    NeighbourGraph,
    PairedDifference,
    PoissonLearning,
    ProbeRow,
    ProbeTable,
    clustering_accuracy,
    compare_representations,
    probe,
)
from vael.evaluation.reconstruction import DenoisingResult, corrupt, denoise

__all__ = [
    "DenoisingResult",
    "GraphLearner",
    "LabelSpreading",
    "LaplaceLearning",
    "NeighbourGraph",
    "PairedDifference",
    "PoissonLearning",
    "ProbeRow",
    "ProbeTable",
    "clustering_accuracy",
    "compare_representations",
    "corrupt",
    "denoise",
    "probe",
]
