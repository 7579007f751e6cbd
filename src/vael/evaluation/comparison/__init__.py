"""Models side by side on the same rows, vael's and those of other libraries."""

from __future__ import annotations

from vael.evaluation.comparison.compare import compare
from vael.evaluation.comparison.results import Comparison, Difference, Measure
from vael.evaluation.foreign import ForeignModel

__all__ = ["Comparison", "Difference", "ForeignModel", "Measure", "compare"]
