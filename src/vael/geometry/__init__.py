"""The geometry of latent space: metric, geodesics, distances, curvature, statistics."""

from __future__ import annotations

from vael.geometry.decoders import as_immersion
from vael.geometry.diagnosis import GeometryDiagnosis, Stability, diagnose_geometry, stability
from vael.geometry.geodesics import DataGraph, Geodesics
from vael.geometry.immersion import Immersion
from vael.geometry.latent_manifold import LatentManifold
from vael.geometry.manifold import Manifold, MetricManifold
from vael.geometry.sampling import VolumeSamples
from vael.geometry.statistical_maps import register_map, statistical_map
from vael.geometry.statistics import (
    FrechetMean,
    GeodesicKMeans,
    GeodesicKNeighborsClassifier,
    TangentPCA,
    frechet_mean,
)
from vael.geometry.uncertainty import RadialPrecision

__all__ = [
    "DataGraph",
    "FrechetMean",
    "GeodesicKMeans",
    "GeodesicKNeighborsClassifier",
    "Geodesics",
    "GeometryDiagnosis",
    "Immersion",
    "LatentManifold",
    "Manifold",
    "MetricManifold",
    "RadialPrecision",
    "Stability",
    "TangentPCA",
    "VolumeSamples",
    "as_immersion",
    "diagnose_geometry",
    "frechet_mean",
    "register_map",
    "stability",
    "statistical_map",
]
