"""What latents are good for: classification with few labels, clustering, and what else they are put to."""

from __future__ import annotations

from vael.evaluation.downstream.clustering import clustering_accuracy
from vael.evaluation.downstream.graph_learner import GraphLearner
from vael.evaluation.downstream.graphs import NeighbourGraph
from vael.evaluation.downstream.label_spreading import LabelSpreading
from vael.evaluation.downstream.laplace_learning import LaplaceLearning
from vael.evaluation.downstream.poisson_learning import PoissonLearning
from vael.evaluation.downstream.probe import compare_representations, probe
from vael.evaluation.downstream.probe_table import PairedDifference, ProbeRow, ProbeTable

__all__ = [
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
    "probe",
]
