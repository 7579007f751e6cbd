"""Figures of the geometry: one function each, drawn from a manifold of `vael.geometry`."""

from __future__ import annotations

from vael.plots.geometry.curvature import curvature_map
from vael.plots.geometry.distances import distance_matrices
from vael.plots.geometry.fans import exponential_fan
from vael.plots.geometry.indicatrices import indicatrix_field
from vael.plots.geometry.space import geodesics_3d
from vael.plots.geometry.strips import geodesic_strips
from vael.plots.geometry.volume import volume_map

__all__ = [
    "curvature_map",
    "distance_matrices",
    "exponential_fan",
    "geodesic_strips",
    "geodesics_3d",
    "indicatrix_field",
    "volume_map",
]
