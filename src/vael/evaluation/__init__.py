"""What a representation is good for, and how well a model learned its distribution."""

from __future__ import annotations

from vael.evaluation.clustering import clustering_accuracy
from vael.evaluation.denoising import DenoisingResult, corrupt, denoise
from vael.evaluation.graph_learner import GraphLearner
from vael.evaluation.graphs import NeighbourGraph
from vael.evaluation.label_spreading import LabelSpreading
from vael.evaluation.laplace_learning import LaplaceLearning
from vael.evaluation.poisson_learning import PoissonLearning
from vael.evaluation.probe import compare, probe
from vael.evaluation.probe_table import PairedDifference, ProbeRow, ProbeTable

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
    "compare",
    "corrupt",
    "denoise",
    "probe",
]
