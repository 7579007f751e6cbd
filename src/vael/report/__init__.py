"""Reports: blocks of content, rendered to one self-contained HTML file."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from vael.report.blocks import (
    Block,
    Cell,
    Code,
    Column,
    Drawable,
    Fact,
    Facts,
    Group,
    Heading,
    Measured,
    Notice,
    Picture,
    PointCloud,
    Report,
    Section,
    Table,
    Text,
)
from vael.report.polylines import Polylines
from vael.report.render import render, write

if TYPE_CHECKING:
    from vael.report.compare_page import comparison_report
    from vael.report.comparing import compare_runs
    from vael.report.geometry import measure_geometry, measure_stability
    from vael.report.geometry_page import geometry_report
    from vael.report.measures import measure_run
    from vael.report.records import GeometryMeasures, RunMeasures
    from vael.report.run_page import run_report
    from vael.report.study import case_study

__all__ = [
    "Block",
    "Cell",
    "Code",
    "Column",
    "Drawable",
    "Fact",
    "Facts",
    "GeometryMeasures",
    "Group",
    "Heading",
    "Measured",
    "Notice",
    "Picture",
    "PointCloud",
    "Polylines",
    "Report",
    "RunMeasures",
    "Section",
    "Table",
    "Text",
    "case_study",
    "compare_runs",
    "comparison_report",
    "geometry_report",
    "measure_geometry",
    "measure_run",
    "measure_stability",
    "render",
    "run_report",
    "write",
]

# These need PyTorch, scikit-learn and, but for the measures, matplotlib: loaded when first used.
_HEAVY = {
    "GeometryMeasures": "records",
    "RunMeasures": "records",
    "case_study": "study",
    "compare_runs": "comparing",
    "comparison_report": "compare_page",
    "geometry_report": "geometry_page",
    "measure_geometry": "geometry",
    "measure_run": "measures",
    "measure_stability": "geometry",
    "run_report": "run_page",
}


def __getattr__(name: str) -> Any:
    """Load heavy parts when they are first used."""
    if name in _HEAVY:
        return getattr(import_module(f"vael.report.{_HEAVY[name]}"), name)
    raise AttributeError(f"module 'vael.report' has no attribute {name!r}")
