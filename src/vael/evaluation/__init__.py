"""What a representation is good for, and how well a model learned its distribution."""

from __future__ import annotations

from vael.evaluation.graph_learner import GraphLearner
from vael.evaluation.graphs import NeighbourGraph
from vael.evaluation.label_spreading import LabelSpreading
from vael.evaluation.laplace_learning import LaplaceLearning
from vael.evaluation.poisson_learning import PoissonLearning

__all__ = [
    "GraphLearner",
    "LabelSpreading",
    "LaplaceLearning",
    "NeighbourGraph",
    "PoissonLearning",
]
