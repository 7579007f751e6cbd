"""How good a model's samples are, beside held-out rows of the same number."""

from __future__ import annotations

from vael.evaluation.samples.features import ClassifierFeatures, FeatureExtractor
from vael.evaluation.samples.frechet import FrechetDistance, frechet_distance, gaussian_frechet
from vael.evaluation.samples.manifold import ManifoldScores, expected_coverage, precision_recall
from vael.evaluation.samples.memorisation import (
    NearestTrainingRows,
    data_copying_z,
    nearest_training_rows,
)
from vael.evaluation.samples.quality import sample_quality
from vael.evaluation.samples.scores import SampleQuality, Score
from vael.evaluation.samples.two_sample import ClassifierTwoSample, classifier_two_sample

__all__ = [
    "ClassifierFeatures",
    "ClassifierTwoSample",
    "FeatureExtractor",
    "FrechetDistance",
    "ManifoldScores",
    "NearestTrainingRows",
    "SampleQuality",
    "Score",
    "classifier_two_sample",
    "data_copying_z",
    "expected_coverage",
    "frechet_distance",
    "gaussian_frechet",
    "nearest_training_rows",
    "precision_recall",
    "sample_quality",
]
