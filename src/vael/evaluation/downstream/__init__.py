"""What latents are good for: classification with few labels, clustering, and what else they are put to."""

from __future__ import annotations

from vael.evaluation.downstream.anomaly import AnomalyRow, AnomalyTable, anomaly
from vael.evaluation.downstream.anomaly_scores import AnomalyScores, RowFunctions, anomaly_scores
from vael.evaluation.downstream.clustering import clustering_accuracy
from vael.evaluation.downstream.graph_learner import GraphLearner
from vael.evaluation.downstream.graphs import NeighbourGraph
from vael.evaluation.downstream.label_spreading import LabelSpreading
from vael.evaluation.downstream.laplace_learning import LaplaceLearning
from vael.evaluation.downstream.poisson_learning import PoissonLearning
from vael.evaluation.downstream.probe import compare_representations, probe
from vael.evaluation.downstream.probe_table import PairedDifference, ProbeRow, ProbeTable
from vael.evaluation.downstream.representations import representations
from vael.evaluation.downstream.roc import RocAuc, roc_auc
from vael.evaluation.downstream.synthetic import synthetic_use
from vael.evaluation.downstream.synthetic_table import SyntheticDifference, SyntheticRow, SyntheticTable
from vael.evaluation.downstream.unlabelled import unlabelled_curve
from vael.evaluation.downstream.unlabelled_table import UnlabelledCurve, UnlabelledRow

__all__ = [
    "AnomalyRow",
    "AnomalyScores",
    "AnomalyTable",
    "GraphLearner",
    "LabelSpreading",
    "LaplaceLearning",
    "NeighbourGraph",
    "PairedDifference",
    "PoissonLearning",
    "ProbeRow",
    "ProbeTable",
    "RocAuc",
    "RowFunctions",
    "SyntheticDifference",
    "SyntheticRow",
    "SyntheticTable",
    "UnlabelledCurve",
    "UnlabelledRow",
    "anomaly",
    "anomaly_scores",
    "clustering_accuracy",
    "compare_representations",
    "probe",
    "representations",
    "roc_auc",
    "synthetic_use",
    "unlabelled_curve",
]
