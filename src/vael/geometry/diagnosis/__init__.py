"""Whether geometry matters in a latent space, and whether distances survive a retraining."""

from __future__ import annotations

from vael.geometry.diagnosis.diagnose import diagnose_geometry
from vael.geometry.diagnosis.precision import in_double
from vael.geometry.diagnosis.records import (
    GeometryDiagnosis,
    GeometryFinding,
    GraphPart,
    Quantity,
    SingularPoint,
)
from vael.geometry.diagnosis.stability import Stability, Variation, stability

__all__ = [
    "GeometryDiagnosis",
    "GeometryFinding",
    "GraphPart",
    "Quantity",
    "SingularPoint",
    "Stability",
    "Variation",
    "diagnose_geometry",
    "in_double",
    "stability",
]
