"""The geometry of latent space: metric, geodesics, distances, curvature, statistics."""

from __future__ import annotations

from vael.geometry.manifold import Manifold, MetricManifold

__all__ = ["Manifold", "MetricManifold"]
