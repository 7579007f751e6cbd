"""Statistics of points on a manifold, in scikit-learn's shape."""

from __future__ import annotations

from vael.geometry.statistics.frechet import FrechetMean, frechet_mean
from vael.geometry.statistics.kmeans import GeodesicKMeans
from vael.geometry.statistics.neighbours import GeodesicKNeighborsClassifier
from vael.geometry.statistics.tangent_pca import TangentPCA

__all__ = [
    "FrechetMean",
    "GeodesicKMeans",
    "GeodesicKNeighborsClassifier",
    "TangentPCA",
    "frechet_mean",
]
